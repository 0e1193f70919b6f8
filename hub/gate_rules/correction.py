"""Holm within a decision: a pass has to stand among all tries that share one test, or the luckiest of many would pass.

In: a comparison, the bound of its rule, the case. Out: its p at the bound after Holm, and over what. Pure.

The family of a gain is every candidate of this evaluation that the same claim was made for, and at least as many as
ever opened this locked test, in whichever evaluation: their p are not at hand, so they count as if they were smaller.
Where one size of several is enough, each size is a try of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

from evaluators.comparison_evidence import Comparison
from evaluators.wording import count
from hub.gate_rules.case import TaskCase
from hub.policy import Rule


@dataclass(frozen=True)
class Corrected:
    """A comparison among all that share its error.

    Attributes:
        family: How many they are; 1: there is nothing to correct.
        p_value: Two-sided, of "the gain is the bound", after Holm; None where nothing is corrected.
        words: `p = 0.060 after Holm over 12 candidates that opened this test`; empty likewise.
    """

    family: int
    p_value: float | None
    words: str


def corrected(row: Comparison, rule: Rule, case: TaskCase) -> Corrected:
    """Return what is left of a comparison after Holm.

    Args:
        row: With an interval, of the recommended strategy.
        rule: Its bound is what the gain is held against.
        case: The candidates beside it, and those that ever opened the test.
    """
    rivals = [other for other in case.evidence.findings.comparisons if _rivals(other, row)]
    candidates = max(len(rivals), case.candidates_ever)
    tries = len(case.sizes) if rule.sizes == "any" else 1
    family = max(1, candidates) * max(1, tries)
    told = row.p_adjusted or 0.0
    if row not in rivals or (family < 2 and told <= case.level):
        return Corrected(family, None, "")
    from evaluators.statistics.holm import holm
    from evaluators.statistics.intervals import Interval  # scipy: only for who has evidence
    from evaluators.statistics.paired import p_at_bound

    seen, bound = [other.difference for other in rivals], rule.at_least or 0.0
    p_values = [p_at_bound(Interval(one.value, one.low, one.high, one.n), bound) for one in seen]
    adjusted = max(told, holm(p_values, family=family)[rivals.index(row)])
    return Corrected(
        family, adjusted, f"p = {adjusted:.3f} after Holm over {_over(row, case, candidates, tries)}"
    )


def corrected_not_worse(row: Comparison, case: TaskCase) -> float | None:
    """Return the one-sided p of "it is worse by the margin" after Holm over the same family; None if it is unknown."""
    if row.p_non_inferior is None:
        return None
    rivals = [
        other
        for other in case.evidence.findings.comparisons
        if _rivals(other, row) and other.p_non_inferior is not None
    ]
    if row not in rivals:
        return row.p_non_inferior
    from evaluators.statistics.holm import holm

    p_values = [other.p_non_inferior or 0.0 for other in rivals]
    return holm(p_values, family=max(len(rivals), case.candidates_ever))[rivals.index(row)]


def _over(row: Comparison, case: TaskCase, candidates: int, tries: int) -> str:
    if candidates < 2:
        return f"{count(tries, 'size')}, one of which is enough"
    met = " that met this incumbent" if row.purpose == "gain-over-incumbent" else ""
    if case.candidates_ever == candidates:
        met = " that opened this test"
    whom = f"{count(candidates, 'candidate')}{met}"
    return f"{whom}, at {count(tries, 'size')} each" if tries > 1 else whom


def _rivals(other: Comparison, row: Comparison) -> bool:
    """Whether both make the same claim of the same data, each for its own candidate; `row` is its own rival."""
    return (
        other.purpose == row.purpose
        and other.difference.low is not None
        and other.difference.n > 1
        and (other.task, other.set, other.labels_per_class) == (row.task, row.set, row.labels_per_class)
        and (row.purpose != "gain-over-incumbent" or _met(other) == _met(row))
    )


def _met(row: Comparison) -> tuple[str, str]:
    return (row.reference_candidate, row.reference_strategy)
