"""Score against cost: what no other option beats at no more cost, and why each of the rest is not the answer. Pure.

A point of the Pareto set is dominated only if it is separated: another one costs no more, and the 95 % interval of the
difference (paired over runs where they share draws) is above 0. What noise cannot tell apart stands in the set.
"""

from __future__ import annotations

from collections.abc import Sequence

from evaluators.advice.advice import Advice
from evaluators.advice.limits import Excluded
from evaluators.advice.option import Option
from evaluators.advice.option_gap import gap
from evaluators.wording import count, percent, points, signed


def pareto(options: Sequence[Option]) -> tuple[Option, ...]:
    """Return the options that nothing dominates, in their order; only those of one size are held against each other."""
    return tuple(option for option in options if dominator(option, options) is None)


def dominator(option: Option, others: Sequence[Option]) -> Option | None:
    """Return the best of what is shown to be better at no more cost; None if nothing is."""
    found = [
        other
        for other in others
        if other is not option
        and other.labels_per_class == option.labels_per_class
        and not other.failed
        and _no_dearer(other, option)
        and _above(other, option)
    ]
    return max(found, key=lambda other: other.estimate.value, default=None)


def exclusions(advice: Advice) -> tuple[Excluded, ...]:
    """Return why each option is not the one that is advised, best first."""
    others = [option for option in advice.options if option is not advice.chosen]
    return tuple(
        Excluded(option.candidate, option.strategy, _reason(option, advice))
        for option in others
        if (option.candidate, option.strategy) != (advice.chosen.candidate, advice.chosen.strategy)
    )


def _reason(option: Option, advice: Advice) -> str:
    chosen = advice.chosen
    if option.failed:
        return f"{count(option.failed, 'run')} of it failed"
    if option in advice.undecided:
        return f"undecided: it led with {option.labels:,} labels, and was not measured with more"
    floor = _floor(option, advice)
    if floor is not None:
        return (
            f"negative transfer: {points(gap(option, floor))} against {floor.words}{_alike(option, advice)}"
        )
    beaten = dominator(option, advice.options)
    if beaten is not None:
        return f"dominated by {beaten.words}: {points(gap(option, beaten))}, and no cheaper{_alike(option, advice)}"
    if option.labels_per_class != chosen.labels_per_class:
        return f"measured with {count(option.labels, 'label')} only, {_even(option, chosen)}"
    apart = gap(option, chosen)
    between = points(apart)
    if option.weight[:3] > chosen.weight[:3]:
        return f"heavier, but not shown better by the margin of {percent(advice.margin)}: {between} points"
    if apart.high is not None and apart.high < -advice.margin:
        return f"lighter, but too far below: {between} points, margin {percent(advice.margin)}"
    return f"lighter, but not shown to be within the margin: {between} points"


def _alike(option: Option, advice: Advice) -> str:
    """Say that a difference is of these labels alone, where draws have nearly all of them in common."""
    shared = advice.supply.shared(option.labels) if advice.supply else None
    return (
        "" if shared is None else f" (draws share {100 * shared:.0f} % of their labels: of this pool alone)"
    )


def _even(option: Option, chosen: Option) -> str:
    return f"{signed(option.estimate.value - chosen.estimate.value)} points"


def _floor(option: Option, advice: Advice) -> Option | None:
    """Return the best baseline at that size, where a transfer is shown to be worse than it."""
    if option.is_baseline:
        return None
    floors = [
        row
        for row in advice.options
        if row.is_baseline and row.labels_per_class == option.labels_per_class and not row.failed
    ]
    best = max(floors, key=lambda row: row.estimate.value, default=None)
    return best if best is not None and _above(best, option) else None


def _no_dearer(other: Option, option: Option) -> bool:
    """Whether one costs no more than another: by time where one machine took both, else by what is trained."""
    if other.spent is not None and option.spent is not None and other.machine == option.machine:
        return other.spent <= option.spent
    return other.weight[:3] <= option.weight[:3]


def _above(other: Option, option: Option) -> bool:
    """Whether one is shown to score higher: by paired runs, else by intervals that do not touch."""
    lead = gap(other, option)
    if lead.low is not None:
        return lead.low > 0.0
    low, high = other.estimate.low, option.estimate.high
    return low is not None and high is not None and low > high
