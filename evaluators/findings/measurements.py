"""What the result store holds of an evaluation, as values: the input of `gather_findings`.

A measurement is a cell with its predictions, or with the reason why there are none. It is read once and may
be dropped after; the runner can yield measurements one by one. Predictions are probabilities, not labels, so
that every metric can be computed again from what is stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from evaluators.cell import Cell, FitCost
from evaluators.data.samples import FloatArray, IntArray
from evaluators.drift_evidence import CellDrift
from evaluators.facts import CandidateFacts, TaskFacts
from evaluators.looks import Looks
from evaluators.observations import Environment
from evaluators.protocol import Protocol
from evaluators.statistics.item_values import Vector

VALIDATION, TEST = "validation", "test"

Truths = Mapping[tuple[str, str], IntArray]
"""(task id, set name) -> (m,) class indices; -1 throughout for an out-of-scope set."""


Groups = Mapping[tuple[str, str], IntArray]
"""(task id, set name) -> (m,) which samples belong together; no set whose samples stand for themselves."""


@dataclass(frozen=True, eq=False)
class CellMeasurement:
    """One cell as it was measured, or why it was not.

    A from-scratch cell that two candidates share (one architecture, one key) is given once for each, with its
    name.

    Attributes:
        cell: Its identity; `cell.candidate` is the name of a `CandidateFacts`, or "" for a baseline on data
            alone.
        status: What came of it.
        reason: Why it failed or was skipped.
        probabilities: Set name -> (m, K) float32, rows in the order of the set. No set that was not opened.
        digests: Set name -> sha256 of the stored predictions.
        train_probabilities: (n, K) on the cell's own training labels, in evaluation mode.
        train_labels: (n,) those labels.
        cost: What the fit cost when it was computed.
        environment: What computed it; None if nothing was.
        drift: What adapting changed in the base; None where that was not asked.
        forgotten: (m,) what was lost of each sample of the probe, their mean is what was forgotten; None likewise.
    """

    cell: Cell
    status: Literal["scored", "failed", "skipped"]
    reason: str | None = None
    probabilities: Mapping[str, FloatArray] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    train_probabilities: FloatArray | None = None
    train_labels: IntArray | None = None
    cost: FitCost = field(default_factory=FitCost)
    environment: Environment | None = None
    drift: CellDrift | None = None
    forgotten: Vector | None = None

    def __post_init__(self) -> None:
        if self.status == "scored" and set(self.probabilities) != set(self.digests):
            raise ValueError(f"cell {self.cell.key}: every set needs probabilities and their digest")
        if self.status != "scored" and (self.reason is None or self.probabilities):
            raise ValueError(f"cell {self.cell.key}: {self.status} needs a reason and has no predictions")


@dataclass(frozen=True)
class Encoded:
    """What encoding a task's samples with a candidate cost on one machine, each sample once.

    Attributes:
        task: Id of the task.
        candidate: Name of the candidate.
        samples: Samples whose encoding was timed.
        seconds: What they took together.
        environment: What computed them.
    """

    task: str
    candidate: str
    samples: int
    seconds: float
    environment: Environment


@dataclass(frozen=True)
class Design:
    """What the measurements were of.

    Attributes:
        tasks: The tasks; cells name them by id.
        candidates: The candidates and incumbents; cells name them by name, so one name stands for one
            subject.
        protocol: How it was measured.
        plan_digest: Identity of the plan.
        final: Whether the locked tests were opened.
        looks: Which look of a sequence it is; None where there is one look.
    """

    tasks: tuple[TaskFacts, ...]
    candidates: tuple[CandidateFacts, ...]
    protocol: Protocol
    plan_digest: str
    final: bool
    looks: Looks | None = None

    def __post_init__(self) -> None:
        subjects: dict[str, str] = {}
        for facts in self.candidates:
            if subjects.setdefault(facts.name, facts.subject) != facts.subject:
                raise ValueError(
                    f"two different candidates are called {facts.name}: rename one, e.g. {facts.name}-v1"
                )

    @property
    def judged_set(self) -> str:
        """The set that claims rest on: the locked test of a final evaluation, else validation."""
        return TEST if self.final else VALIDATION

    def task(self, task_id: str) -> TaskFacts:
        """Return the facts of a task."""
        return next(task for task in self.tasks if task.id == task_id)
