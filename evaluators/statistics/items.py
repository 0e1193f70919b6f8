"""What a test set's items say of one artifact, or of two on the same items: bootstrap over items, for any metric.

For claims about an artifact only (see `paired`): items are resampled, runs are not. Items that both treat alike are
one kind, so that a resample is how often each kind was drawn: milliseconds a thousand, whatever the metric. Pure:
seeds are arguments, and the same seed gives the same interval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evaluators.statistics.intervals import Interval

IntVector = NDArray[np.int64]
FloatMatrix = NDArray[np.float64]
Metric = Literal["accuracy", "macro_f1"]

#: As the literature of paired tests on test sets uses.
RESAMPLES = 10_000
#: Numbers held at once while resampling.
_BLOCK = 1 << 20


@dataclass(frozen=True)
class ItemDifference:
    """A difference of two artifacts over the same items, a minus b.

    Attributes:
        estimate: On all items.
        low: Lower end of the 95 % percentile interval.
        high: Upper end.
        p_value: Two-sided, of no difference.
        n: Items.
    """

    estimate: float
    low: float
    high: float
    p_value: float
    n: int


def metric_interval(
    labels: IntVector, predicted: IntVector, metric: Metric, *, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Return a metric with its 95 % bootstrap interval over items.

    Args:
        labels: (n,) true classes, from 0; n at least 1.
        predicted: (n,) classes; below 0 for one that is no class of these labels.
        metric: Which.
        resamples: At least 1.
        seed: Of the resampling.

    Raises:
        ValueError: If the shapes are not as above.
    """
    kinds = _Kinds.of(labels, predicted, predicted)
    values = kinds.resampled(metric, resamples, seed)[0]
    low, high = np.quantile(values, [0.025, 0.975])
    return Interval(kinds.on_all(metric)[0], float(low), float(high), len(labels))


def paired_item_bootstrap(
    labels: IntVector,
    a: IntVector,
    b: IntVector,
    metric: Metric,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> ItemDifference:
    """Compare two artifacts on the same items, resampled together.

    Args:
        labels: (n,) true classes, from 0; n at least 1.
        a: (n,) classes that artifact a predicts; below 0 for one that is no class of these labels.
        b: The same of artifact b.
        metric: Which.
        resamples: At least 1.
        seed: Of the resampling.

    Returns:
        The difference. Its p-value is that of the percentile interval that just excludes 0, and never 0 itself.

    Raises:
        ValueError: If the shapes are not as above.
    """
    kinds = _Kinds.of(labels, a, b)
    of_a, of_b = kinds.resampled(metric, resamples, seed)
    differences = of_a - of_b
    low, high = np.quantile(differences, [0.025, 0.975])
    below, above = int((differences <= 0).sum()), int((differences >= 0).sum())
    p_value = min(1.0, 2.0 * (1 + min(below, above)) / (resamples + 1))
    all_a, all_b = kinds.on_all(metric)
    return ItemDifference(all_a - all_b, float(low), float(high), p_value, len(labels))


@dataclass(frozen=True, eq=False)
class _Kinds:
    """Items by what matters of them: true class, class that a predicts, class that b predicts."""

    rows: NDArray[np.int64]
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, labels: IntVector, a: IntVector, b: IntVector) -> _Kinds:
        if labels.ndim != 1 or not len(labels) or labels.shape != a.shape or a.shape != b.shape:
            raise ValueError(
                f"labels {labels.shape}, predictions {a.shape} and {b.shape}: (n,) each expected"
            )
        if labels.min() < 0:
            raise ValueError("a label is a class, from 0")
        rows, counts = np.unique(np.stack([labels, a, b], axis=1), axis=0, return_counts=True)
        return cls(rows, counts)

    def on_all(self, metric: Metric) -> tuple[float, float]:
        """Return the metric of a and of b on all items."""
        whole = self.counts[None, :].astype(np.float64)
        return float(self._scores(metric, whole, 1)[0]), float(self._scores(metric, whole, 2)[0])

    def resampled(self, metric: Metric, resamples: int, seed: int) -> tuple[FloatMatrix, FloatMatrix]:
        """Return the metric of a and of b on each resample, (resamples,) each."""
        generator = np.random.default_rng(seed)
        n = int(self.counts.sum())
        found = np.empty((2, resamples))
        rows = max(1, _BLOCK // max(len(self.counts), self._classes))
        for start in range(0, resamples, rows):
            size = min(rows, resamples - start)
            drawn = generator.multinomial(n, self.counts / n, size=size).astype(np.float64)
            for column in (1, 2):
                found[column - 1, start : start + size] = self._scores(metric, drawn, column)
        return found[0], found[1]

    @property
    def _classes(self) -> int:
        return int(self.rows.max()) + 1

    def _scores(self, metric: Metric, weights: FloatMatrix, column: int) -> FloatMatrix:
        """Return the metric of one artifact for each row of weights over the kinds."""
        truth, predicted = self.rows[:, 0], self.rows[:, column]
        right = (truth == predicted).astype(np.float64)
        if metric == "accuracy":
            share: FloatMatrix = (weights @ right) / weights.sum(axis=1)
            return share
        of_truth, of_predicted = self._indicator(truth), self._indicator(predicted)
        occurring = weights @ of_truth + weights @ of_predicted
        hits = weights @ (of_truth * right[:, None])
        # As `evaluators.metrics.classification.macro_f1`: a class that nobody has and nobody predicts is left out.
        f1 = np.divide(2.0 * hits, occurring, out=np.zeros_like(hits), where=occurring > 0)
        mean: FloatMatrix = f1.sum(axis=1) / (occurring > 0).sum(axis=1)
        return mean

    def _indicator(self, classes: IntVector) -> FloatMatrix:
        found: FloatMatrix = (classes[:, None] == np.arange(self._classes)[None, :]).astype(np.float64)
        return found
