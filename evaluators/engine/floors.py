"""The floors of an adapted model: what the same labels give without any base.

In: a task's data. Out: for each baseline that depends on the data alone, what it predicts for the locked test. Trained
on the labels that `hub adapt --task` trains on, with the settings of the table; nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evaluators.canonical import digest_of
from evaluators.data.samples import IntArray
from evaluators.data.task_data import TaskData
from evaluators.engine.fit import fit
from evaluators.engine.job import Inputs, plain_job
from evaluators.strategy import STRATEGIES, Strategy


@dataclass(frozen=True, eq=False)
class Floor:
    """A trained baseline's answers.

    Attributes:
        row: The baseline.
        digest: Identity of strategy, settings and data.
        predicted: (n,) classes for the locked test.
    """

    row: Strategy
    digest: str
    predicted: IntArray


def floors(data: TaskData) -> Iterator[Floor]:
    """Yield every baseline on the data alone, trained on train and validation together."""
    training, test = data.development, data.samples("test")
    for row in STRATEGIES:
        if not row.is_baseline or row.subject != "nothing" or data.modality not in row.modalities:
            continue
        settings = row.defaults_for(data.modality)
        job = plain_job(Inputs(samples=training.samples), training.labels, len(data.labels), settings)
        predicted = fit(row, job).predict(Inputs(samples=test)).argmax(axis=1)
        identity = [row.id, row.version, settings, data.splits_digest, "train+validation"]
        yield Floor(row, digest_of(identity), predicted)
