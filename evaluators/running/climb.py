"""Climbing while a plan runs: after each tier the stored validation predictions say whether the next one is tried.

In: a plan, its loaded tasks, the store, and how cells ended up to now. Out: which cells are not tried, and why.
It reads no locked test, and follows from what is stored: a rerun, a run that goes on after a kill, and a store that
holds more than was climbed all end on the same rung. A budget of time is the exception, and its reason says so.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from evaluators.cell import CellResult, Failed, Scored, Skipped
from evaluators.data.task_data import TaskData
from evaluators.facts import TaskFacts
from evaluators.findings.arms import ArmTable, build_arms
from evaluators.findings.collect import facts_of_task
from evaluators.findings.measurements import VALIDATION, CellMeasurement
from evaluators.findings.rungs import CLIMBED, climb, refusal
from evaluators.findings.scoring import ScoredCell, score_cell
from evaluators.ladder.row import Tier
from evaluators.passes import Pass
from evaluators.plan import Plan, PlannedCell
from evaluators.results import ResultStore
from evaluators.strategy import strategy
from evaluators.trail import Climb
from evaluators.wording import duration

Ended = Mapping[tuple[str, str], CellResult]
"""How cells ended, by (cell key, candidate)."""


@dataclass(frozen=True)
class Budget:
    """How long a climb may take.

    Attributes:
        seconds: In all.
        estimates: Tier -> seconds that its cells are expected to take, where any are left to compute.
        started: When it began, of the monotonic clock.
    """

    seconds: float
    estimates: Mapping[Tier, float]
    started: float = field(default_factory=time.monotonic)

    def refusal(self, tier: Tier) -> str | None:
        """Return why a tier is not begun; None if it fits into what is left."""
        needs, left = self.estimates.get(tier, 0.0), self.seconds - (time.monotonic() - self.started)
        if needs <= left or not needs:
            return None
        return (
            f"not climbed to {tier.value}: it takes about {duration(needs)}, and of the budget of "
            f"{duration(self.seconds)} {duration(max(0.0, left))} is left"
        )


class Climber:
    """Decides, between tiers, what of a plan is tried."""

    def __init__(
        self, plan: Plan, data: Mapping[str, TaskData], results: ResultStore, budget: Budget | None = None
    ) -> None:
        """Take a plan; only what its protocol says is climbed, and a budget holds whatever it says."""
        self._plan, self._results, self._budget = plan, results, budget
        self._tasks = {task.id: facts_of_task(task, data[task.id]) for task in plan.request.tasks}
        self._labels = {name: data[name].open(VALIDATION, None).labels for name in self._tasks}
        of_tasks = {(name, VALIDATION): data[name].groups(VALIDATION) for name in self._tasks}
        self._groups = {key: groups for key, groups in of_tasks.items() if groups is not None}
        self._scored: dict[tuple[str, str], ScoredCell] = {}
        self._climbs: dict[tuple[str, str], Climb] = {}

    def rounds(self, passes: Sequence[Pass]) -> Iterator[tuple[Tier, list[Pass]]]:
        """Yield the passes of each tier, in their order; what trains from scratch comes last: no rung waits for it."""
        by_tier: dict[Tier, list[Pass]] = {tier: [] for tier in (Tier.BASELINE, *CLIMBED)}
        last: list[Pass] = []
        for one in passes:
            row = strategy(self._plan.cells[one.cells[0]].cell.strategy)
            alone = row.is_baseline and row.subject == "nothing"
            (by_tier[row.tier] if alone or not row.is_baseline else last).append(one)
        yield from by_tier.items()
        yield Tier.BASELINE, last

    def refuse(self, tier: Tier, ended: Ended) -> Mapping[tuple[str, str], str]:
        """Return which cells of a tier are not tried, with the reason, now that lighter ones ended.

        Args:
            tier: The next one; baselines are always tried.
            ended: How cells ended up to now.
        """
        if tier is Tier.BASELINE:
            return {}
        cells = [
            p for p in self._plan.cells if strategy(p.cell.strategy).tier is tier and not self._approved(p)
        ]
        late = self._budget.refusal(tier) if self._budget else None
        if late:
            return {(p.cell.key, p.cell.candidate): late for p in cells}
        if not self._plan.request.protocol.climb:
            return {}
        arms = self._arms(ended)
        found = {}
        for planned in cells:
            place = (planned.cell.task, planned.cell.candidate)
            if place not in self._climbs or self._climbs[place].rungs[-1].verdict != "stop":
                climbed = climb(arms, self._tasks[place[0]], place[1])
                if climbed is None:
                    continue
                self._climbs[place] = climbed
            reason = refusal(self._climbs[place], tier, self._tasks[place[0]].margin)
            if reason is not None:
                found[planned.cell.key, planned.cell.candidate] = reason
        return found

    def _approved(self, planned: PlannedCell) -> bool:
        """Whether a cell is an incumbent's: it is measured on the rung that it was approved on."""
        return any(
            row.role == "incumbent" and row.candidate.name == planned.cell.candidate
            for row in self._plan.request.candidates
        )

    def _arms(self, ended: Ended) -> ArmTable:
        scored = (
            self._score(planned, ended[planned.cell.key, planned.cell.candidate])
            for planned in self._plan.cells
            if (planned.cell.key, planned.cell.candidate) in ended
        )
        return build_arms(scored, self._groups).first_runs(self._plan.request.protocol.runs)

    def _score(self, planned: PlannedCell, result: CellResult) -> ScoredCell:
        place = (planned.cell.key, planned.cell.candidate)
        if place not in self._scored:
            self._scored[place] = score_cell(
                self._measurement(planned, result), self._task(planned), self._truths(planned)
            )
        return self._scored[place]

    def _measurement(self, planned: PlannedCell, result: CellResult) -> CellMeasurement:
        if isinstance(result, Scored):
            stored = self._results.read("predict", planned.predict[VALIDATION])
            found = np.ascontiguousarray(stored.arrays["probabilities"], dtype=np.float32)
            return CellMeasurement(
                planned.cell, "scored", probabilities={VALIDATION: found}, digests={VALIDATION: ""}
            )
        assert isinstance(result, Failed | Skipped)
        return CellMeasurement(
            planned.cell, "failed" if isinstance(result, Failed) else "skipped", result.reason
        )

    def _task(self, planned: PlannedCell) -> TaskFacts:
        return self._tasks[planned.cell.task]

    def _truths(
        self, planned: PlannedCell
    ) -> dict[tuple[str, str], np.ndarray[tuple[int], np.dtype[np.int64]]]:
        return {(planned.cell.task, VALIDATION): self._labels[planned.cell.task]}
