"""What a test set's items say of one artifact, or of two on the same items, for any metric.

For claims about an artifact only (see `paired`): items are resampled, runs are not. Whether a beats b, a randomisation
test says; how much, and whether it is not worse by a margin, a symmetric bootstrap-t interval. The percentile interval
is a sensitivity check and decides nothing: where classes are rare it is wrong up to twice as often as it says.
Pure: seeds are arguments, and the same seed gives the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluators.statistics.intervals import Interval
from evaluators.statistics.kinds import A, B, IntVector, ItemKinds, Metric

Vector = NDArray[np.float64]

#: As the literature of paired tests on test sets uses.
RESAMPLES = 10_000
#: A resample that happens to hold no disagreement has no error of its own, and t would be infinite: errors count as at
#: least this share of the sample's. From 0.1 to 0.5 it changes next to nothing.
_LEAST_ERROR = 0.25
#: Two sums of the same numbers in another order differ by less.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class ItemDifference:
    """A difference of two artifacts over the same items, a minus b.

    Attributes:
        estimate: On all items.
        low: Lower end of the 95 % symmetric bootstrap-t interval.
        high: Upper end.
        p_value: Two-sided, of the randomisation test.
        percentile: Ends of the 95 % percentile interval.
        n: Items.
    """

    estimate: float
    low: float
    high: float
    p_value: float
    percentile: tuple[float, float]
    n: int


def metric_interval(
    labels: IntVector, predicted: IntVector, metric: Metric, *, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Return a metric with its 95 % symmetric bootstrap-t interval over items.

    Args:
        labels: (n,) true classes, from 0; n at least 1.
        predicted: (n,) classes; below 0 for one that is no class of these labels.
        metric: Which.
        resamples: At least 1.
        seed: Of the resampling.

    Raises:
        ValueError: If the shapes are not as above.
    """
    kinds = ItemKinds.of(labels, predicted, predicted, metric)
    found = _Resampled.of(kinds, metric, (A,), resamples, seed)
    return Interval(
        found.value, max(0.0, found.value - found.half), min(1.0, found.value + found.half), kinds.n
    )


def compare_items(
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
        resamples: Of the bootstrap, and exchanges of the test, each at least 1.
        seed: Of both.

    Raises:
        ValueError: If the shapes are not as above.
    """
    kinds = ItemKinds.of(labels, a, b, metric)
    found = _Resampled.of(kinds, metric, (A, B), resamples, seed)
    low, high = np.quantile(found.values, [0.025, 0.975])
    return ItemDifference(
        estimate=found.value,
        low=max(-1.0, found.value - found.half),
        high=min(1.0, found.value + found.half),
        p_value=_randomisation(kinds, metric, found.value, resamples, seed),
        percentile=(float(low), float(high)),
        n=kinds.n,
    )


def p_not_worse(
    labels: IntVector, a: IntVector, b: IntVector, metric: Metric, *, margin: float, seed: int = 0
) -> float:
    """Return the one-sided p of "a is worse than b by the margin or more", by the bootstrap-t of `compare_items`.

    Args:
        labels: (n,) true classes, from 0; n at least 1.
        a: (n,) classes that artifact a predicts; below 0 for one that is no class of these labels.
        b: The same of artifact b.
        metric: Which.
        margin: The smallest difference that matters, above 0.
        seed: Of the resampling.

    Raises:
        ValueError: If the shapes are not as above.
    """
    kinds = ItemKinds.of(labels, a, b, metric)
    return _Resampled.of(kinds, metric, (A, B), RESAMPLES, seed).p_above(-margin)


@dataclass(frozen=True, eq=False)
class _Resampled:
    """A metric, or a difference of two columns, with its standard error: on all items, and on each resample."""

    value: float
    error: float
    values: Vector
    errors: Vector

    @classmethod
    def of(
        cls, kinds: ItemKinds, metric: Metric, columns: tuple[int, ...], resamples: int, seed: int
    ) -> _Resampled:
        def measured(weights: Vector) -> tuple[Vector, Vector]:
            value, moved = kinds.influence(metric, weights, columns[0])
            if len(columns) == 2:
                other, moved_too = kinds.influence(metric, weights, columns[1])
                value, moved = value - other, moved - moved_too
            # The delta method.
            return value, np.sqrt((weights * moved**2).sum(axis=1))

        (value,), (error,) = measured(kinds.all)
        blocks = [measured(weights) for weights in kinds.drawn(resamples, seed)]
        values, errors = map(np.concatenate, zip(*blocks, strict=True))
        return cls(float(value), float(error), values, errors)

    @property
    def half(self) -> float:
        """Half the width of the symmetric bootstrap-t interval (Hall 1988): the .95 quantile of |t|, in errors."""
        if self.error == 0.0:
            return 0.0
        return float(np.quantile(self._distances, 0.95)) * self.error

    def p_above(self, bound: float) -> float:
        """Return the one-sided p of "not above the bound": below .05 where the 90 % interval is above it.

        Where nothing differs there is no error; then it is the smallest p that so many resamples can show.
        """
        above, resamples = self.value - bound, len(self.values)
        if self.error == 0.0:
            return 1.0 / (resamples + 1) if above > 0.0 else 1.0
        as_far = int((self._distances >= abs(above) / self.error - _ROUNDING).sum())
        beyond = (1 + as_far) / (resamples + 1) / 2.0
        return beyond if above > 0.0 else 1.0 - beyond

    @property
    def _distances(self) -> Vector:
        """How far resamples lie from the sample, in their own errors."""
        distances: Vector = np.abs(self.values - self.value) / np.maximum(
            self.errors, _LEAST_ERROR * self.error
        )
        return distances


def _randomisation(kinds: ItemKinds, metric: Metric, value: float, resamples: int, seed: int) -> float:
    """Return the two-sided p of no difference (Fisher 1935; for F1: Yeh 2000), at least 1 / (resamples + 1).

    If nothing tells a from b, each item's two answers might as well have been exchanged. That is all it supposes, so
    it keeps its level whatever the metric, the classes and the number of items.
    """
    as_far = sum(
        int((np.abs(_gaps(both, metric, weights)) >= abs(value) - _ROUNDING).sum())
        for both, weights in kinds.swapped(resamples, seed)
    )
    return (1 + as_far) / (resamples + 1)


def _gaps(kinds: ItemKinds, metric: Metric, weights: Vector) -> Vector:
    gaps: Vector = kinds.scores(metric, weights, A) - kinds.scores(metric, weights, B)
    return gaps
