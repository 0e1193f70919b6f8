"""How a comparison is judged where its test is looked at more than once: by the interval that all looks demand.

In: an estimate of evidence, with its interval of 95 %, and a case. Out: the interval at the level of this look, and how
it is called. Pure.
"""

from __future__ import annotations

from statistics import NormalDist

from evaluators.comparison_evidence import Comparison
from evaluators.evidence import Estimate
from evaluators.statistics.sequential import level_words
from evaluators.wording import count
from hub.gate_rules.case import TaskCase

_NORMAL = NormalDist()


def at_level(seen: Estimate, case: TaskCase) -> Estimate:
    """Return a difference with the interval that this look is judged by: that of evidence, where it is the only one."""
    if case.looks == 1 or seen.low is None or seen.high is None or seen.n < 2:
        return seen
    from evaluators.statistics.intervals import widening  # scipy: only for who has evidence

    factor = widening(seen.n, case.level)
    low = seen.value - factor * (seen.value - seen.low)
    high = seen.value + factor * (seen.high - seen.value)
    return seen.model_copy(update={"low": low, "high": high})


def over_items(row: Comparison, case: TaskCase) -> Estimate | None:
    """Return a difference with the interval over runs and items together, at the level of this look; None if unknown.

    All runs answer the same items: the spread over runs alone says nothing of other items, however many runs there are.
    """
    if row.crossed_low is None or row.crossed_high is None:
        return None
    factor = _NORMAL.inv_cdf(1.0 - case.level / 2.0) / _NORMAL.inv_cdf(0.975)
    value = row.difference.value
    low, high = value - factor * (value - row.crossed_low), value + factor * (row.crossed_high - value)
    return row.difference.model_copy(update={"low": low, "high": high})


def interval_words(case: TaskCase) -> str:
    """Return `95 % interval`; `98.2 % interval, look 2 of 4`; of looks that nobody promised, how many there were."""
    words = f"{level_words(case.level)} interval"
    sequence = case.evidence.findings.looks
    if sequence and sequence.most == case.looks:
        return f"{words}, look {sequence.look(case.task.id)} of {sequence.most}"
    return f"{words}, {count(case.looks, 'look')} at this test" if case.looks > 1 else words
