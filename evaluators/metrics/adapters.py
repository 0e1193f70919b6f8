"""Our metrics as `evaluate.Metric`, for code that speaks that interface (Trainer, `evaluate.combine`).

`evaluate.load(name)` downloads a script and executes it at run time: the number would rest on code that
nobody reviewed. These subclasses are ordinary code of ours and load nothing. They are thin: each passes
`references` (class indices) and `predictions` (one row of class probabilities a sample) to the function of
`classification` that it names. The harness itself calls the functions; only this module imports `evaluate`,
which takes seconds.
"""

from __future__ import annotations

from typing import ClassVar

import datasets
import evaluate
import numpy as np

from evaluators.data.samples import FloatArray, IntArray
from evaluators.metrics.classification import accuracy, expected_calibration_error, macro_f1

_INPUTS = """
Args:
    predictions: m rows of K class probabilities.
    references: m class indices in [0, K).
"""


class ProbabilityMetric(evaluate.Metric):  # type: ignore[misc]  # evaluate has no types
    """A metric over rows of class probabilities. Subclasses name the result and its function."""

    key: ClassVar[str]

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description=type(self).__doc__ or "",
            citation="",
            inputs_description=_INPUTS,
            features=datasets.Features(
                {
                    "predictions": datasets.Sequence(datasets.Value("float32")),
                    "references": datasets.Value("int64"),
                }
            ),
        )

    def _compute(self, predictions: object, references: object) -> dict[str, float]:
        labels = np.asarray(references, dtype=np.int64)
        return {self.key: self._score(labels, np.asarray(predictions, dtype=np.float32))}

    def _score(self, labels: IntArray, probabilities: FloatArray) -> float:
        raise NotImplementedError


class AccuracyMetric(ProbabilityMetric):
    """Share of samples whose most probable class is the true one."""

    key = "accuracy"

    def _score(self, labels: IntArray, probabilities: FloatArray) -> float:
        return accuracy(labels, probabilities)


class MacroF1Metric(ProbabilityMetric):
    """Mean F1 over the classes that occur in the labels or the predictions."""

    key = "macro_f1"

    def _score(self, labels: IntArray, probabilities: FloatArray) -> float:
        return macro_f1(labels, probabilities)


class CalibrationErrorMetric(ProbabilityMetric):
    """Expected calibration error over 15 bins of equal mass."""

    key = "ece"

    def _score(self, labels: IntArray, probabilities: FloatArray) -> float:
        return expected_calibration_error(labels, probabilities)
