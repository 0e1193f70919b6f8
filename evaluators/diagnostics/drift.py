"""How far a representation has moved: two matrices of features of the same samples, before and after. No labels.

1 is "not at all" for both scores, and about 0 "nothing is left". A probe that is refitted on the new features says
whether what was known is still there; these say how differently it is laid out, which may cost nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evaluators.data.samples import FloatArray

NEIGHBOURS = 10
#: Samples, of an unbiased estimate of alignment.
FEWEST = 4


def linear_cka(before: FloatArray, after: FloatArray) -> float | None:
    """Return the linear centred kernel alignment (Kornblith et al. 2019), estimated without bias; at most 1.

    It does not change where one side is rotated or scaled, so it tells what a linear probe could not undo. Each term is
    the unbiased estimate of Song et al. (2012): the usual one gives features that share nothing about width / samples,
    far above 0 where a base has more features than there are samples. So it may fall a little below 0.

    Args:
        before: (n, a) features, n at least 4.
        after: (n, b) features of the same samples.

    Returns:
        1 where both are equal, to the last bit; None where all samples of one side have equal features.

    Raises:
        ValueError: If they are not of the same samples, or there are too few.
    """
    _check(before, after)
    if len(before) < FEWEST:
        raise ValueError(f"{len(before)} samples: an estimate without bias needs {FEWEST}")
    if before.shape == after.shape and np.array_equal(before, after) and np.ptp(before, axis=0).any():
        return 1.0
    first, second = _similarities(before), _similarities(after)
    own = _dependence(first, first) * _dependence(second, second)
    return min(1.0, _dependence(first, second) / float(np.sqrt(own))) if own > 0.0 else None


def neighbour_overlap(before: FloatArray, after: FloatArray, *, neighbours: int = NEIGHBOURS) -> float:
    """Return the mean share of a sample's nearest neighbours, by cosine, that are still among them, in [0, 1].

    Args:
        before: (n, a) features, n above `neighbours`.
        after: (n, b) features of the same samples.
        neighbours: How many are compared.

    Raises:
        ValueError: If they are not of the same samples, or there are too few.
    """
    _check(before, after)
    if len(before) <= neighbours:
        raise ValueError(f"{len(before)} samples have no {neighbours} neighbours each")
    first, second = _nearest(before, neighbours), _nearest(after, neighbours)
    shared = (first[:, :, None] == second[:, None, :]).any(axis=2)
    return float(shared.mean())


def _nearest(features: FloatArray, neighbours: int) -> NDArray[np.int64]:
    rows = features.astype(np.float64)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    alike = rows @ rows.T
    np.fill_diagonal(alike, -np.inf)
    # Stable: of equally near ones the first, on both sides.
    return np.argsort(-alike, axis=1, kind="stable")[:, :neighbours].astype(np.int64)


def _similarities(features: FloatArray) -> NDArray[np.float64]:
    """Return (n, n) inner products without the diagonal, on which a sample meets itself: that is the bias."""
    rows = features.astype(np.float64)
    # Centred first: the estimate is the same, and large means cost no digits.
    rows -= rows.mean(axis=0)
    alike: NDArray[np.float64] = rows @ rows.T
    np.fill_diagonal(alike, 0.0)
    return alike


def _dependence(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the unbiased estimate of HSIC, times n (n - 3) (Song et al. 2012, equation 5)."""
    n = len(first)
    sums, others = first.sum(axis=0), second.sum(axis=0)
    whole = float((first * second).sum())
    return (
        whole + float(sums.sum() * others.sum()) / ((n - 1) * (n - 2)) - 2.0 * float(sums @ others) / (n - 2)
    )


def _check(before: FloatArray, after: FloatArray) -> None:
    if before.ndim != 2 or after.ndim != 2 or len(before) != len(after) or len(before) < 2:
        raise ValueError(
            f"{before.shape} and {after.shape}: two rows or more of the same samples are expected"
        )
