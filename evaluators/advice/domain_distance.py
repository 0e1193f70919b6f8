"""How far a task's domain is from what a base was trained on, judged by what its frozen features can do there.

In: options measured at one size. Out: close, far, or nothing where the measurements do not say. A proxy, and named one:
features that beat what the data alone can do carry something over; features that do not are foreign here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from evaluators.advice.option import Option
from evaluators.advice.option_gap import gap
from evaluators.strategy import Tier, strategy
from evaluators.wording import points


@dataclass(frozen=True)
class DomainDistance:
    """How far a domain is.

    Attributes:
        distance: `close` or `far`.
        reason: The comparison that says so, as a clause.
    """

    distance: Literal["close", "far"]
    reason: str


def domain_distance(options: Sequence[Option], *, margin: float) -> DomainDistance | None:
    """Judge the distance of the base whose frozen features do best.

    Args:
        options: What was measured on the task; the largest size with both frozen features and a floor counts.
        margin: The smallest difference that matters.

    Returns:
        `close` if the features beat the best floor on the data alone by more than the margin and more than noise,
        `far` if they are shown not to; None if neither is shown, or one of the two was not measured.
    """
    for size in sorted({option.labels_per_class for option in options}, reverse=True):
        here = [option for option in options if option.labels_per_class == size]
        frozen = [option for option in here if strategy(option.strategy).tier is Tier.FROZEN]
        floors = [option for option in here if strategy(option.strategy).subject == "nothing"]
        if frozen and floors:
            return _judged(_best(frozen), _best(floors), margin)
    return None


def _judged(features: Option, floor: Option, margin: float) -> DomainDistance | None:
    lead = gap(features, floor)
    if lead.low is None or lead.high is None:
        return None  # one run shows nothing
    reason = f"{features.words}, frozen, is {points(lead)} points from {floor.words}"
    if lead.value > margin and lead.low > 0.0:
        return DomainDistance("close", reason)
    return DomainDistance("far", reason) if lead.high < margin else None


def _best(options: Sequence[Option]) -> Option:
    return max(options, key=lambda option: option.estimate.value)
