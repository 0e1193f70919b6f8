"""Pairs of artifacts whose true difference in macro-F1 is known, and how often what we say of them is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from evaluators.statistics.items import ItemDifference, compare_items


@dataclass(frozen=True)
class Setting:
    """How a test set and the answers of two artifacts come about.

    Attributes:
        classes: Number of them.
        items: Size of the test set.
        share: Probability that artifact a knows an item; otherwise it guesses.
        shared: Probability that b has a's luck with an item, as two models trained on the same labels have.
        tail: Whether class k is as frequent as 1 / k; otherwise the first is half of all, the others are alike.
        gain: What a is better by, in macro-F1.
    """

    classes: int
    items: int
    share: float = 0.8
    shared: float = 0.0
    tail: bool = True
    gain: float = 0.0

    @cached_property
    def frequencies(self) -> np.ndarray:
        """(classes,) of the classes."""
        if self.tail:
            found = 1.0 / np.arange(1, self.classes + 1)
            return found / found.sum()
        return np.r_[0.5, np.full(self.classes - 1, 0.5 / (self.classes - 1))]

    def macro_f1(self, share: float) -> float:
        """Return macro-F1 over endlessly many items."""
        hits = self.frequencies * (share + (1 - share) / self.classes)
        predicted = self.frequencies * share + (1 - share) / self.classes
        return float(np.mean(2 * hits / (self.frequencies + predicted)))

    @cached_property
    def share_b(self) -> float:
        """Probability that b knows an item, which makes it worse by `gain`."""
        if not self.gain:
            return self.share
        grid = np.linspace(0.0, 1.0, 2001)
        gains = self.macro_f1(self.share) - np.array([self.macro_f1(share) for share in grid])
        return float(grid[np.abs(gains - self.gain).argmin()])

    def answers(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return labels and what a and b say."""
        n, classes = self.items, self.classes
        labels = random.choice(classes, n, p=self.frequencies)
        together = random.random(n) < self.shared
        luck, guess = random.random((2, n)), random.integers(0, classes, (2, n))
        luck[1], guess[1] = np.where(together, luck[0], luck[1]), np.where(together, guess[0], guess[1])
        a = np.where(luck[0] < self.share, labels, guess[0])
        b = np.where(luck[1] < self.share_b, labels, guess[1])
        return labels, a, b

    def comparisons(self, times: int, *, resamples: int = 199, seed: int = 0) -> Iterator[ItemDifference]:
        """Yield what is said of `times` test sets."""
        random = np.random.default_rng(seed)
        for one in range(times):
            labels, a, b = self.answers(random)
            yield compare_items(labels, a, b, "macro_f1", resamples=resamples, seed=one)


def says_better(found: ItemDifference) -> bool:
    """Whether a is said to gain, as `hub.gate_rules.artifact` says it of one comparison."""
    return found.p_value <= 0.05 and found.estimate > 0.0
