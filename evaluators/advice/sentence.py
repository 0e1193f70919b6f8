"""An advice in one sentence with numbers: what to use, what heavier and lighter would bring, what more labels would.

In: an `Advice`. Out: clauses joined by semicolons. Every difference has its interval where runs are paired; what nobody
measured is called so. Pure.
"""

from __future__ import annotations

from evaluators.advice.advice import Advice
from evaluators.advice.option import Option
from evaluators.advice.option_gap import gap
from evaluators.advice.supply import Supply
from evaluators.evidence import Estimate
from evaluators.strategy import Tier, strategy
from evaluators.wording import count, duration, learns, percent, points, score, signed, taught


def advice_sentence(advice: Advice) -> str:
    """Return the sentence."""
    parts = [*_head(advice), *_passed(advice)]
    heavier = _heavier(advice)
    parts += heavier if heavier or advice.undecided else _heavier_with_fewer(advice)
    parts += _undecided(advice)
    parts += _lighter(advice)
    parts += _floor(advice)
    parts += _more_labels(advice)
    return "; ".join(parts) + "."


def _head(advice: Advice) -> list[str]:
    chosen, supply = advice.chosen, advice.supply
    if supply is None:
        return [f"{count(chosen.labels, 'label')}: {chosen.words} {score(chosen.estimate)}, {_took(chosen)}"]
    reads = learns(chosen.strategy) != "nothing"
    with_labels = f"{taught(chosen.strategy, f'{chosen.labels:,} of them')} and " if reads else ""
    others = f"{supply.scored:,} others" if reads else f"{supply.scored:,} of them, and reading none"
    parts = [
        f"{supply.words}: {with_labels}scored on {others}, {chosen.words} "
        f"has {supply.metric} {score(chosen.estimate)}, {_took(chosen)}"
    ]
    shared = supply.shared(chosen.labels)
    if shared is not None and reads and chosen.estimate.low is not None:
        alike = "use the same" if shared >= 1.0 else f"share {100 * shared:.0f} % of their"
        parts.append(f"its runs {alike} labels, so the interval is of these samples, not of other labels")
    return parts


def _passed(advice: Advice) -> list[str]:
    """Say what is passed over though it was measured with more labels."""
    other = advice.passed
    if other is None:
        return []
    return [
        f"{_named(other, advice.chosen)} has {score(other.estimate)} even with {count(other.labels, 'label')}"
    ]


def _points(option: Option, other: Option, supply: Supply | None) -> str:
    """Return option minus other; without an interval where their draws are so alike that it would be too narrow."""
    found = gap(option, other)
    alike = supply is not None and supply.shared(min(option.labels, other.labels)) is not None
    return signed(found.value) if alike else points(found)


def _below(found: Estimate, bound: float, option: Option, other: Option, supply: Supply | None) -> bool:
    """Whether a difference is shown to be below a bound: its interval is, and is one of other labels too.

    Where no runs are paired, the two intervals must be that far apart.
    """
    alike = supply is not None and supply.shared(min(option.labels, other.labels)) is not None
    high = found.high
    if high is None and option.estimate.high is not None and other.estimate.low is not None:
        high = option.estimate.high - other.estimate.low
    return high is not None and high < bound and not alike


def _heavier(advice: Advice) -> list[str]:
    """Say what the best heavier option would bring, and at which price."""
    chosen, here, margin = advice.chosen, advice.peers, advice.margin
    heavier = [
        option
        for option in here
        if not option.is_baseline
        and option.weight[:3] > chosen.weight[:3]
        and (chosen.failed or not option.failed)
    ]
    if not heavier:
        return []
    other = max(heavier, key=lambda option: option.estimate.value)
    brings = gap(other, chosen)
    price = f" {_price(other, chosen)}" if _price(other, chosen) else ""
    dearer = other.spent is None or chosen.spent is None or other.spent > chosen.spent
    if brings.value > margin:
        verdict = f"not shown to be better ({percent(margin)} points matter)"
    elif not _below(brings, margin, other, chosen, advice.supply):
        verdict = f"not shown to be worth it ({percent(margin)} points matter)"
    elif dearer:
        verdict = f"not worth it ({percent(margin)} points matter)"
    else:
        # The ladder is ordered by what is trained; on a small network full fine-tuning may be the faster one.
        verdict = f"heavier, and no better by what matters ({percent(margin)} points)"
    return [f"{_named(other, chosen)} {_points(other, chosen, advice.supply)}{price}: {verdict}"]


