"""The labels that somebody has, and how they are used: what an answer about "my data" starts from. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from evaluators.evidence import TaskFacts
from evaluators.wording import count, metric_title

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


def supply_of(facts: TaskFacts) -> Supply:
    """Return the labels of a task; of a catalog's task those of the locked test are not counted."""
    train, scored = facts.sizes.get("train", 0), facts.sizes.get("validation", 0)
    if facts.promotable:
        words = f"{facts.id}, {count(train + scored, 'label')} beside its test"
    else:
        words = f"Your {count(train + scored + facts.sizes.get('test', 0), 'label')}"
    return Supply(words, max(1, train), scored, metric_title(facts.metric))
