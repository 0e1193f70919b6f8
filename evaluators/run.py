"""Runs a plan: what is stored is not computed again, what fails is a result, and everything is told as it happens.

`run_plan` yields events and returns nothing else: a progress bar, a log and a test read the same stream. Killed
anywhere, run again, it computes what is missing and ends in the same state.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

from evaluators.cell import CellResult, Failed, FitCost, Measured, Scored, Skipped
from evaluators.executor import Broken, Done, Executor, Step, Unit
from evaluators.origin import origin_of
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
    """A cell trains."""

    planned: PlannedCell
    done: int
    total: int


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
    """Run every cell of a plan, lightest first.

    Yields:
        `Started`, then `Encoding`, `Fitting` and one `Ended` for every cell, then `Finished`.
    """
    stored = {planned.cell.key for planned in plan.cells if _is_intact(planned, results)}
    pending = [planned for planned in plan.cells if planned.cell.key not in stored and not planned.skipped]
    trunks = list(dict.fromkeys(planned.trunk for planned in pending if planned.trunk))
    yield Started(len(plan.cells), len(stored), len(trunks))
    counters = {
        "samples_encoded": 0,
        "cells_run": 0,
        "cells_reused": 0,
        "cells_failed": 0,
        "cells_skipped": 0,
    }
    broken_trunks: dict[str, str] = {}
    done: dict[str, CellResult] = {}
    for index, planned in enumerate(plan.cells):
        if planned.trunk in trunks and planned.cell.key not in stored:
            trunks.remove(planned.trunk)
            for event in _encode(planned, executor):
                if isinstance(event, Encoding):
                    yield event
                elif isinstance(event, Done):
                    counters["samples_encoded"] += event.encoded
                else:
                    broken_trunks[planned.trunk] = event.reason
        reused = planned.cell.key in stored or planned.cell.key in done
        if planned.skipped:
            result: CellResult = Skipped(planned.cell, planned.skipped)
        elif planned.cell.key in stored:
            result = scored(planned, results)
        elif planned.cell.key in done:
            result = done[planned.cell.key]
        elif planned.trunk in broken_trunks:
            result = Failed(
                planned.cell, f"its features could not be computed: {broken_trunks[planned.trunk]}"
            )
        else:
            result = yield from _measure(index, planned, results, executor)
        done[planned.cell.key] = result
        _count(counters, result, reused=reused)
        yield Ended(planned, result, reused)
    yield Finished(counters)


def _is_intact(planned: PlannedCell, results: ResultStore) -> bool:
    """Whether every prediction of a cell is stored and can be read back; what is damaged is computed again."""
    if planned.skipped:
        return False
    intact = [results.intact("predict", key) for key in planned.predict.values()]  # each of them is looked at
    return all(intact)


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


def _encode(planned: PlannedCell, executor: Executor) -> Iterator[Encoding | Done | Broken]:
    assert planned.trunk
    for outcome in executor.execute(Unit("encode", planned.trunk)):
        if isinstance(outcome, Step):
            yield Encoding(planned.trunk, planned.cell.candidate, outcome.done, outcome.total)
        else:
            yield outcome


def _measure(
    index: int, planned: PlannedCell, results: ResultStore, executor: Executor
) -> Generator[Event, None, CellResult]:
    """Yield progress; return the cell's result."""
    yield Fitting(planned, 0, 0)
    for outcome in executor.execute(Unit("measure", str(index))):
        if isinstance(outcome, Step):
            yield Fitting(planned, outcome.done, outcome.total)
        elif isinstance(outcome, Broken):
            return Failed(planned.cell, outcome.reason)
    return scored(planned, results)


def _count(counters: dict[str, int], result: CellResult, *, reused: bool) -> None:
    kind = {Scored: "cells_run", Failed: "cells_failed", Skipped: "cells_skipped"}[type(result)]
    counters["cells_reused" if reused and kind == "cells_run" else kind] += 1
