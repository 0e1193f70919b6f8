"""Arms: one strategy on one candidate and task at one train size, with all its runs.

In: scored cells. Out: a table of arms that comparisons, summaries and diagnostics look up. Runs are paired by
index: run i of every arm has draw i and seed i. Order is by key, never by arrival, so equal cells give equal
findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from evaluators.data.samples import IntArray
from evaluators.findings.measurements import VALIDATION, Groups
from evaluators.findings.scoring import BoolArray, ItemAnswers, ScoredCell
from evaluators.statistics.item_values import Vector, item_values


class ArmKey(NamedTuple):
    """What an arm is."""

    task: str
    candidate: str
    strategy: str
    labels_per_class: int


@dataclass(frozen=True, eq=False)
class Arm:
    """The runs of one strategy at one size.

    Attributes:
        key: What it is.
        labels: Train size in all.
        cells: Its cells by run index, scored or not.
        groups: Set -> (m,) which samples belong together; no set whose samples stand for themselves.
    """

    key: ArmKey
    labels: int
    cells: Mapping[int, ScoredCell]
    groups: Mapping[str, IntArray] = field(default_factory=dict)

    def values(self, set_name: str, metric: str) -> dict[int, float]:
        """Return a metric by run index, for the runs that have it."""
        found = {run: cell.value(set_name, metric) for run, cell in self.cells.items()}
        return {run: value for run, value in found.items() if value is not None}

    def judged(self, set_name: str, metric: str) -> str:
        """Return the set that the arm is judged on: the given one where it was scored there, else validation.

        A final evaluation opens the locked test for the arms that its decision needs, and for no other.
        """
        return set_name if self.values(set_name, metric) else VALIDATION

    def train_values(self) -> dict[int, float]:
        """Return the task's metric on the training labels by run index."""
        found = {run: cell.finding.train_metric for run, cell in self.cells.items()}
        return {run: value for run, value in found.items() if value is not None}

    def correct(self, set_name: str) -> dict[int, BoolArray]:
        """Return (m,) right or wrong by run index."""
        return {run: cell.correct[set_name] for run, cell in self.cells.items() if set_name in cell.correct}

    def item_values(self, set_name: str, metric: str) -> dict[int, Vector]:
        """Return (m,) what each item gives to a metric, by run index; their mean is the metric (`item_values`)."""
        return {
            run: item_values(said.labels, said.predicted, metric)
            for run, said in self.answers(set_name).items()
        }

    def answers(self, set_name: str) -> dict[int, ItemAnswers]:
        """Return what each run answers on a set of known labels, by run index."""
        return {run: cell.answers[set_name] for run, cell in self.cells.items() if set_name in cell.answers}

    @property
    def answered_sets(self) -> tuple[str, ...]:
        """Names of the sets of known labels that any run was scored on."""
        return tuple(dict.fromkeys(name for cell in self.cells.values() for name in cell.answers))

    @property
    def failed(self) -> int:
        """Runs that failed."""
        return sum(cell.finding.status == "failed" for cell in self.cells.values())


@dataclass(frozen=True, eq=False)
class ArmTable:
    """All arms of an evaluation, in key order."""

    arms: Mapping[ArmKey, Arm]

    def get(self, task: str, candidate: str, strategy: str, labels_per_class: int) -> Arm | None:
        """Return one arm, or None if it was not planned."""
        return self.arms.get(ArmKey(task, candidate, strategy, labels_per_class))

    def common_set(self, task: str, set_name: str, metric: str) -> str:
        """Return the set on which all arms of a task can be compared: the given one, or validation."""
        rows = [arm for key, arm in self.arms.items() if key.task == task and arm.values(VALIDATION, metric)]
        return set_name if all(arm.values(set_name, metric) for arm in rows) else VALIDATION

    def sizes(self, task: str) -> tuple[int, ...]:
        """Return the train sizes a class of a task, smallest first."""
        return tuple(sorted({key.labels_per_class for key in self.arms if key.task == task}))

    def strategies(self, task: str, candidate: str) -> tuple[str, ...]:
        """Return the strategies of a candidate on a task, by name; of the data alone for ""."""
        return tuple(
            dict.fromkeys(
                key.strategy for key in self.arms if key.task == task and key.candidate == candidate
            )
        )

    def first_runs(self, runs: int) -> ArmTable:
        """Return the arms with the first so many runs alone: what a sequence of looks is about is chosen on these."""
        kept = {
            key: replace(arm, cells={run: cell for run, cell in arm.cells.items() if run < runs})
            for key, arm in self.arms.items()
        }
        return ArmTable({key: arm for key, arm in kept.items() if arm.cells})


def build_arms(cells: Iterable[ScoredCell], groups: Groups | None = None) -> ArmTable:
    """Group cells into arms.

    Args:
        cells: In any order. The same cell may come twice (an incumbent that is also a candidate).
        groups: Which samples belong together; None: all stand for themselves.

    Raises:
        ValueError: If two different cells are the same run of one arm: the evaluation mixed two plans.
    """
    grouped: dict[ArmKey, dict[int, ScoredCell]] = {}
    for cell in cells:
        row = cell.finding
        key = ArmKey(row.task, row.candidate, row.strategy, row.labels_per_class)
        known = grouped.setdefault(key, {}).setdefault(row.run, cell)
        if known.finding.key != row.key:
            raise ValueError(
                f"run {row.run} of {key} was measured in two ways: {known.finding.key}, {row.key}"
            )
    return ArmTable({key: _arm(key, grouped[key], groups or {}) for key in sorted(grouped)})


def _arm(key: ArmKey, cells: Mapping[int, ScoredCell], groups: Groups) -> Arm:
    ordered = {run: cells[run] for run in sorted(cells)}
    own = {name: numbers for (task, name), numbers in groups.items() if task == key.task}
    return Arm(key, next(iter(ordered.values())).finding.labels, ordered, own)
