"""Heads on frozen features: k nearest neighbours and the linear probe.

In: a job with features (n, width) float32. Out: a classifier over features. Nothing here sees raw inputs or a
backbone, so all heads share one encoding pass.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from evaluators.draws import held_out
from evaluators.engine.job import FitJob, Inputs
from evaluators.engine.linear import (
    Linear,
    LinearModel,
    Logistic,
    fit_logistic,
    linear_from,
    logistic_settings,
)
from evaluators.engine.records import Record, write_record
from evaluators.samples import FloatArray, IntArray

#: Sharpness of the neighbours' vote, as in DINO's k-NN protocol (Caron et al. 2021).
TEMPERATURE = 0.07

#: What `held-out` chooses from.
C_GRID = tuple(float(c) for c in np.logspace(-3, 3, 13))


class Neighbours:
    """k nearest neighbours by cosine; a neighbour's vote weighs exp(similarity / 0.07).

    Attributes:
        trained_parameters: 0.
        steps: 0.
        converged: True.
    """

    trained_parameters = 0
    steps = 0
    converged = True

    def __init__(self, reference: FloatArray, labels: IntArray, *, classes: int, k: int) -> None:
        self._reference = reference
        self._labels = labels
        self._classes = classes
        self._k = k

    def predict(self, inputs: Inputs) -> FloatArray:
        """Return the classes' shares of the vote, (m, classes); of equal neighbours the earlier row counts."""
        similarity = (unit(features_of(inputs)) @ self._reference.T).astype(np.float64)
        nearest = np.argsort(-similarity, axis=1, kind="stable")[:, : self._k]
        close = np.take_along_axis(similarity, nearest, axis=1)
        votes = np.exp((close - close[:, :1]) / TEMPERATURE)
        shares = np.zeros((len(similarity), self._classes))
        np.add.at(shares, (np.arange(len(similarity))[:, None], self._labels[nearest]), votes)
        return np.asarray(shares / shares.sum(axis=1, keepdims=True), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write the labelled features and k."""
        tensors = {"reference": torch.from_numpy(self._reference), "labels": torch.from_numpy(self._labels)}
        write_record(folder, Record("neighbours", {"k": self._k}, tensors))


@dataclass(frozen=True, eq=False)
class Probe(Linear):
    """A logistic regression on frozen features.

    Attributes:
        model: The regression.
        c: Its inverse penalty, given or chosen.
    """

    model: LinearModel
    c: float

    def predict(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities, (m, classes) float32."""
        return self.model.probabilities(features_of(inputs))

    def save(self, folder: Path) -> None:
        """Write the coefficients."""
        write_record(folder, Record("probe", {"C": self.c, **self.model.facts()}, self.model.tensors()))


def fit_knn(job: FitJob) -> Neighbours:
    """Keep the labelled features; `k` is a setting, at most the labels there are."""
    k = min(int(job.settings["k"]), len(job.labels))
    return Neighbours(unit(features_of(job.inputs)), job.labels, classes=job.classes, k=k)


def fit_linear_probe(job: FitJob) -> Probe:
    """Fit a logistic regression on frozen features.

    Settings: `C`, `max_iter`, `standardize`, and optionally `random_state` (else the job's seed). MTEB's probe is
    {"C": 1.0, "max_iter": 100, "standardize": False, "random_state": 42}. With selection `held-out`, `C` is chosen
    on a stratified fifth of the labels by log-likelihood, then the regression is fitted on all of them.
    """
    features = features_of(job.inputs)
    how = logistic_settings(job.settings, job.seed)
    if job.selection == "held-out":
        how = replace(how, c=_choose_c(features, job, how))
    return Probe(fit_logistic(features, job.labels, classes=job.classes, how=how), how.c)


def features_of(inputs: Inputs) -> FloatArray:
    """Return the features of inputs.

    Raises:
        ValueError: If there are none.
    """
    if inputs.features is None:
        raise ValueError("this head reads features, and the inputs have none")
    return inputs.features


def _choose_c(features: FloatArray, job: FitJob, how: Logistic) -> float:
    """Return the C with the best held-out log-likelihood; `how.c` where no label can be spared."""
    rest, aside = held_out(job.labels, job.seed)
    if not len(aside):
        return how.c
    scores = []
    for c in C_GRID:
        model = fit_logistic(features[rest], job.labels[rest], classes=job.classes, how=replace(how, c=c))
        scores.append(model.log_likelihood(features[aside], job.labels[aside]))
    return C_GRID[int(np.argmax(scores))]


def unit(features: FloatArray) -> FloatArray:
    """Return rows of norm 1; a row of zeros stays one."""
    norms = np.linalg.norm(features, axis=1, keepdims=True)
    return np.asarray(features / np.maximum(norms, 1e-12), dtype=np.float32)


def neighbours_from(record: Record, classes: int) -> Neighbours:
    """Return the classifier that a record of kind `neighbours` was taken from."""
    reference, labels = record.tensors["reference"].numpy(), record.tensors["labels"].numpy()
    return Neighbours(reference, labels, classes=classes, k=int(record.facts["k"]))


def probe_from(record: Record) -> Probe:
    """Return the classifier that a record of kind `probe` was taken from."""
    return Probe(linear_from(record.facts, record.tensors), float(record.facts["C"]))
