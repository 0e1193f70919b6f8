"""What to use: the lightest option that is as good as the best, and what nobody measured yet that could change it.

In: what was measured on one task, in any number of documents. Out: `Advice`. Pure; scores are of validation sets, so
asking as often as one likes costs nothing. Options are compared run by run where their runs have the same draws, else
by their means within the task's margin: a first answer, not a claim. Claims stand in the findings.

Light strategies are measured at more sizes than heavy ones. What a heavy one reached with fewer labels counts: if it is
above everything that was measured with most labels, it is chosen; if it led where both were measured, and the light one
has caught up with more labels since, the light one is chosen and the question is called open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evaluators.advice.advice import Advice
from evaluators.advice.forecast import forecast
from evaluators.advice.front import dominator
from evaluators.advice.option import Option
from evaluators.advice.option_gap import ahead, sufficient
from evaluators.advice.sentence import advice_sentence
from evaluators.advice.supply import Supply


def advise(
    options: Sequence[Option], *, margin: float, supply: Supply | None = None, or_floor: bool = False
) -> Advice | None:
    """Choose among options.

    Args:
        options: What was measured.
        margin: The smallest difference that matters.
        supply: The labels that there are, where the sentence shall speak of them.
        or_floor: Whether a floor is an answer where no transfer is among the options, as within narrow limits.

    Returns:
        The advice; None if no transfer was measured, and no floor either or a floor is no answer.
    """
    if supply is not None:
        options = [supply.widened(option) for option in options]
    transfers = [option for option in options if not option.is_baseline]
    if not transfers and not (or_floor and options):
        return None
    size = max(option.labels_per_class for option in transfers or options)
    here = _at(options, size)
    first = _lightest(here, margin)
    absent = _absent(options, here)
    better = [option for option in absent if ahead(option, first, margin=margin)]
    chosen = _lightest(better, margin) if better else first
    earlier = [
        option
        for option in options
        if _arm(option) == _arm(chosen) and option.labels_per_class < chosen.labels_per_class
    ]
    earlier.sort(key=lambda option: option.labels_per_class)
    undecided = () if better else tuple(_leading(absent, first, options, margin))
    advice = Advice(
        chosen,
        max(option.labels for option in here),
        options=tuple(sorted([*here, *absent], key=_best_first)),
        peers=tuple(_at(options, chosen.labels_per_class)),
        earlier=tuple(earlier),
        margin=margin,
        passed=first if better else None,
        undecided=undecided,
        more=forecast([*earlier, chosen]),
        supply=supply,
    )
    return replace(advice, sentence=advice_sentence(advice))


def _lightest(options: Sequence[Option], margin: float) -> Option:
    """Return the lightest option that is shown to be within the margin of the best one, and that nothing dominates."""
    # What failed in some runs is not chosen while something else ran in all of them.
    able = [option for option in options if not option.failed] or options
    # A floor that no transfer beats is the honest answer too.
    best = min(able, key=_best_first)
    enough = [option for option in able if option is best or sufficient(option, best, margin=margin)]
    # Rungs and seconds may disagree: what is worse and took longer is no answer, though it is of a lighter rung.
    kept = [option for option in enough if dominator(option, able) is None] or enough
    return min(kept, key=lambda option: option.weight)


def _absent(options: Sequence[Option], here: Sequence[Option]) -> list[Option]:
    """Return what was measured with fewer labels only, each at its largest size; not what failed in some runs."""
    present = {_arm(option) for option in here}
    size = here[0].labels_per_class
    found: dict[tuple[str, str], Option] = {}
    for option in options:
        if _arm(option) in present or option.failed or option.labels_per_class > size:
            continue
        known = found.get(_arm(option))
        if known is None or option.labels_per_class > known.labels_per_class:
            found[_arm(option)] = option
    return list(found.values())


def _leading(
    absent: Sequence[Option], chosen: Option, options: Sequence[Option], margin: float
) -> list[Option]:
    """Return the heavier transfers that led where the chosen option was measured beside them."""
    beside = {option.labels_per_class: option for option in options if _arm(option) == _arm(chosen)}
    return [
        option
        for option in absent
        if not option.is_baseline
        and option.weight[:2] > chosen.weight[:2]
        and option.labels_per_class in beside
        and ahead(option, beside[option.labels_per_class], margin=margin)
    ]


def _at(options: Sequence[Option], size: int) -> list[Option]:
    return sorted((option for option in options if option.labels_per_class == size), key=_best_first)


def _arm(option: Option) -> tuple[str, str]:
    return option.candidate, option.strategy


def _best_first(option: Option) -> tuple[float, tuple[int, float, int, float]]:
    return -option.estimate.value, option.weight
