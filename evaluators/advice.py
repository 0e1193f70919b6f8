"""What to use, in one sentence: the lightest option that is as good as the best, and what more labels would bring.

In: findings about one task, in any number of documents. Out: `Advice`. Pure; scores are of validation sets, so asking
as often as one likes costs nothing. Options are compared run by run where their runs drew the same labels, else by
their means within the task's margin: a first answer, not a claim. Claims stand in the findings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluators.evidence import Estimate
from evaluators.forecast import Forecast, forecast
from evaluators.option import Option, options_of
from evaluators.statistics.paired import non_inferior, paired_t
from evaluators.wording import count, difference, duration, percent, score, signed

__all__ = ["Advice", "Option", "advise", "gap", "options_of", "sufficient"]


@dataclass(frozen=True)
class Advice:
    """What to use.

    Attributes:
        chosen: The lightest option that is as good as the best, within the margin.
        sentence: Why, with numbers.
        options: Everything measured at the size that decides, best first.
        earlier: The chosen option at smaller sizes, smallest first.
        margin: The smallest difference that matters.
        more: What more labels would bring, extrapolated; None where too little was measured to say.
    """

    chosen: Option
    sentence: str
    options: tuple[Option, ...]
    earlier: tuple[Option, ...]
    margin: float
    more: Forecast | None = None


def advise(options: Sequence[Option], *, margin: float) -> Advice | None:
    """Choose among options.

    Args:
        options: What was measured.
        margin: The smallest difference that matters.

    Returns:
        The advice at the largest size at which a transfer was measured; None if none was.
    """
    transfers = [option for option in options if not option.is_baseline]
    if not transfers:
        return None
    size = max(option.labels_per_class for option in transfers)
    here = sorted(
        (option for option in options if option.labels_per_class == size),
        key=lambda option: (-option.estimate.value, option.weight),
    )
    # What failed in some runs is not chosen while something else ran in all of them.
    able = [option for option in here if not option.failed] or here
    # A floor that no transfer beats is the honest answer too.
    best = able[0]
    enough = [option for option in able if option is best or sufficient(option, best, margin=margin)]
    chosen = min(enough, key=lambda option: option.weight)
    earlier = sorted(
        (
            option
            for option in options
            if (option.candidate, option.strategy) == (chosen.candidate, chosen.strategy)
            and option.labels_per_class < size
        ),
        key=lambda option: option.labels_per_class,
    )
    more = forecast([*earlier, chosen])
    parts = [f"{count(chosen.labels, 'label')}: {chosen.words} {score(chosen.estimate)}, {_took(chosen)}"]
    parts += _heavier(chosen, here, margin) or _heavier_with_fewer(earlier, options)
    parts += _lighter(chosen, here, margin)
    parts += _floor(chosen, here)
    parts += _more_labels(chosen, earlier, more)
    sentence = "; ".join(parts) + "."
    return Advice(chosen, sentence, tuple(here), tuple(earlier), margin, more)


def gap(option: Option, other: Option) -> Estimate:
    """Return option minus other in the metric: paired over the runs that drew the same labels, else of the means.

    The means' difference has no interval: nothing says how much of it is luck.
    """
    runs = _differences(option, other)
    if len(runs) < 2:
        return Estimate(value=option.estimate.value - other.estimate.value, n=len(runs))
    found = paired_t(runs)
    return Estimate(value=found.estimate, low=found.low, high=found.high, n=len(runs))


def sufficient(option: Option, best: Option, *, margin: float) -> bool:
    """Whether an option is shown to be no worse than another by the margin; by means where no runs are paired."""
    runs = _differences(option, best)
    if len(runs) < 2:
        return option.estimate.value >= best.estimate.value - margin
    return non_inferior(runs, margin)


def _differences(option: Option, other: Option) -> list[float]:
    paired = dict(other.runs)
    return [value - paired[run] for run, value in option.runs if run in paired]


def _floor(chosen: Option, here: Sequence[Option]) -> list[str]:
    """Say what can be had without a model, or that nothing is better."""
    if chosen.is_baseline:
        return ["no model is better by as much as matters: a base model does not pay here"]
    floors = [option for option in here if option.is_baseline]
    best = max(floors, key=lambda option: option.estimate.value, default=None)
    return [f"{best.words} {score(best.estimate)}"] if best else []


def _heavier(chosen: Option, here: Sequence[Option], margin: float) -> list[str]:
    """Say what the best heavier option would bring, and at which price."""
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
    price = f" {_price(other, chosen)}" if _price(other, chosen) else ""
    dearer = other.spent is None or chosen.spent is None or other.spent > chosen.spent
    # The ladder is ordered by what is trained; on a small network full fine-tuning may be the faster one.
    verdict = (
        f"{'not worth it' if dearer else 'heavier, and no better by what matters'} ({percent(margin)} points"
    )
    verdict += " matter)" if dearer else ")"
    return [f"{_named(other, chosen)} {_points(gap(other, chosen))}{price}: {verdict}"]


def _heavier_with_fewer(earlier: Sequence[Option], options: Sequence[Option]) -> list[str]:
    """Say what the best heavier strategy brought where one was measured beside the chosen one, with most labels."""
    for smaller in reversed(earlier):
        there = [
            option
            for option in options
            if option.labels == smaller.labels
            and not option.is_baseline
            and option.weight[:2] > smaller.weight[:2]
            and not option.failed
        ]
        if there:
            other = max(there, key=lambda option: option.estimate.value)
            price = f" {_price(other, smaller)}" if _price(other, smaller) else ""
            return [
                f"heavier ones were measured with {count(smaller.labels, 'label')} at most: {_named(other, smaller)} "
                f"{_points(gap(other, smaller))} there{price}"
            ]
    return []


def _lighter(chosen: Option, here: Sequence[Option], margin: float) -> list[str]:
    """Say why the best lighter transfer is not enough."""
    lighter = [option for option in here if not option.is_baseline and option.weight[:3] < chosen.weight[:3]]
    if not lighter:
        return []
    other = max(lighter, key=lambda option: option.estimate.value)
    behind = gap(other, chosen)
    price = f" {_price(other, chosen)}" if _price(other, chosen) else ""
    verdict = (
        f"too little ({percent(margin)} points matter)"
        if behind.value < -margin
        else f"not shown to be within the {percent(margin)} points that matter"
    )
    return [f"{_named(other, chosen)} {_points(behind)}{price}: {verdict}"]


def _more_labels(chosen: Option, earlier: Sequence[Option], more: Forecast | None) -> list[str]:
    if more is not None:
        band = f"{signed(more.gain)} [{percent(more.low)}, {percent(more.high)}]"
        return [f"{count(more.more, 'more label')}: about {band}, extrapolated from {more.sizes} sizes"]
    if earlier:
        last = earlier[-1]
        return [f"from {last.labels} to {chosen.labels} labels it gained {_points(gap(chosen, last))}"]
    return []


def _named(option: Option, chosen: Option) -> str:
    """Name another option; the model only where it is another one."""
    same = option.candidate == chosen.candidate
    return option.words.removesuffix(f" on {option.candidate}") if same and option.candidate else option.words


def _points(estimate: Estimate) -> str:
    return difference(estimate) if estimate.low is not None else signed(estimate.value)


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
