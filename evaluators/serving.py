"""Which of a plan's cells are timed in use, under which key that is stored, and what is made of the times. Pure.

A model is used by one person's request at a time, so latency is that of one input; how many a second there are at most
is asked of larger batches. The times are of the machine that measured them and of no other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from evaluators.canonical import digest_of
from evaluators.plan import Plan, PlannedCell
from evaluators.results import Stored
from evaluators.serving_evidence import Serving

#: Fewer calls say nothing of a quantile that so few of them lie above.
_CALLS_FOR = {0.95: 20, 0.99: 100}


def served(plan: Plan) -> tuple[PlannedCell, ...]:
    """Return the cells that are timed: of each strategy of a base on a task the first run at its largest size."""
    largest = largest_sizes(plan)
    return tuple(
        planned
        for planned in plan.cells
        if not planned.skipped
        and not planned.cell.run.index
        and planned.cell.labels_per_class == largest[_arm(planned)]
    )


def largest_sizes(plan: Plan) -> dict[tuple[str, str, str], int]:
    """Return the largest size of each (task, candidate, strategy) that is not skipped."""
    found: dict[tuple[str, str, str], int] = {}
    for planned in plan.cells:
        if not planned.skipped:
            found[_arm(planned)] = max(found.get(_arm(planned), 0), planned.cell.labels_per_class)
    return found


def _arm(planned: PlannedCell) -> tuple[str, str, str]:
    return (planned.cell.task, planned.cell.candidate, planned.cell.strategy)


def serving_key(planned: PlannedCell) -> str:
    """Return the key that a cell's times are stored under: those of its fit, whichever plan asks."""
    return digest_of({"op": "serving", "fit": planned.fit, "version": 1})


def quantile(seconds: Sequence[float], share: float) -> float | None:
    """Return the smallest time that a share of the calls took at most (nearest rank); None where too few were timed.

    Args:
        seconds: Of each call.
        share: In (0, 1].

    Raises:
        ValueError: If `share` is out of range.
    """
    if not 0.0 < share <= 1.0:
        raise ValueError(f"{share} is no share")
    if len(seconds) < max(1, _CALLS_FOR.get(share, 1)):
        return None
    # A hair less than the product, because 0.95 * 20 may be 19 and a bit.
    return sorted(seconds)[math.ceil(share * len(seconds) - 1e-9) - 1]


def serving_of(planned: PlannedCell, stored: Stored, *, environment: str) -> Serving | None:
    """Return what was stored of a cell as evidence holds it; None where it could not be measured."""
    facts: Mapping[str, Any] = stored.facts
    seconds = [float(value) for value in stored.arrays["seconds"]]
    p50 = quantile(seconds, 0.5)
    if p50 is None:
        return None
    cell = planned.cell
    return Serving(
        task=cell.task,
        candidate=cell.candidate,
        strategy=cell.strategy,
        labels_per_class=cell.labels_per_class,
        calls=len(seconds),
        p50=p50,
        p95=quantile(seconds, 0.95),
        p99=quantile(seconds, 0.99),
        throughput=dict(facts["throughput"]),
        trained_bytes=int(facts["trained_bytes"]),
        base_bytes=int(facts["base_bytes"]),
        environment=environment,
    )
