"""Items that come in groups: two artifacts on the same items, where whole groups are resampled and exchanged.

A patient's ten images are not ten independent items. Whoever treats them so has intervals that are too narrow, by about
the root of the group's size where a group is answered alike. Groups are taken as a sample and items as they come in
them, so what counts is how many groups there are. For claims about an artifact, as `items`; `by_group` is for runs and
groups together. Pure: seeds are arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from evaluators.statistics.intervals import Interval
from evaluators.statistics.items import RESAMPLES, ItemDifference
from evaluators.statistics.kinds import IntVector, Metric

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

#: Fewer groups show nothing of others: exchanging five gives no p below .06.
FEWEST_GROUPS = 6
#: Two sums of the same numbers in another order differ by less.
_ROUNDING = 1e-12
#: Numbers held at once while resampling.
_BLOCK = 1 << 20


def by_group(differences: Matrix, groups: IntVector) -> Matrix:
    """Return differences of items as differences of groups, so that their spread over columns is that of groups.

    The mean over items is a quotient of sums over groups of unequal sizes; its spread is that of the sums from what
    their sizes explain (Cochran 1977).

    Args:
        differences: (runs, n) a minus b.
        groups: (n,) which group each item is of, from 0.

    Returns:
        (runs, groups) of the same overall mean.

    Raises:
        ValueError: If the shapes differ.
    """
    if differences.ndim != 2 or groups.shape != differences.shape[1:]:
        raise ValueError(f"groups {groups.shape}: one for each of {differences.shape[1:]} items is expected")
    sums, sizes = _sums(differences, groups), np.bincount(groups).astype(np.float64)
    sums, sizes = sums[:, sizes > 0], sizes[sizes > 0]
    mean = float(differences.mean())
    found: Matrix = mean + (sums - sizes * mean) * len(sizes) / differences.shape[1]
    return found


def compare_groups(  # noqa: PLR0913 - two artifacts, their items in groups, and how it is computed
    labels: IntVector,
    a: IntVector,
    b: IntVector,
    groups: IntVector,
    metric: Metric,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> ItemDifference:
    """Compare two artifacts on the same items, groups of which are resampled, and exchanged, whole.

    The interval is of Student's t with groups - 1 degrees of freedom over the bootstrap's standard error; p is that of
    exchanging the answers of whole groups (Fisher 1935), which holds its level at any number of groups.

    Args:
        labels: (n,) true classes, from 0.
        a: (n,) classes that artifact a predicts; below 0 for one that is no class of these labels.
        b: The same of artifact b.
        groups: (n,) which group each item is of, from 0; at least two groups.
        metric: Which.
        resamples: Of the bootstrap, and exchanges of the test.
        seed: Of both.

    Raises:
        ValueError: If the shapes differ, or there are fewer than two groups.
    """
    classes = 1 + max(int(row.max(initial=0)) for row in (labels, a, b))
    first, second = _Tallies.of(labels, a, groups, classes), _Tallies.of(labels, b, groups, classes)
    everything = np.ones((1, first.groups))
    value = float((first.score(everything, metric) - second.score(everything, metric))[0])
    draws = [
        first.score(weights, metric) - second.score(weights, metric)
        for weights in _drawn(first.groups, resamples, seed)
    ]
    values = np.concatenate(draws)
    half = _half(values, first.groups)
    low, high = np.quantile(values, [0.025, 0.975])
    return ItemDifference(
        estimate=value,
        low=max(-1.0, value - half),
        high=min(1.0, value + half),
        p_value=_exchanged(first, second, metric, value, resamples, seed),
        percentile=(float(low), float(high)),
        n=len(labels),
    )


def p_not_worse_of_groups(found: ItemDifference, groups: int, margin: float) -> float:
    """Return the one-sided p of "a is worse than b by the margin or more", from what `compare_groups` found.

    Args:
        found: The comparison.
        groups: How many groups it is over, at least 2.
        margin: The smallest difference that matters, above 0.
    """
    # The wider side: the other one may have been cut at the end of the scale.
    half = max(found.high - found.estimate, found.estimate - found.low)
    error = half / float(stdtrit(groups - 1, 0.975))
    if groups < FEWEST_GROUPS:
        return 1.0
    if error == 0.0:
        return 1.0 / (RESAMPLES + 1) if found.estimate > -margin else 1.0
    return float(stdtr(groups - 1, -(found.estimate + margin) / error))


def metric_interval_of_groups(
    labels: IntVector,
    predicted: IntVector,
    groups: IntVector,
    metric: Metric,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Return a metric with its 95 % interval over groups; see `compare_groups`."""
    classes = 1 + max(int(row.max(initial=0)) for row in (labels, predicted))
    tallies = _Tallies.of(labels, predicted, groups, classes)
    value = float(tallies.score(np.ones((1, tallies.groups)), metric)[0])
    values = np.concatenate(
        [tallies.score(weights, metric) for weights in _drawn(tallies.groups, resamples, seed)]
    )
    half = _half(values, tallies.groups)
    return Interval(value, max(0.0, value - half), min(1.0, value + half), len(labels))


