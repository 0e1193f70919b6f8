"""Paired comparisons, for two kinds of claim that must not be mixed.

*This strategy beats that one* rests on runs: `paired_t` over the run-level differences, `crossed_bootstrap`
(runs and items resampled together) as the sensitivity check, `non_inferior` to choose something cheaper.
*This artifact beats that one* rests on items: `mcnemar_exact` on one prediction of each. A test over items
alone says nothing about another run: of two identical strategies it calls one better in a fifth of all cases
(tests/evaluators/statistics/test_claims.py). Everywhere the difference is a minus b, and runs are paired by
their draw and seed. Pure: seeds are arguments.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, ndtri, stdtr, stdtrit

from evaluators.statistics.intervals import Values, check_level, mean_and_error, mean_interval

BoolArray = NDArray[np.bool_]
FloatMatrix = NDArray[np.float64]

#: Numbers held at once while resampling: 8 MiB an array, whatever the number of items.
_BLOCK = 1 << 20


@dataclass(frozen=True)
class PairedResult:
    """A mean difference over paired runs.

    Attributes:
        estimate: Mean of a minus b.
        low: Lower end of its interval, None for one run.
        high: Upper end, None for one run.
        p_value: Two-sided, of no difference; None for one run.
        df: Degrees of freedom, runs minus 1.
    """

    estimate: float
    low: float | None
    high: float | None
    p_value: float | None
    df: int

    @property
    def degenerate(self) -> bool:
        """Whether all differences were equal: the width 0 says that runs agree, nothing about other items."""
        return self.low is not None and self.low == self.high


@dataclass(frozen=True)
class McNemarResult:
    """Two artifacts on the same n items.

    Attributes:
        only_a: Items that a alone has right.
        only_b: Items that b alone has right.
        n: Items.
        low: Lower end of the 95 % interval of `difference`.
        high: Upper end.
        p_value: Two-sided, exact.
    """

    only_a: int
    only_b: int
    n: int
    low: float
    high: float
    p_value: float

    @property
    def difference(self) -> float:
        """Accuracy of a minus accuracy of b."""
        return (self.only_a - self.only_b) / self.n

    @property
    def churn(self) -> float:
        """Share of items that changed between right and wrong."""
        return (self.only_a + self.only_b) / self.n


def paired_t(differences: Values, *, level: float = 0.95) -> PairedResult:
    """Test a mean difference over paired runs (Student 1908).

    Equal differences have no variance to test against. The interval then degenerates to the estimate, and p
    is 0, or 1 where the difference is 0: what the limit of ever smaller variance gives.
    `PairedResult.degenerate` tells.

    Args:
        differences: (runs,) a minus b, finite, at least one.
        level: Coverage of the interval in (0, 1).

    Returns:
        The result; interval and p are None for one run.

    Raises:
        ValueError: If there is no difference, one is not finite, or `level` is out of range.
    """
    check_level(level)
    mean, error, n = mean_and_error(differences)
    if error is None:
        return PairedResult(mean, None, None, None, 0)
    if error == 0.0:
        return PairedResult(mean, mean, mean, 1.0 if mean == 0.0 else 0.0, n - 1)
    half = float(stdtrit(n - 1, (1.0 + level) / 2.0)) * error
    p_value = 2.0 * float(stdtr(n - 1, -abs(mean) / error))
    return PairedResult(mean, mean - half, mean + half, p_value, n - 1)


def crossed_bootstrap(
    correct_a: BoolArray | FloatMatrix,
    correct_b: BoolArray | FloatMatrix,
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[float | None, float | None]:
    """Return a 95 % percentile interval of a minus b, resampling runs and items together (Owen 2007).

    Items are crossed with runs: all runs answer the same items. It is conservative (2 to 3 % false
    positives at 5 to 10 runs), so it checks `paired_t` and does not replace it.

    Args:
        correct_a: (runs, items) right or wrong, or a score of each item.
        correct_b: The same runs and items for b.
        resamples: At least 1.
        seed: Of the resampling; the same seed gives the same interval.

    Returns:
        Lower and upper end; both None for one run, which says nothing about runs.

    Raises:
        ValueError: If the shapes differ or are empty, or a score is not finite.
    """
    _check_same_shape(correct_a, correct_b, dimensions=2)
    differences = correct_a.astype(np.float64) - correct_b.astype(np.float64)
    if resamples < 1 or not np.isfinite(differences).all():
        raise ValueError("finite scores and at least one resample are expected")
    if len(differences) == 1:
        return None, None
    means = _resampled_means(differences, resamples, seed=seed)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def mcnemar_exact(a_correct: BoolArray, b_correct: BoolArray) -> McNemarResult:
    """Compare two artifacts on the same items (McNemar 1947, exact binomial on the items where they differ).

    The interval is Bonett and Price's (2012), which also holds for few or no disagreements.

    Args:
        a_correct: (n,) whether artifact a has the item right, n at least 1.
        b_correct: (n,) the same items for artifact b.

    Returns:
        The disagreements, the interval of the difference in accuracy and the two-sided p.

    Raises:
        ValueError: If the arrays are empty, differ in length or are not boolean.
    """
    _check_same_shape(a_correct, b_correct, dimensions=1)
    if a_correct.dtype != bool or b_correct.dtype != bool:
        raise ValueError("right or wrong (bool) is expected: McNemar's test knows no scores")
    only_a = int(np.count_nonzero(a_correct & ~b_correct))
    only_b = int(np.count_nonzero(b_correct & ~a_correct))
    n = len(a_correct)
    share_a, share_b = (only_a + 1) / (n + 2), (only_b + 1) / (n + 2)
    centre = share_a - share_b
    half = float(ndtri(0.975)) * math.sqrt((share_a + share_b - centre**2) / (n + 2))
    p_value = min(1.0, 2.0 * float(bdtr(min(only_a, only_b), only_a + only_b, 0.5)))
    return McNemarResult(only_a, only_b, n, max(-1.0, centre - half), min(1.0, centre + half), p_value)


def non_inferior(differences: Values, margin: float) -> bool:
    """Whether a is not worse than b by `margin`, at a one-sided level of .05.

    One half of two one-sided tests (Schuirmann 1987): the lower 90 % bound is above -margin. "Not
    significantly worse" is not this; it is what too few runs give. One run never suffices.

    Args:
        differences: (runs,) a minus b.
        margin: The smallest difference that matters, above 0.

    Raises:
        ValueError: If `margin` is not above 0, or differences are missing or not finite.
    """
    if not margin > 0.0:
        raise ValueError(f"a margin is above 0, this is {margin}")
    low = mean_interval(differences, level=0.90).low
    return low is not None and low > -margin


def _resampled_means(differences: FloatMatrix, resamples: int, *, seed: int) -> NDArray[np.float64]:
    runs, items = differences.shape
    # Items with the same outcome in every run are one kind: a resample is how often each kind was drawn.
    # Right or wrong in 5 runs makes at most 3**5 kinds, so this costs a tenth of drawing thousands of items.
    kinds, counts = _distinct_columns(differences)
    generator = np.random.default_rng(seed)
    weights = generator.multinomial(runs, np.full(runs, 1.0 / runs), size=resamples) / runs
    means = np.empty(resamples)
    rows = max(1, _BLOCK // len(counts))
    for start in range(0, resamples, rows):
        of_kinds = weights[start : start + rows] @ kinds
        drawn = generator.multinomial(items, counts / items, size=len(of_kinds))
        means[start : start + rows] = (of_kinds * drawn).sum(axis=1) / items
    return means


def _distinct_columns(matrix: FloatMatrix) -> tuple[FloatMatrix, NDArray[np.int64]]:
    columns, first, counts = np.unique(matrix, axis=1, return_index=True, return_counts=True)
    # In the order of their first item, which b minus a shares with a minus b: their intervals mirror exactly.
    order = np.argsort(first)
    return columns[:, order], counts[order]


def _check_same_shape(a: BoolArray | FloatMatrix, b: BoolArray | FloatMatrix, *, dimensions: int) -> None:
    if a.shape != b.shape or a.ndim != dimensions or not a.size:
        raise ValueError(
            f"{a.shape} and {b.shape}: the same {dimensions} dimensions, not empty, are expected"
        )
