"""The labels that somebody has, and how they are used: what an answer about "my data" starts from. Pure.

Draws of nearly the whole pool are nearly the same draw, so the spread of their runs says nothing of luck. There the
interval is at least that of the samples which are scored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from evaluators.advice.option import Option
from evaluators.evidence import Estimate
from evaluators.facts import TaskFacts
from evaluators.statistics.intervals import wilson_interval
from evaluators.wording import METRIC_TITLES, count, metric_title

#: Share of the pool from which on two draws are so alike that their spread says little about other labels.
_ALIKE = 0.5


@dataclass(frozen=True)
class Supply:
    """Labels at hand.

    Attributes:
        words: Whose they are and how many: `Your 480 labels`.
        train: Those that may be trained on while something is measured.
        scored: Those that it is scored on.
        metric: What is scored.
    """

    words: str
    train: int
    scored: int
    metric: str

    def shared(self, labels: int) -> float | None:
        """Return the least share of labels that two draws have in common; None where they are different enough."""
        share = min(1.0, labels / self.train)
        return share if share >= _ALIKE else None

    def widened(self, option: Option) -> Option:
        """Return an option whose interval is no narrower than that of the samples, where its draws are alike."""
        known = option.estimate
        if (
            self.shared(option.labels) is None
            or self.metric != METRIC_TITLES["accuracy"]
            or known.low is None
        ):
            return option
        of_items = wilson_interval(round(known.value * self.scored), self.scored)
        low, high = (known.low, of_items.low), (known.high, of_items.high)
        estimate = Estimate(
            value=known.value,
            low=min(end for end in low if end is not None),
            high=max(end for end in high if end is not None),
            n=known.n,
        )
        return replace(option, estimate=estimate)


def supply_of(facts: TaskFacts) -> Supply:
    """Return the labels of a task; of a catalog's task those of the locked test are not counted."""
    train, scored = facts.sizes.get("train", 0), facts.sizes.get("validation", 0)
    if facts.promotable:
        words = f"{facts.id}, {count(train + scored, 'label')} beside its test"
    else:
        words = f"Your {count(train + scored + facts.sizes.get('test', 0), 'label')}"
    return Supply(words, max(1, train), scored, metric_title(facts.metric))