@dataclass(frozen=True, eq=False)
class _Tallies:
    """What an artifact answers, counted by group and class.

    Attributes:
        right: (groups, classes) items that are of the class and were said to be.
        true: (groups, classes) items that are of the class.
        said: (groups, classes) items that were said to be of the class.
    """

    right: Matrix
    true: Matrix
    said: Matrix

    @classmethod
    def of(cls, labels: IntVector, predicted: IntVector, groups: IntVector, classes: int) -> _Tallies:
        if not len(labels) or labels.shape != predicted.shape or labels.shape != groups.shape:
            raise ValueError(
                f"labels {labels.shape}, predictions {predicted.shape}, groups {groups.shape}: (n,) each expected"
            )
        numbers = np.unique(groups, return_inverse=True)[1].reshape(-1)
        if int(numbers.max()) == 0:
            raise ValueError("one group says nothing about another")
        shape, known = (int(numbers.max()) + 1, classes), predicted >= 0
        true, said = np.zeros(shape), np.zeros(shape)
        np.add.at(true, (numbers, labels), 1.0)
        np.add.at(said, (numbers[known], predicted[known]), 1.0)
        right = np.zeros(shape)
        hit = predicted == labels
        np.add.at(right, (numbers[hit], labels[hit]), 1.0)
        return cls(right, true, said)

    @property
    def groups(self) -> int:
        """Groups."""
        return len(self.true)

    def counts(self, weights: Matrix) -> tuple[Matrix, Matrix, Matrix]:
        """Return the counts (rows, classes) of whole rows of weights over the groups."""
        return weights @ self.right, weights @ self.true, weights @ self.said

    def score(self, weights: Matrix, metric: Metric) -> Vector:
        """Return (rows,) the metric under each row of weights."""
        return _score(self.counts(weights), metric)


_Counts = tuple[Matrix, Matrix, Matrix]


def _score(counts: _Counts, metric: Metric) -> Vector:
    right, true, said = counts
    if metric == "accuracy":
        share: Vector = right.sum(axis=1) / np.maximum(true.sum(axis=1), 1.0)
        return share
    # A class that nobody has and nobody is said to be is left out, as in `macro_f1`.
    seen = (true + said) > 0
    f1 = np.where(seen, 2.0 * right / np.where(seen, true + said, 1.0), 0.0)
    mean: Vector = f1.sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
    return mean


def _exchanged(
    first: _Tallies, second: _Tallies, metric: Metric, value: float, resamples: int, seed: int
) -> float:
    """Return the two-sided p of no difference: the answers of a group might as well have been exchanged."""
    # A stream of its own, so that it does not hang together with the bootstrap of the same seed.
    generator = np.random.default_rng((seed, 1))
    as_far, everything = 0, np.ones((1, first.groups))
    whole = _added(first.counts(everything), second.counts(everything))
    for size in _blocks(first.groups, resamples):
        kept = (generator.random((size, first.groups)) < 0.5).astype(np.float64)
        one = _added(first.counts(kept), second.counts(1.0 - kept))
        other = (whole[0] - one[0], whole[1] - one[1], whole[2] - one[2])
        gaps = _score(one, metric) - _score(other, metric)
        as_far += int((np.abs(gaps) >= abs(value) - _ROUNDING).sum())
    return (1 + as_far) / (resamples + 1)


def _added(one: _Counts, other: _Counts) -> _Counts:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _half(values: Vector, groups: int) -> float:
    """Return half the width of an interval: Student's t with groups - 1 degrees of freedom.

    The bootstrap's spread is that of a variance over `groups`, not over `groups` - 1.
    """
    spread = float(np.std(values)) * float(np.sqrt(groups / (groups - 1)))
    return float(stdtrit(groups - 1, 0.975)) * spread


def _drawn(groups: int, resamples: int, seed: int) -> Iterator[Matrix]:
    generator = np.random.default_rng(seed)
    for size in _blocks(groups, resamples):
        yield generator.multinomial(groups, np.full(groups, 1.0 / groups), size=size).astype(np.float64)


def _blocks(groups: int, resamples: int) -> Iterator[int]:
    rows = max(1, _BLOCK // groups)
    for start in range(0, resamples, rows):
        yield min(rows, resamples - start)


def _sums(differences: Matrix, groups: IntVector) -> Matrix:
    sums = np.zeros((len(differences), int(groups.max()) + 1))
    np.add.at(sums.T, groups, differences.T)
    return sums
