"""Paired comparisons, for two kinds of claim that must not be mixed.

*This strategy beats that one* rests on runs: `paired_t` over the run-level differences, `crossed.py`
(runs and items together) as the check, `equivalence.py` to choose something cheaper.
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

from evaluators.statistics.intervals import (
    Interval,
    Values,
    check_level,
    mean_and_error,
)

BoolArray = NDArray[np.bool_]
FloatMatrix = NDArray[np.float64]


@dataclass(frozen=True)
class PairedResult:
    """A mean difference over paired runs.

    Attributes:
        estimate: Mean of a minus b.
        low: Lower end of its interval, None for one run.
        high: Upper end, None for one run.
        p_value: Two-sided, of no difference; None for one run, and where all differences are equal.
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

    Equal differences have no variance to test against. The interval then degenerates to the estimate and there is no
    p: that runs agree says nothing of other items. `PairedResult.degenerate` tells, and `crossed_bootstrap` helps.

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
        return PairedResult(mean, mean, mean, None, n - 1)
    half = float(stdtrit(n - 1, (1.0 + level) / 2.0)) * error
    p_value = 2.0 * float(stdtr(n - 1, -abs(mean) / error))
    return PairedResult(mean, mean - half, mean + half, p_value, n - 1)


def p_at_bound(interval: Interval, bound: float) -> float:
    """Return the two-sided p of "the difference is `bound`", from a mean over runs with its 95 % interval.

    Args:
        interval: Of Student's t, with both ends; `n` runs, at least two.
        bound: What the difference is held against.

    Raises:
        ValueError: If there is no interval.
    """
    if interval.low is None or interval.high is None or interval.n < 2:
        raise ValueError("one run has no interval, so it has no p")
    df = interval.n - 1
    error = (interval.high - interval.low) / (2.0 * float(stdtrit(df, 0.975)))
    if error == 0.0:
        return 1.0
    return 2.0 * float(stdtr(df, -abs(interval.value - bound) / error))


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
    check_same_shape(a_correct, b_correct, dimensions=1)
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


def check_same_shape(a: BoolArray | FloatMatrix, b: BoolArray | FloatMatrix, *, dimensions: int) -> None:
    """Raise ValueError unless two arrays have the same shape, of so many dimensions, and are not empty."""
    if a.shape != b.shape or a.ndim != dimensions or not a.size:
        raise ValueError(
            f"{a.shape} and {b.shape}: the same {dimensions} dimensions, not empty, are expected"
        )
