"""Runs a plan: what is stored is not computed again, what fails is a result, and everything is told as it happens.

`run_plan` yields events and returns nothing else: a progress bar, a log and a test read the same stream. Killed
anywhere, run again, it computes what is missing and ends in the same state.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evaluators.cell import CellResult, Failed, FitCost, Measured, Scored, Skipped
from evaluators.executor import Broken, Declined, Done, Executor, Step, Unit
from evaluators.origin import origin_of
from evaluators.passes import Pass, passes
from evaluators.plan import Plan, PlannedCell
from evaluators.results import ResultStore


@dataclass(frozen=True)
class Started:
    """The plan was compared with what is stored."""

    cells: int
    stored: int
    trunks: int


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
class Ended:
    """A cell ended, in whatever way; `reused` if nothing was computed."""

    planned: PlannedCell
    result: CellResult
    reused: bool


@dataclass(frozen=True)
class Finished:
    """All cells ended."""

    counters: dict[str, int]


Event = Started | Encoding | Fitting | Ended | Finished


def run_plan(plan: Plan, results: ResultStore, executor: Executor) -> Iterator[Event]:
    """Run every cell of a plan, pass by pass.

    Yields:
        `Started`, then `Encoding`, `Fitting` and one `Ended` for every cell, then `Finished`.
    """
    return _Running(plan, results, executor).events()


class _Running:
    """One run of a plan: what has ended, and which features could not be computed."""

    def __init__(self, plan: Plan, results: ResultStore, executor: Executor) -> None:
        self._plan, self._results, self._executor = plan, results, executor
        self._stored = {planned.cell.key for planned in plan.cells if _is_intact(planned, results)}
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
        yield Started(len(self._plan.cells), len(self._stored), len(self._trunks))
        for together in passes(self._plan):
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
            _count(self._counters, result, reused=not computed)
            yield Ended(planned, result, not computed and not planned.skipped)

    def _is_pending(self, planned: PlannedCell) -> bool:
        key = planned.cell.key
        return not planned.skipped and key not in self._stored and key not in self._done

    def _encode(self, planned: PlannedCell) -> Iterator[Event]:
        if planned.trunk is None or planned.trunk not in self._trunks:
            return
        self._trunks.remove(planned.trunk)
        for outcome in self._executor.execute(Unit("encode", trunk=planned.trunk)):
            if isinstance(outcome, Step):
                yield Encoding(planned.trunk, planned.cell.candidate, outcome.done, outcome.total)
            elif isinstance(outcome, Done):
                self._counters["samples_encoded"] += outcome.encoded
            else:
                self._broken_trunks[planned.trunk] = outcome.reason

    def _measure(self, indices: tuple[int, ...]) -> Iterator[Event]:
        """Compute cells in one pass; one that breaks is halved, so that what is wrong with one costs no other."""
        todo = [indices] if indices else []
        while todo:
            part = todo.pop(0)
            planned = [self._plan.cells[index] for index in part]
            yield Fitting(planned[0], 0, 0, beside=len(part) - 1)
            for outcome in self._executor.execute(Unit("measure", cells=part)):
                if isinstance(outcome, Step):
                    yield Fitting(planned[0], outcome.done, outcome.total, beside=len(part) - 1)
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
        if cell.key not in self._done:
            broken = self._broken_trunks.get(planned.trunk or "")
            self._done[cell.key] = (
                Failed(cell, f"its features could not be computed: {broken}")
                if broken and cell.key not in self._stored
                else scored(planned, self._results)
            )
        return self._done[cell.key]


def _is_intact(planned: PlannedCell, results: ResultStore) -> bool:
    """Whether every prediction of a cell is stored and can be read back; what is damaged is computed again.

    So is what was computed in one pass with others that are not all there: a pass that a kill tore is run again whole,
    and the plan gives the bits that it would have given without the kill.
    """
    if planned.skipped:
        return False
    intact = [results.intact("predict", key) for key in planned.predict.values()]  # each of them is looked at
    return all(intact) and all(_is_whole(key, results) for key in planned.predict.values())


def _is_whole(key: str, results: ResultStore) -> bool:
    company = results.read("predict", key).facts.get("together", ())
    return all(results.has("predict", other) for other in company)


def is_stored(planned: PlannedCell, results: ResultStore) -> bool:
    """Whether every prediction of a cell is stored."""
    return not planned.skipped and all(results.has("predict", key) for key in planned.predict.values())


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
