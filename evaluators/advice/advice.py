"""What is advised, as one value: the choice, what it was chosen among, and what is not known."""

from __future__ import annotations

from dataclasses import dataclass

from evaluators.advice.forecast import Forecast
from evaluators.advice.option import Option
from evaluators.advice.supply import Supply


@dataclass(frozen=True)
class Advice:
    """What to use.

    Attributes:
        chosen: The lightest option that is as good as the best, within the margin.
        labels: Most labels that a transfer was measured with. `chosen` has fewer where that is enough to be ahead.
        options: Every model with a strategy, and every floor, at its largest size, best first.
        peers: Everything measured with as many labels as `chosen`, best first.
        earlier: The chosen option at smaller sizes, smallest first.
        margin: The smallest difference that matters.
        passed: What would be chosen of what has most labels, where `chosen` is ahead of it with fewer.
        undecided: Heavier options that led by more than margin and noise with the fewer labels that they were measured
            with, and were not measured with `labels`.
        more: What more labels would bring, extrapolated; None where too little was measured to say.
        supply: The labels that there are; None if that is not asked.
        sentence: Why, with numbers.
    """

    chosen: Option
    labels: int
    options: tuple[Option, ...]
    peers: tuple[Option, ...]
    earlier: tuple[Option, ...]
    margin: float
    passed: Option | None = None
    undecided: tuple[Option, ...] = ()
    more: Forecast | None = None
    supply: Supply | None = None
    sentence: str = ""
