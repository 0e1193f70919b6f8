"""Whether bfloat16 features are as good as float32 ones: the gate of every trunk that is encoded in bfloat16.

In: both features of the same labelled samples. Out: what a linear probe scores on each, cross-validated, and whether
they differ by more than chance would. The protocol asks for bfloat16, the gate only refuses: a cell that is keyed as
bfloat16 never holds float32 numbers, and never numbers that bfloat16 has spoilt.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from evaluators.data.samples import FloatArray, IntArray
from evaluators.engine.logistic_batch import Problem, solve

#: Labelled samples that the gate looks at, at most: encoding them twice is what it costs.
MOST = 500
_FOLDS = 5
_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Agreement:
    """A linear probe on both features.

    Attributes:
        float32: Its accuracy on float32 features.
        bfloat16: On bfloat16 features.
        samples: Labelled samples that both were scored on.
    """

    float32: float
    bfloat16: float
    samples: int

    @property
    def error(self) -> float:
        """Standard error of the float32 accuracy, as a bootstrap over the samples gives it; at least one sample."""
        spread = math.sqrt(self.float32 * (1 - self.float32) / max(1, self.samples))
        return max(spread, 1 / max(1, self.samples))

    @property
    def holds(self) -> bool:
        """Whether they differ by no more than one standard error."""
        return abs(self.float32 - self.bfloat16) <= self.error * (1 + 1e-9)

    @property
    def facts(self) -> dict[str, float]:
        """As the result store holds it."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"a linear probe scores {100 * self.bfloat16:.1f} on bfloat16 features and {100 * self.float32:.1f} on "
            f"float32 features of {self.samples} samples (standard error {100 * self.error:.1f})"
        )


def agreement_of(facts: Mapping[str, float]) -> Agreement:
    """Read what a result store holds."""
    return Agreement(float(facts["float32"]), float(facts["bfloat16"]), int(facts["samples"]))


def agreement(exact: FloatArray, rough: FloatArray, labels: IntArray, classes: int) -> Agreement:
    """Compare features by a linear probe (C = 1, standardised) in five stratified folds.

    Args:
        exact: (n, width) features in float32.
        rough: (n, width) the same samples' features in bfloat16, as float32.
        labels: (n,) class indices.
        classes: Number of classes of the task.
    """
    place = np.empty(len(labels), dtype=np.int64)
    place[np.argsort(labels, kind="stable")] = np.arange(len(labels))
    folds = [
        (np.flatnonzero(place % _FOLDS != fold), np.flatnonzero(place % _FOLDS == fold))
        for fold in range(_FOLDS)
    ]
    folds = [(fitted, scored) for fitted, scored in folds if len(fitted) and len(scored)]
    problems = [
        Problem(features[fitted], labels[fitted], classes, (1.0,), standardize=True)
        for features in (exact, rough)
        for fitted, _ in folds
    ]
    models = [model for (model,) in solve(problems, tolerance=_TOLERANCE).models]
    right = [
        sum(
            int((model.probabilities(features[scored]).argmax(axis=1) == labels[scored]).sum())
            for model, (_, scored) in zip(own, folds, strict=True)
        )
        for features, own in ((exact, models[: len(folds)]), (rough, models[len(folds) :]))
    ]
    scored = sum(len(part) for _, part in folds)
    return Agreement(right[0] / max(1, scored), right[1] / max(1, scored), scored)
