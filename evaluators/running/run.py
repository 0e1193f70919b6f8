"""Runs a plan: what is stored is not computed again, what fails is a result, and everything is told as it happens.

`run_plan` yields events and returns nothing else: a progress bar, a log and a test read the same stream. Killed
anywhere, run again, it computes what is missing and ends in the same state.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from evaluators.cell import CellResult, Failed, FitCost, Measured, Scored, Skipped
from evaluators.inventory import intact_cells
from evaluators.origin import origin_of
from evaluators.passes import Pass, passes
from evaluators.plan import Plan, PlannedCell
from evaluators.results import ResultStore
from evaluators.running.climb import Climber
from evaluators.running.executor import Broken, Declined, Done, Executor, Step, Unit


@dataclass(frozen=True)
class Started:
    """The plan was compared with what is stored, and where; `skipped` of its cells will not be tried."""

    cells: int
    stored: int
    trunks: int
    place: str = ""
    skipped: int = 0


@dataclass(frozen=True)
class Encoding:
    """A trunk reads samples: `done` of `total` that were not stored."""

    trunk: str
    candidate: str
    done: int
    total: int


@dataclass(frozen=True)
class Fitting:
    """A cell trains, and `beside` others in the same pass."""

    planned: PlannedCell
    done: int
    total: int
    beside: int = 0


@dataclass(frozen=True)
class Computed:
    """A unit of work ended well: `seconds` of computing, and `waited` until a worker had started and imported."""

    unit: Unit
    seconds: float
    waited: float


@dataclass(frozen=True)
class Ended:
    """A cell ended, in whatever way; `reused` if nothing was computed."""

    planned: PlannedCell
    result: CellResult
    reused: bool


@dataclass(frozen=True)
class Finished:
    """All cells ended."""

    counters: dict[str, int]


Event = Started | Encoding | Fitting | Computed | Ended | Finished


def run_plan(
    plan: Plan,
    results: ResultStore,
    executor: Executor,
    stored: frozenset[str] | None = None,
    climber: Climber | None = None,
) -> Iterator[Event]:
    """Run every cell of a plan, pass by pass.

    Args:
        plan: What to measure.
        results: Where results are stored.
        executor: Computes what is not.
        stored: Keys of the cells that `intact_cells` found whole, where that was asked already.
        climber: Decides tier by tier what is tried; None: every cell is.

    Yields:
        `Started`, then `Encoding`, `Fitting`, `Computed` and one `Ended` for every cell, then `Finished`.
    """
    return _Running(plan, results, executor, stored, climber).events()


class _Running:
    """One run of a plan: what has ended, and which features could not be computed."""

    def __init__(
        self,
        plan: Plan,
        results: ResultStore,
        executor: Executor,
        stored: frozenset[str] | None,
        climber: Climber | None,
    ) -> None:
        self._plan, self._results, self._executor, self._climber = plan, results, executor, climber
        self._ended: dict[tuple[str, str], CellResult] = {}
        self._refused: dict[tuple[str, str], str] = {}
        self._stored = intact_cells(plan, results) if stored is None else stored
        for planned in plan.cells:
            if planned.cell.key not in self._stored:
                for key in planned.predict.values():
                    results.forget("predict", key)
        self._done: dict[str, CellResult] = {}
        self._trunks = {p.trunk for p in plan.cells if p.trunk and self._is_pending(p)}
        self._broken_trunks: dict[str, str] = {}
        self._counters = {
            "samples_encoded": 0,
            "cells_run": 0,
            "cells_reused": 0,
            "cells_failed": 0,
            "cells_skipped": 0,
            "passes_halved": 0,
        }

    def events(self) -> Iterator[Event]:
        stored = sum(p.cell.key in self._stored and not p.skipped for p in self._plan.cells)
        skipped = sum(planned.skipped is not None for planned in self._plan.cells)
        yield Started(len(self._plan.cells), stored, len(self._trunks), self._results.location, skipped)
        ordered = passes(self._plan)
        if self._climber is None:
            for together in ordered:
                yield from self._pass(together)
        else:
            for tier, of_tier in self._climber.rounds(ordered):
                self._refused.update(self._climber.refuse(tier, self._ended))
                for together in of_tier:
                    yield from self._pass(together)
        yield Finished(self._counters)

    def _pass(self, together: Pass) -> Iterator[Event]:
        cells = self._plan.cells
        pending: dict[str, int] = {}
        for index in together.cells:
            if self._is_pending(cells[index]):
                pending.setdefault(cells[index].cell.key, index)
        for index in pending.values():
            yield from self._encode(cells[index])
        yield from self._measure(
            tuple(i for i in pending.values() if cells[i].trunk not in self._broken_trunks)
        )
        for index in together.cells:
            planned = cells[index]
            computed = pending.get(planned.cell.key) == index
            result = self._result(planned)
            self._ended[planned.cell.key, planned.cell.candidate] = result
            _count(self._counters, result, reused=not computed)
            yield Ended(planned, result, not computed and not isinstance(result, Skipped))

    def _is_pending(self, planned: PlannedCell) -> bool:
        key = planned.cell.key
        refused = (key, planned.cell.candidate) in self._refused
        return not planned.skipped and not refused and key not in self._stored and key not in self._done

    def _encode(self, planned: PlannedCell) -> Iterator[Event]:
        if planned.trunk is None or planned.trunk not in self._trunks:
            return
        self._trunks.remove(planned.trunk)
        unit, started = Unit("encode", trunk=planned.trunk), time.perf_counter()
        for outcome in self._executor.execute(unit):
            if isinstance(outcome, Step):
                yield Encoding(planned.trunk, planned.cell.candidate, outcome.done, outcome.total)
            elif isinstance(outcome, Done):
                self._counters["samples_encoded"] += outcome.encoded
                yield _computed(unit, outcome, started)
            else:
                self._broken_trunks[planned.trunk] = outcome.reason

    def _measure(self, indices: tuple[int, ...]) -> Iterator[Event]:
        """Compute cells in one pass; one that breaks is halved, so that what is wrong with one costs no other."""
        todo = [indices] if indices else []
        while todo:
            part = todo.pop(0)
            planned = [self._plan.cells[index] for index in part]
            yield Fitting(planned[0], 0, 0, beside=len(part) - 1)
            unit, started = Unit("measure", cells=part), time.perf_counter()
            for outcome in self._executor.execute(unit):
                if isinstance(outcome, Step):
                    yield Fitting(planned[0], outcome.done, outcome.total, beside=len(part) - 1)
                elif isinstance(outcome, Done):
                    yield _computed(unit, outcome, started)
                elif isinstance(outcome, Declined):
                    self._done.update({p.cell.key: Skipped(p.cell, outcome.reason) for p in planned})
                elif isinstance(outcome, Broken) and len(part) > 1:
                    self._counters["passes_halved"] += 1
                    todo = [part[: len(part) // 2], part[len(part) // 2 :], *todo]
                elif isinstance(outcome, Broken):
                    self._done[planned[0].cell.key] = Failed(planned[0].cell, outcome.reason)

    def _result(self, planned: PlannedCell) -> CellResult:
        """Return how a cell ended, whose pass is over."""
        cell = planned.cell
        if planned.skipped:
            return Skipped(cell, planned.skipped)
        if (cell.key, cell.candidate) in self._refused:
            return Skipped(cell, self._refused[cell.key, cell.candidate])
        if cell.key not in self._done:
            broken = self._broken_trunks.get(planned.trunk or "")
            self._done[cell.key] = (
                Failed(cell, f"its features could not be computed: {broken}")
                if broken and cell.key not in self._stored
                else scored(planned, self._results)
            )
        return self._done[cell.key]


def _computed(unit: Unit, outcome: Done, started: float) -> Computed:
    """Return what a unit took; what it did not compute, it waited for the worker."""
    return Computed(unit, outcome.seconds, max(0.0, time.perf_counter() - started - outcome.seconds))


def scored(planned: PlannedCell, results: ResultStore) -> Scored:
    """Return a stored cell's result."""
    measured, cost = [], FitCost()
    for name, key in planned.predict.items():
        stored = results.read("predict", key)
        cost = origin_of(stored.facts).cost
        measured.append(Measured(name, key, len(stored.arrays["probabilities"])))
    return Scored(planned.cell, tuple(measured), cost)


def _count(counters: dict[str, int], result: CellResult, *, reused: bool) -> None:
    kind = {Scored: "cells_run", Failed: "cells_failed", Skipped: "cells_skipped"}[type(result)]
    counters["cells_reused" if reused and kind == "cells_run" else kind] += 1
