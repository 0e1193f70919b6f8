"""Zero-shot: a text belongs to the label whose name it resembles. Uses no label of the draw and trains nothing.

In: a job with the features of the labels' names, from the same base. Out: a classifier over features.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from evaluators.data.samples import FloatArray
from evaluators.engine.heads import features_of
from evaluators.engine.job import FitJob, Inputs
from evaluators.engine.neighbours import unit
from evaluators.engine.records import Record, write_record


@dataclass(frozen=True, eq=False)
class ZeroShot:
    """Softmax of the cosines with the labels' names.

    Attributes:
        labels: (classes, width) float32, unit rows.
        temperature: Divides the cosines.
    """

    labels: FloatArray
    temperature: float
    trained_parameters: int = 0
    steps: int = 0
    converged: bool = True

    def predict(self, inputs: Inputs) -> FloatArray:
        """Return class probabilities, (m, classes) float32."""
        cosines = (unit(features_of(inputs)) @ self.labels.T).astype(np.float64)
        powers = np.exp((cosines - cosines.max(axis=1, keepdims=True)) / self.temperature)
        return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write the features of the labels' names."""
        facts = {"temperature": self.temperature}
        write_record(folder, Record("zero-shot", facts, {"labels": torch.from_numpy(self.labels)}))


def fit_zero_shot(job: FitJob) -> ZeroShot:
    """Keep the features of the labels' names.

    Settings: `template` (how a name becomes a text; the caller has encoded it) and `temperature`.

    Raises:
        ValueError: If the job has no features of the labels' names.
    """
    if job.label_features is None:
        raise ValueError("this strategy compares with the labels' names, and the job has no features of them")
    return ZeroShot(unit(job.label_features), float(job.settings["temperature"]))


def zero_shot_from(record: Record) -> ZeroShot:
    """Return the classifier that a record of kind `zero-shot` was taken from."""
    return ZeroShot(record.tensors["labels"].numpy(), float(record.facts["temperature"]))
