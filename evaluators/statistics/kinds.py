"""Items of a test set by what matters of them: true class, class that a predicts, class that b predicts.

In: labels and two predictions. Out: a metric of either, its influence and its resamples, for whole rows of weights over
the kinds at once. Items that both treat alike are one kind, so that a resample is how often each kind was drawn:
milliseconds a thousand, whatever the metric. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

IntVector = NDArray[np.int64]
FloatMatrix = NDArray[np.float64]
Metric = Literal["accuracy", "macro_f1"]
#: Column of `ItemKinds.rows` that holds what an artifact predicts.
A, B = 1, 2

#: Numbers held at once while resampling.
_BLOCK = 1 << 20


@dataclass(frozen=True, eq=False)
class ItemKinds:
    """Kinds of items and how many there are of each.

    Attributes:
        rows: (kinds, 3) true class, class of a, class of b; predictions below 0 are of no class.
        counts: (kinds,) items of each kind.
    """

    rows: IntVector
    counts: IntVector

    @classmethod
    def of(cls, labels: IntVector, a: IntVector, b: IntVector, metric: Metric) -> ItemKinds:
        """Count the kinds of (n,) items, n at least 1, as far as the metric tells them apart.

        Raises:
            ValueError: If the shapes differ, there is no item, or a label is below 0.
        """
        if labels.ndim != 1 or not len(labels) or labels.shape != a.shape or a.shape != b.shape:
            raise ValueError(
                f"labels {labels.shape}, predictions {a.shape} and {b.shape}: (n,) each expected"
            )
        if int(np.min(labels)) < 0:
            raise ValueError("a label is a class, from 0")
        if metric == "accuracy":
            # Right or wrong is all that counts: class 0, or none.
            a, b, labels = np.where(a == labels, 0, -1), np.where(b == labels, 0, -1), np.zeros_like(labels)
        rows, counts = np.unique(np.stack([labels, a, b], axis=1), axis=0, return_counts=True)
        return cls(rows, counts)

    @property
    def n(self) -> int:
        """Items."""
        return int(self.counts.sum())

    @property
    def all(self) -> FloatMatrix:
        """(1, kinds) the weights of all items as they are."""
        found: FloatMatrix = self.counts[None, :].astype(np.float64)
        return found

    def drawn(self, resamples: int, seed: int) -> Iterator[FloatMatrix]:
        """Yield weights (rows, kinds) of bootstrap resamples of n items, block by block, `resamples` rows in all."""
        generator = np.random.default_rng(seed)
        for size in self._blocks(resamples):
            yield generator.multinomial(self.n, self.counts / self.n, size=size).astype(np.float64)

    def swapped(self, resamples: int, seed: int) -> Iterator[tuple[ItemKinds, FloatMatrix]]:
        """Yield kinds and weights (rows, kinds) in which, item by item, a coin says whether a and b are exchanged."""
        # A stream of its own, so that it does not hang together with the bootstrap of the same seed.
        generator = np.random.default_rng((seed, 1))
        both = ItemKinds(np.vstack([self.rows, self.rows[:, [0, B, A]]]), np.tile(self.counts, 2))
        for size in self._blocks(resamples):
            heads = generator.binomial(self.counts, 0.5, size=(size, len(self.counts)))
            yield both, np.hstack([self.counts - heads, heads]).astype(np.float64)

    def scores(self, metric: Metric, weights: FloatMatrix, column: int) -> FloatMatrix:
        """Return the metric (rows,) of one artifact for each row of weights (rows, kinds)."""
        if metric == "accuracy":
            share: FloatMatrix = (weights @ self._right(column)) / weights.sum(axis=1)
            return share
        f1, occurring = self._f1(weights, column)
        return _mean(f1, occurring)

    def influence(self, metric: Metric, weights: FloatMatrix, column: int) -> tuple[FloatMatrix, FloatMatrix]:
        """Return the metric (rows,), and by how much one more item of a kind moves it to first order, (rows, kinds)."""
        right = self._right(column)
        if metric == "accuracy":
            share = self.scores(metric, weights, column)
            moved: FloatMatrix = (right - share[:, None]) / weights.sum(axis=1, keepdims=True)
            return share, moved
        f1, occurring = self._f1(weights, column)
        # F1 of a class is 2 hits / occurring; an item is one of its class, and one of the class it is taken for.
        each = np.divide(1.0, occurring, out=np.zeros_like(occurring), where=occurring > 0)
        each /= (occurring > 0).sum(axis=1, keepdims=True)
        less = np.hstack([f1 * each, np.zeros((len(f1), 1))])
        truth = self.rows[:, 0]
        taken = np.where(self.rows[:, column] < 0, self._classes, self.rows[:, column])
        change: FloatMatrix = (2.0 * right) * each[:, truth]
        change -= less[:, truth]
        change -= less[:, taken]
        return _mean(f1, occurring), change

    def _f1(self, weights: FloatMatrix, column: int) -> tuple[FloatMatrix, FloatMatrix]:
        """Return F1 (rows, classes), and how often each class is true or predicted.

        As in `evaluators.metrics.classification.macro_f1` a class that nobody has and nobody predicts is left out.
        """
        of_truth = self._indicator(self.rows[:, 0])
        occurring = weights @ of_truth + weights @ self._indicator(self.rows[:, column])
        hits = weights @ (of_truth * self._right(column)[:, None])
        f1 = np.divide(2.0 * hits, occurring, out=np.zeros_like(hits), where=occurring > 0)
        return f1, occurring

    def _right(self, column: int) -> FloatMatrix:
        found: FloatMatrix = (self.rows[:, 0] == self.rows[:, column]).astype(np.float64)
        return found

    def _indicator(self, classes: IntVector) -> FloatMatrix:
        found: FloatMatrix = (classes[:, None] == np.arange(self._classes)[None, :]).astype(np.float64)
        return found

    @property
    def _classes(self) -> int:
        return int(np.max(self.rows)) + 1

    def _blocks(self, resamples: int) -> Iterator[int]:
        rows = max(1, _BLOCK // max(len(self.counts), self._classes))
        for start in range(0, resamples, rows):
            yield min(rows, resamples - start)


def _mean(f1: FloatMatrix, occurring: FloatMatrix) -> FloatMatrix:
    mean: FloatMatrix = f1.sum(axis=1) / (occurring > 0).sum(axis=1)
    return mean
