"""How far a representation has moved: two matrices of features of the same samples, before and after. No labels.

1 is "not at all" for both scores. A probe that is refitted on the new features says whether what was known is still
there; these say how differently it is laid out, which may cost nothing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evaluators.data.samples import FloatArray

NEIGHBOURS = 10


def linear_cka(before: FloatArray, after: FloatArray) -> float | None:
    """Return the linear centred kernel alignment (Kornblith et al. 2019), in [0, 1].

    It does not change where one side is rotated or scaled, so it tells what a linear probe could not undo.

    Args:
        before: (n, a) features, n at least 2.
        after: (n, b) features of the same samples.

    Returns:
        1 where both are equal, to the last bit; None where all samples of one side have equal features.

    Raises:
        ValueError: If they are not of the same samples.
    """
    _check(before, after)
    if before.shape == after.shape and np.array_equal(before, after) and np.ptp(before, axis=0).any():
        return 1.0
    first, second = _centred(before), _centred(after)
    # Through (n, n) products where there are fewer samples than features: the same number for less.
    if len(first) < max(first.shape[1], second.shape[1]):
        left, right = first @ first.T, second @ second.T
        shared, own = float((left * right).sum()), float(np.linalg.norm(left) * np.linalg.norm(right))
    else:
        shared = float(np.linalg.norm(first.T @ second) ** 2)
        own = float(np.linalg.norm(first.T @ first) * np.linalg.norm(second.T @ second))
    return min(1.0, shared / own) if own > 0.0 else None


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


def _centred(features: FloatArray) -> NDArray[np.float64]:
    rows = features.astype(np.float64)
    centred: NDArray[np.float64] = rows - rows.mean(axis=0)
    return centred


def _check(before: FloatArray, after: FloatArray) -> None:
    if before.ndim != 2 or after.ndim != 2 or len(before) != len(after) or len(before) < 2:
        raise ValueError(
            f"{before.shape} and {after.shape}: two rows or more of the same samples are expected"
        )
