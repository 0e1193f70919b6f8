"""A difference over runs and items together: runs answer the same items, so both are samples that cross (Owen 2007).

In: what each run of two strategies, or of their difference, gives on each item. Out: intervals by resampling both, and
a standard error in closed form. The check beside `paired_t`, whose spread over runs says nothing of other items. Pure:
seeds are arguments.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from evaluators.statistics.clustered import by_group
from evaluators.statistics.intervals import ROUNDING, Interval, mean_interval
from evaluators.statistics.paired import BoolArray, FloatMatrix, check_same_shape

#: Numbers held at once while resampling: 8 MiB an array, whatever the number of items.
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Crossed:
    """A difference whose runs and items were resampled together.

    Attributes:
        low: Lower end of the 95 % percentile interval.
        high: Upper end.
        low_90: Lower end of the 90 % interval: above -margin, a is not inferior at a one-sided level of .05.
        high_90: Upper end.
        p_value: Two-sided, of no difference: twice the smaller share of resamples on one side of 0.
        error: Standard error over runs and items, in closed form (`crossed_error`).
        df: Its degrees of freedom.
    """

    low: float
    high: float
    low_90: float
    high_90: float
    p_value: float
    error: float
    df: float


def crossed_bootstrap(
    correct_a: BoolArray | FloatMatrix,
    correct_b: BoolArray | FloatMatrix,
    *,
    clusters: NDArray[np.int64] | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> Crossed | None:
    """Return the intervals of a minus b, resampling runs and items together (Owen 2007).

    Items are crossed with runs: all runs answer the same items. It is conservative (2 to 3 % false
    positives at 5 to 10 runs), so it checks `paired_t` and does not replace it.

    Args:
        correct_a: (runs, items) right or wrong, or a score of each item.
        correct_b: The same runs and items for b.
        clusters: (items,) source of each item, where items share one; sources are then resampled whole.
        resamples: At least 1.
        seed: Of the resampling; the same seed gives the same interval.

    Returns:
        The intervals; None for one run, which says nothing about runs.

    Raises:
        ValueError: If the shapes differ or are empty, or a score is not finite.
    """
    check_same_shape(correct_a, correct_b, dimensions=2)
    differences = correct_a.astype(np.float64) - correct_b.astype(np.float64)
    if resamples < 1 or not np.isfinite(differences).all():
        raise ValueError("finite scores and at least one resample are expected")
    if clusters is not None and clusters.shape != differences.shape[1:]:
        raise ValueError(
            f"clusters {clusters.shape}: one for each of {differences.shape[1]} items is expected"
        )
    if len(differences) == 1:
        return None
    sums, sizes = _units(differences, clusters)
    means = _resampled_means(sums, sizes, resamples, seed=seed)
    low, low_90, high_90, high = np.quantile(means, [0.025, 0.05, 0.95, 0.975]).tolist()
    # Resamples within rounding of 0 lie on both sides.
    fewer = min(int((means <= ROUNDING).sum()), int((means >= -ROUNDING).sum()))
    error, df = crossed_error(differences if clusters is None else by_group(differences, clusters))
    return Crossed(low, high, low_90, high_90, min(1.0, 2.0 * (fewer + 1) / (resamples + 1)), error, df)


def crossed_error(differences: FloatMatrix) -> tuple[float, float]:
    """Return the standard error of a mean difference over runs and items, both a sample, and its degrees of freedom.

    The variance of `crossed_bootstrap` has a closed form (Owen 2007): with row means a, column means b and the rest e,
    all centred, sum a^2 / R^2 + sum b^2 / N^2 + sum e^2 / (R N)^2. The first is taken over R (R - 1), as Student's t
    does, so that this is never below the error of `paired_t`. Runs are few and items are many: the degrees of freedom
    of the sum are Satterthwaite's (1946).

    Args:
        differences: (runs, items) a minus b, finite, at least two runs.

    Raises:
        ValueError: If there are fewer than two runs or no item.
    """
    if differences.ndim != 2 or len(differences) < 2 or not differences.shape[1]:
        raise ValueError(f"differences {differences.shape}: (runs, items) with two runs or more are expected")
    runs, items = differences.shape
    mean = differences.mean()
    of_runs = differences.mean(axis=1) - mean
    of_items = differences.mean(axis=0) - mean
    rest = differences - mean - of_runs[:, None] - of_items[None, :]
    parts = (
        (float((of_runs**2).sum()) / (runs * (runs - 1)), runs - 1),
        (float((of_items**2).sum()) / items**2, max(1, items - 1)),
        (float((rest**2).sum()) / (runs * items) ** 2, max(1, (runs - 1) * (items - 1))),
    )
    variance = sum(part for part, _ in parts)
    if variance == 0.0:
        return 0.0, float(runs - 1)
    return math.sqrt(variance), variance**2 / sum(part**2 / df for part, df in parts)


def crossed_interval(differences: FloatMatrix) -> Interval:
    """Return a mean over runs and items with its 95 % interval, never narrower than that over runs alone.

    Args:
        differences: (runs, items), finite; of one run there is no interval.
    """
    found = mean_interval(differences.mean(axis=1))
    if found.low is None or found.high is None:
        return found
    error, df = crossed_error(differences)
    half = max(float(stdtrit(df, 0.975)) * error, found.high - found.value)
    return Interval(found.value, found.value - half, found.value + half, found.n)


def _units(
    differences: FloatMatrix, clusters: NDArray[np.int64] | None
) -> tuple[FloatMatrix, NDArray[np.int64]]:
    """Return what is resampled beside runs: (runs, units) sums of differences, and (units,) how many items each has."""
    if clusters is None:
        return differences, np.ones(differences.shape[1], dtype=np.int64)
    _, unit, sizes = np.unique(clusters, return_inverse=True, return_counts=True)
    sums = np.zeros((len(differences), len(sizes)))
    np.add.at(sums.T, unit, differences.T)
    return sums, sizes.astype(np.int64)


def _resampled_means(
    sums: FloatMatrix, sizes: NDArray[np.int64], resamples: int, *, seed: int
) -> NDArray[np.float64]:
    runs, units = sums.shape
    # Items with the same outcome in every run are one kind: a resample is how often each kind was drawn.
    # Right or wrong in 5 runs makes at most 3**5 kinds, so this costs a tenth of drawing thousands of items.
    kinds, counts = _distinct_columns(np.vstack([sums, sizes[None, :]]))
    kinds, items_of_kind = kinds[:-1], kinds[-1]
    generator = np.random.default_rng(seed)
    weights = generator.multinomial(runs, np.full(runs, 1.0 / runs), size=resamples) / runs
    means = np.empty(resamples)
    rows = max(1, _BLOCK // len(counts))
    for start in range(0, resamples, rows):
        of_kinds = weights[start : start + rows] @ kinds
        drawn = generator.multinomial(units, counts / units, size=len(of_kinds))
        means[start : start + rows] = (of_kinds * drawn).sum(axis=1) / (drawn @ items_of_kind)
    return means


def _distinct_columns(matrix: FloatMatrix) -> tuple[FloatMatrix, NDArray[np.int64]]:
    columns, first, counts = np.unique(matrix, axis=1, return_index=True, return_counts=True)
    # In the order of their first item, which b minus a shares with a minus b: their intervals mirror exactly.
    order = np.argsort(first)
    return columns[:, order], counts[order]
