"""What would settle an undecided comparison of strategies: how many more runs, how long they take, or how many items.

In: a comparison, the bound it is held against, the size of its family, and what its cells cost. Out: a sentence. Pure.
The number of runs is what a paired t needs to detect the difference that was seen; it is an expectation, no promise.
"""

from __future__ import annotations

import math
from collections import Counter

from evaluators.comparison_evidence import Comparison
from evaluators.observations import CellCost, Observations
from evaluators.protocol import FEWEST_RUNS
from evaluators.wording import count, duration, percent

#: More runs than this settle nothing in practice; nor does so many times the test set.
MOST_RUNS, MOST_TIMES = 100, 10


def settles(row: Comparison, bound: float, observed: Observations, *, items: int, size: float = 0.05) -> str:
    """Say what would settle a comparison.

    Args:
        row: The comparison, undecided.
        bound: What the difference must exceed, a share.
        observed: What cells cost.
        items: Size of the judged set.
        size: Error that this comparison may take: its share of 5 % where several comparisons or looks share it.
    """
    from evaluators.statistics.power import (
        detectable_by_runs,
        runs_needed,
    )  # scipy: only for who has evidence

    runs, seen = row.difference.n, abs(row.difference.value - bound)
    if runs < FEWEST_RUNS or row.detectable is None:
        why = f"a claim about a strategy needs {FEWEST_RUNS} paired runs"
        more = _runs(max(1, FEWEST_RUNS - runs), row, observed)
        return f"{more}: {why if row.detectable is not None else 'one run has no interval'}"
    if row.detectable == 0.0:
        return f"a larger {row.set} set: all runs agree, so more runs would add nothing"
    level = 1.0 - size
    unit = detectable_by_runs(1.0, runs)
    assert unit is not None  # five runs or more
    sd = row.detectable / unit
    # The root of how many times the difference that is detectable now is too large: the answer is about its square.
    if seen == 0.0 or runs * (row.detectable / seen) ** 2 > 2 * MOST_RUNS:
        return _tie(seen)
    needed = runs_needed(sd, seen, level=level)
    if needed > MOST_RUNS:
        return _tie(seen)
    told = f"about {_runs(max(1, needed - runs), row, observed)}"
    more_items = _items(row, seen, items, level)
    if more_items:
        told += f", or about {count(more_items, 'more test item')},"
    return f"{told} would detect {percent(seen)} points".replace(", would", " would")


def settles_by_items(row: Comparison, bound: float, *, items: int, size: float) -> str:
    """Say how many test items would settle what runs have settled: a gain that other items might not show.

    Args:
        row: The comparison.
        bound: What the difference must exceed, a share.
        items: Size of the judged set; groups where it comes in groups.
        size: Error that this comparison may take.
    """
    seen = abs(row.difference.value - bound)
    more = _items(row, seen, items, 1.0 - size) if seen else 0
    if not more:
        return "more test items, too many to count: more runs on the same items add nothing"
    return f"about {count(more, 'more test item')}: more runs on the same items add nothing"


def _tie(seen: float) -> str:
    return f"more than {MOST_RUNS} runs to detect {percent(seen)} points: treat it as a tie"


def _runs(more: int, row: Comparison, observed: Observations) -> str:
    """Return "3 more runs (4 min)", without the time where it was not measured."""
    seconds = _seconds_a_run(row, observed)
    return count(more, "more run") + (f" ({duration(more * seconds)})" if seconds else "")


def _seconds_a_run(row: Comparison, observed: Observations) -> float:
    """Return what one more run of both sides takes, on the machine that computed most of their cells."""
    sides = ((row.candidate, row.strategy), (row.reference_candidate, row.reference_strategy))
    costs = [
        cost
        for cost in observed.costs
        if (cost.task, cost.labels_per_class) == (row.task, row.labels_per_class)
        and (cost.candidate, cost.strategy) in sides
    ]
    if not costs:
        return 0.0
    place, _ = Counter(cost.environment for cost in costs).most_common(1)[0]
    return sum(_mean([cost for cost in costs if cost.environment == place], side) for side in sides)


def _mean(costs: list[CellCost], side: tuple[str, str]) -> float:
    seconds = [cost.seconds for cost in costs if (cost.candidate, cost.strategy) == side]
    return sum(seconds) / len(seconds) if seconds else 0.0


def _items(row: Comparison, seen: float, items: int, level: float) -> int:
    """Return how many more test items would make runs and items together detect the difference; 0 if unknown, too many.

    From the interval over runs and items: its width shrinks with the root of the items, as long as runs vary mostly by
    what they are tested on.
    """
    from evaluators.statistics.power import detectable_by_interval

    if row.crossed_low is None or row.crossed_high is None or not items:
        return 0
    detects = detectable_by_interval(row.crossed_low, row.crossed_high, level=level)
    more = math.ceil(items * (detects / seen) ** 2) - items
    return more if 0 < more <= MOST_TIMES * items else 0
