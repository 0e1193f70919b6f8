"""A finished matrix measured again, and with one more seed: what is computed, and how long it takes.

`again(plan, larger, bench_of)` is what `make bench` calls for goal G8; counters are asserted in
tests/evaluators/test_again.py, walls are only published.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from evaluators.plan import Plan
from evaluators.recall import Recall
from evaluators.results import ResultStore
from evaluators.running.executor import InProcessExecutor
from evaluators.running.run import Finished, run_plan
from evaluators.running.workbench import Workbench


@dataclass(frozen=True)
class Measured:
    """One run of a plan: wall time, and what the run counted (samples encoded, cells run and reused)."""

    seconds: float
    counters: Mapping[str, int]


@dataclass(frozen=True)
class Again:
    """A plan measured first, again, with more runs, and those from nothing."""

    first: Measured
    again: Measured
    more: Measured
    more_from_nothing: Measured


def again(plan: Plan, larger: Plan, bench_of: Callable[[Plan, str], Workbench]) -> Again:
    """Measure a plan twice, then a larger one that holds it; computing in this process, so nothing has to start.

    Args:
        plan: A matrix.
        larger: The same with one more run.
        bench_of: Returns the workbench of a plan over a named, empty store; of one name always the same store.
    """
    return Again(
        first=_measured(bench_of(plan, "one")),
        again=_measured(bench_of(plan, "one")),
        more=_measured(bench_of(larger, "one")),
        more_from_nothing=_measured(bench_of(larger, "another")),
    )


def _measured(bench: Workbench) -> Measured:
    store = ResultStore(bench.results.location, Recall())
    started = time.perf_counter()
    counters: Mapping[str, int] = {}
    for event in run_plan(bench.plan, store, InProcessExecutor(bench)):
        if isinstance(event, Finished):
            counters = event.counters
    return Measured(time.perf_counter() - started, counters)