def _heavier_with_fewer(advice: Advice) -> list[str]:
    """Say what the best heavier strategy brought where one was measured beside the chosen one, with most labels."""
    for smaller in reversed(advice.earlier):
        there = [
            option
            for option in advice.options
            if option.labels == smaller.labels
            and not option.is_baseline
            and option.weight[:2] > smaller.weight[:2]
        ]
        if there:
            other = max(there, key=lambda option: option.estimate.value)
            price = f" {_price(other, smaller)}" if _price(other, smaller) else ""
            return [
                f"heavier ones were measured with {count(smaller.labels, 'label')} at most: {_named(other, smaller)} "
                f"{_points(other, smaller, advice.supply)} there{price}"
            ]
    return []


def _undecided(advice: Advice) -> list[str]:
    """Say which heavier option led with fewer labels, so that nobody knows who leads with all of them."""
    if not advice.undecided:
        return []
    other = max(advice.undecided, key=lambda option: (option.labels, option.estimate.value))
    smaller = next(option for option in advice.earlier if option.labels == other.labels)
    price = f" {_price(other, smaller)}" if _price(other, smaller) else ""
    return [
        f"undecided with {count(advice.labels, 'label')}: {_named(other, smaller)} led by "
        f"{_points(other, smaller, advice.supply)}{price} with {other.labels:,}, and was not measured with more"
    ]


def _lighter(advice: Advice) -> list[str]:
    """Say why the best lighter transfer is not enough."""
    chosen, here, margin = advice.chosen, advice.peers, advice.margin
    lighter = [option for option in here if not option.is_baseline and option.weight[:3] < chosen.weight[:3]]
    if not lighter:
        return []
    other = max(lighter, key=lambda option: option.estimate.value)
    behind = gap(other, chosen)
    price = f" {_price(other, chosen)}" if _price(other, chosen) else ""
    verdict = (
        f"too little ({percent(margin)} points matter)"
        if _below(behind, -margin, other, chosen, advice.supply)
        else f"not shown to be within the {percent(margin)} points that matter"
    )
    return [f"{_named(other, chosen)} {_points(other, chosen, advice.supply)}{price}: {verdict}"]


def _floor(advice: Advice) -> list[str]:
    """Say what can be had without a model, or that nothing is better."""
    if all(option.is_baseline for option in advice.options):
        return ["no base model is within the limits: this is what can be had without one"]
    if advice.chosen.is_baseline:
        trained = any(strategy(option.strategy).tier.rung > Tier.FROZEN.rung for option in advice.peers)
        return [
            "no model is shown to be better by as much as matters: a base model is not shown to pay here"
            if trained and not advice.undecided
            else "no frozen model is shown to be better by as much as matters, and no trained one was measured with as "
            "many labels"
        ]
    floors = [option for option in advice.peers if option.is_baseline]
    best = max(floors, key=lambda option: option.estimate.value, default=None)
    return [f"{best.words} {score(best.estimate)}"] if best else []


def _more_labels(advice: Advice) -> list[str]:
    chosen, more = advice.chosen, advice.more
    if learns(chosen.strategy) == "nothing":
        return []
    if more is not None:
        band = f"{signed(more.gain)} [{percent(more.low)}, {percent(more.high)}], extrapolated from {more.sizes} sizes"
        if advice.supply is None:
            return [f"{count(more.more, 'more label')}: about {band}"]
        # Some of these are at hand already: they are scored on, or stood in no balanced draw.
        return [f"{taught(chosen.strategy, f'{chosen.labels + more.more:,}')} instead: about {band}"]
    if advice.earlier:
        last = advice.earlier[-1]
        return [
            f"{chosen.words} with {chosen.labels:,} labels instead of {last.labels:,}: "
            f"{_points(chosen, last, advice.supply)}"
        ]
    return []


def _named(option: Option, chosen: Option) -> str:
    """Name another option; the model only where it is another one."""
    same = option.candidate == chosen.candidate
    return option.words.removesuffix(f" on {option.candidate}") if same and option.candidate else option.words


def _took(option: Option) -> str:
    if option.spent is None:
        return f"{duration(option.seconds)} a fit" if option.seconds else "cost not measured"
    return f"{duration(option.spent)}" + (f" on {option.machine}" if option.machine else "")


def _price(option: Option, chosen: Option) -> str:
    """Say what an option costs beside the chosen one; on another machine only its own time says anything."""
    if option.spent is None or chosen.spent is None or option.machine != chosen.machine:
        return f"in {duration(option.seconds)} a fit" if option.seconds else ""
    times = option.spent / chosen.spent
    if times >= 1.5:
        return f"at {times:,.0f}x the cost"
    return f"at 1/{1 / times:,.0f} of the cost" if times < 1 / 1.5 else "at about the same cost"
