"""The scores of a leaderboard's row as MLflow holds them, and how rows of several evaluations become one.

In: a row, or what was read of a logged model. Out: frozen scores. Pure. A score is known by its metric and its dataset
(task, set and number of labels; digest of the data); of two evaluations the newer counts, in whatever order they are
logged, so that merging is idempotent and ends the same way round.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from evaluators.wording import ladder_position
from hub.board import DECIMALS
from hub.tracking.leaderboard import Row

#: What MLflow keeps of a dataset's digest.
DIGEST_LENGTH = 36


@dataclass(frozen=True)
class RowScore:
    """A mean on one set at one size.

    Attributes:
        metric: `accuracy`, `ece`, ...
        dataset: Its name: `help-desk test, 8 a class`. MLflow sorts by a metric on a dataset, so two sizes are two.
        digest: Of the task's data, as MLflow keeps it.
        size: Labels a class.
        value: To the decimals that `hub leaderboard` orders by.
        text: The value with its 95 % interval, for which MLflow's metrics have no room.
        created: When it was measured, in seconds since 1970.
    """

    metric: str
    dataset: str
    digest: str
    size: int
    value: float
    text: str
    created: int

    @property
    def param(self) -> str:
        """Name of the parameter that carries the interval."""
        return f"{self.metric} on {self.dataset}"[:250]


def dataset_name(task: str, set_name: str, size: int) -> str:
    """Return how MLflow knows a set at a size."""
    return f"{task} {set_name}, {size} a class"


def scores_of(row: Row, created: str) -> tuple[RowScore, ...]:
    """Return every score of a row; `created` is ISO 8601."""
    at = int(dt.datetime.fromisoformat(created).timestamp())
    found = []
    for summary in row.summaries:
        low, high, value = summary.estimate.low, summary.estimate.high, summary.estimate.value
        interval = f" [{low:.4f}, {high:.4f}]" if low is not None and high is not None else ""
        found.append(
            RowScore(
                summary.metric,
                dataset_name(row.task.id, summary.set, summary.labels_per_class),
                row.task.digest[:DIGEST_LENGTH],
                summary.labels_per_class,
                round(value, DECIMALS),
                f"{value:.4f}{interval}",
                at,
            )
        )
    return tuple(found)


def merged(*several: Iterable[RowScore]) -> tuple[RowScore, ...]:
    """Return each score once, the newest of it; of equally new ones, the one that is named first."""
    newest: dict[tuple[str, str, str], RowScore] = {}
    for scores in several:
        for score in scores:
            known = newest.get(_key(score))
            if known is None or score.created > known.created:
                newest[_key(score)] = score
    return tuple(newest[key] for key in sorted(newest))


def covers(kept: Iterable[RowScore], other: Iterable[RowScore]) -> bool:
    """Whether nothing is lost if only the first is kept: it has every score of the other, as new or newer."""
    have = {_key(score): score.created for score in kept}
    return all(have.get(_key(score), -1) >= score.created for score in other)


def best_first(rows: Iterable[tuple[Row, tuple[RowScore, ...]]]) -> list[tuple[Row, tuple[RowScore, ...]]]:
    """Return rows task by task in the order of `hub leaderboard`.

    On the locked test where it was opened, at the largest size; what was not scored there comes after, by validation.
    """
    listed = list(rows)
    sizes: dict[str, int] = {}
    for row, _ in listed:
        for summary in row.summaries:
            name = f"{row.task.id} {summary.set}"
            sizes[name] = max(sizes.get(name, 0), summary.labels_per_class)

    def place(pair: tuple[Row, tuple[RowScore, ...]]) -> tuple[object, ...]:
        row, scores = pair
        values = {score.dataset: score.value for score in scores if score.metric == row.task.metric}
        means = [
            -values.get(dataset_name(row.task.id, name, sizes.get(f"{row.task.id} {name}", 0)), -1.0)
            for name in ("test", "validation")
        ]
        return (row.task.id, *means, ladder_position(row.strategy), row.base)

    return sorted(listed, key=place)


def timestamps(scores: Iterable[RowScore]) -> Mapping[str, int]:
    """Return what is added to a dataset's time, in ms: MLflow tells values apart by time and step, not by dataset."""
    return {name: number for number, name in enumerate(sorted({score.dataset for score in scores}))}


def _key(score: RowScore) -> tuple[str, str, str]:
    return score.dataset, score.metric, score.digest
