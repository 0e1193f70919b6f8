"""Head2Toe: a linear head on the few intermediate features that a group lasso chooses (Evci et al. 2022).

In: a job with the pooled outputs of all blocks side by side, (n, widths). Out: a classifier over the same. What the
upper layers of a base have thrown away is still in the lower ones, so a task far from pre-training gains.
Deterministic: the lasso is solved by proximal gradients from zero, and nothing is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from evaluators.data.draws import held_out
from evaluators.data.samples import FloatArray, IntArray
from evaluators.engine.heads import features_of
from evaluators.engine.job import FitJob, Inputs
from evaluators.engine.linear import (
    Linear,
    LinearModel,
    Logistic,
    fit_logistic,
    linear_from,
    logistic_settings,
    moments,
)
from evaluators.engine.records import Record, write_record

#: What `held-out` chooses from; 1 keeps every column.
KEEP_GRID = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True, eq=False)
class Head2Toe(Linear):
    """A logistic regression on chosen columns.

    Attributes:
        columns: (kept,) int64, rising.
        model: The regression on them.
        keep: Share of the columns that was kept, given or chosen.
    """

    columns: IntArray
    model: LinearModel
    keep: float

    def predict(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities, (m, classes) float32."""
        return self.model.probabilities(features_of(inputs)[:, self.columns])

    def save(self, folder: Path) -> None:
        """Write the columns and the coefficients."""
        tensors = {"columns": torch.from_numpy(self.columns), **self.model.tensors()}
        write_record(folder, Record("head2toe", {"keep": self.keep, **self.model.facts()}, tensors))


def fit_head2toe(job: FitJob) -> Head2Toe:
    """Choose columns by the group lasso, then fit a logistic regression on them.

    Settings: `keep_fraction` of the columns; `group_penalty` of the lasso as a share of the penalty that makes all
    weights 0, and its `group_steps`; `C`, `max_iter` and `standardize` of the regression, as of the linear probe.
    With selection `held-out` the fraction is chosen on a stratified fifth of the labels by log-likelihood.
    """
    features = features_of(job.inputs)
    how = logistic_settings(job.settings, job.seed)
    keep = float(job.settings["keep_fraction"])
    if job.selection == "held-out":
        keep = _choose_keep(features, job, how, keep)
    ranking = _ranking(features, job.labels, job)
    columns = _kept(ranking, keep)
    return Head2Toe(columns, _head(features, job.labels, columns, job.classes, how), keep)


def head2toe_from(record: Record) -> Head2Toe:
    """Return the classifier that a record of kind `head2toe` was taken from."""
    columns = record.tensors["columns"].numpy()
    return Head2Toe(columns, linear_from(record.facts, record.tensors), float(record.facts["keep"]))


def relevance(
    features: FloatArray, labels: IntArray, *, classes: int, penalty: float, steps: int
) -> NDArray[np.float32]:
    """Return how much a linear head needs each column: the norm of its row of weights under a group lasso.

    Minimises the mean cross-entropy on standardised columns plus a multiple of the sum of the rows' norms, by
    accelerated proximal gradients (FISTA) from zero.

    Args:
        features: (n, width).
        labels: (n,) class indices.
        classes: Number of classes.
        penalty: Share, 0 to 1, of the smallest multiple at which every row is zero.
        steps: Gradient steps.

    Returns:
        (width,) float32; 0 for columns that are not needed.
    """
    mean, scale = moments(features)
    rows = torch.from_numpy((features - mean) / scale)
    targets = torch.nn.functional.one_hot(torch.from_numpy(labels), classes).float()
    count = len(labels)
    gradient = rows.T @ (targets.mean(dim=0, keepdim=True) - targets) / count
    strength = penalty * float(gradient.norm(dim=1).max())
    # The cross-entropy's curvature is at most half of the features' own.
    step = 1.0 / (0.5 * _largest_eigenvalue(rows) / count + 1e-12)
    weights = ahead = torch.zeros_like(gradient)
    # The shares of the classes are its best value where all weights are 0, and columns have mean 0.
    bias = torch.log(targets.mean(dim=0) + 1e-6)
    momentum = 1.0
    for _ in range(steps):
        slope = rows.T @ (torch.softmax(rows @ ahead + bias, dim=1) - targets) / count
        moved = ahead - step * slope
        norms = moved.norm(dim=1, keepdim=True)
        shrunk = moved * torch.clamp(1.0 - step * strength / torch.clamp(norms, min=1e-12), min=0.0)
        following = 0.5 * (1.0 + (1.0 + 4.0 * momentum**2) ** 0.5)
        ahead = shrunk + (momentum - 1.0) / following * (shrunk - weights)
        weights, momentum = shrunk, following
    return np.asarray(weights.norm(dim=1).numpy())


def _largest_eigenvalue(rows: torch.Tensor) -> float:
    """Return the largest eigenvalue of rows.T @ rows, from the smaller of both products."""
    gram = rows @ rows.T if rows.shape[0] <= rows.shape[1] else rows.T @ rows
    vector = torch.ones(len(gram)) / len(gram) ** 0.5
    for _ in range(30):
        vector = gram @ vector
        vector = vector / torch.clamp(vector.norm(), min=1e-12)
    # The power iteration comes from below.
    return 1.05 * float((gram @ vector).norm())


def _ranking(features: FloatArray, labels: IntArray, job: FitJob) -> IntArray:
    """Return all columns, the most relevant first; of equal ones the later, which is the higher layer's."""
    scores = relevance(
        features,
        labels,
        classes=job.classes,
        penalty=float(job.settings["group_penalty"]),
        steps=int(job.settings["group_steps"]),
    )
    # Columns that the lasso has no use for tie at 0: the upper layers' come first.
    return np.lexsort((-np.arange(len(scores)), -scores)).astype(np.int64)


def _kept(ranking: IntArray, keep: float) -> IntArray:
    return np.sort(ranking[: max(1, round(keep * len(ranking)))])


def _head(
    features: FloatArray, labels: IntArray, columns: IntArray, classes: int, how: Logistic
) -> LinearModel:
    return fit_logistic(np.ascontiguousarray(features[:, columns]), labels, classes=classes, how=how)


def _choose_keep(features: FloatArray, job: FitJob, how: Logistic, given: float) -> float:
    """Return the fraction with the best held-out log-likelihood; the given one where no label can be spared."""
    rest, aside = held_out(job.labels, job.seed)
    if not len(aside):
        return given
    ranking = _ranking(features[rest], job.labels[rest], job)
    scores = []
    for keep in KEEP_GRID:
        columns = _kept(ranking, keep)
        model = _head(features[rest], job.labels[rest], columns, job.classes, how)
        scores.append(model.log_likelihood(features[aside][:, columns], job.labels[aside]))
    return KEEP_GRID[int(np.argmax(scores))]
