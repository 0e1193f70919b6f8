"""The linear probe: logistic regressions on frozen features, any number of them in one solve.

In: jobs with features (n, width) float32. Out: classifiers over features. Nothing here sees raw inputs or a backbone,
so all heads share one encoding pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evaluators.data.draws import held_out
from evaluators.data.samples import FloatArray, IntArray
from evaluators.engine.job import FitJob, Inputs, OneByOne
from evaluators.engine.linear import Linear, LinearModel, linear_from
from evaluators.engine.logistic_batch import Problem, solve
from evaluators.engine.records import Record, write_record

#: What `held-out` chooses from.
C_GRID = tuple(float(c) for c in np.logspace(-3, 3, 13))
#: Tolerance of the regressions of a grid, which are compared and thrown away.
_CHOOSING = 1e-6


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


@dataclass(frozen=True, eq=False)
class ProbesTogether:
    """Regressions of one solve, which took the time of none alone; they predict one by one.

    Attributes:
        members: The regressions, in the order of the jobs.
    """

    members: Sequence[Probe]

    def predict(self, inputs: Sequence[Inputs]) -> list[FloatArray]:
        """Return what each predicts for its own inputs."""
        return OneByOne(self.members).predict(inputs)


def fit_linear_probe(job: FitJob) -> Probe:
    """Fit a logistic regression on frozen features.

    Settings: `C`, `max_iter`, `standardize`; `random_state` is read by nothing, the optimum is one. MTEB's probe is
    {"C": 1.0, "max_iter": 100, "standardize": False, "random_state": 42}. With selection `held-out`, `C` is chosen
    on a stratified fifth of the labels by log-likelihood, then the regression is fitted on all of them.
    """
    return _fit([job])[0]


def fit_linear_probes(jobs: Sequence[FitJob]) -> ProbesTogether:
    """Fit several, each as `fit_linear_probe` would, to the same bits: one solve for all grids, one for all probes."""
    return ProbesTogether(_fit(jobs))


def features_of(inputs: Inputs) -> FloatArray:
    """Return the features of inputs.

    Raises:
        ValueError: If there are none.
    """
    if inputs.features is None:
        raise ValueError("this head reads features, and the inputs have none")
    return inputs.features


def _fit(jobs: Sequence[FitJob]) -> list[Probe]:
    chosen = _chosen(jobs)
    problems = [_problem(job, np.arange(len(job.labels)), (c,)) for job, c in zip(jobs, chosen, strict=True)]
    solved = solve(problems, max_iter=int(jobs[0].settings["max_iter"]))
    return [Probe(models[0], c) for models, c in zip(solved.models, chosen, strict=True)]


def _chosen(jobs: Sequence[FitJob]) -> list[float]:
    """Return each job's C: the setting, or with `held-out` the best of the grid where a label can be spared."""
    chosen = [float(job.settings["C"]) for job in jobs]
    parts = {
        index: held_out(job.labels, job.seed) for index, job in enumerate(jobs) if job.selection == "held-out"
    }
    parts = {index: part for index, part in parts.items() if len(part[1])}
    problems = [_problem(jobs[index], rest, C_GRID) for index, (rest, _) in parts.items()]
    solved = solve(problems, max_iter=int(jobs[0].settings["max_iter"]), tolerance=_CHOOSING)
    for (index, (_, aside)), models in zip(parts.items(), solved.models, strict=True):
        features, labels = features_of(jobs[index].inputs)[aside], jobs[index].labels[aside]
        scores = [model.log_likelihood(features, labels) for model in models]
        chosen[index] = C_GRID[int(np.argmax(scores))]
    return chosen


def _problem(job: FitJob, rows: IntArray, cs: tuple[float, ...]) -> Problem:
    features = features_of(job.inputs)[rows]
    standardize = bool(job.settings.get("standardize", False))
    return Problem(features, job.labels[rows], job.classes, cs, standardize)


def probe_from(record: Record) -> Probe:
    """Return the classifier that a record of kind `probe` was taken from."""
    return Probe(linear_from(record.facts, record.tensors), float(record.facts["C"]))
