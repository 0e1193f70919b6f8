"""The coordinates in which a regression is solved: as few as there are rows, and close to independent of each other.

An L2 penalty does not see a rotation. So n rows of width D are turned into min(n, D) coordinates (a QR decomposition
where n < D), then along the eigenvectors of their covariance, whose eigenvalues precondition the solver: a fifth of the
iterations on features as they are, two thirds of them on standardised ones (README, decision 44). Subtracting the mean
decouples the intercept, which has no penalty. A pure function of one problem's rows: its company changes no bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evaluators.data.samples import FloatArray

#: Iterations that an eigenbasis is taken to save, and how many times slower its arithmetic is than a matrix product's.
_SAVED, _SLOWER = 40, 4


@dataclass(frozen=True, eq=False)
class Space:
    """Rows of one problem in the solver's coordinates.

    Attributes:
        rows: (n, r + 1) float32; the last column is 1, for the intercept.
        variances: (r + 1,) float32 mean squares of the columns.
        back: (D, r) float32 with orthonormal columns; None for the coordinates as they were given.
        centre: (D,) float32 that was subtracted.
    """

    rows: FloatArray
    variances: FloatArray
    back: FloatArray | None
    centre: FloatArray

    def given(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return coefficients (K, D) and intercept (K,) for rows as they were given.

        Args:
            weights: (K, r + 1) in these coordinates.
        """
        turned = weights[:, :-1]
        coefficients: FloatArray = turned if self.back is None else turned @ self.back.T
        constants: FloatArray = weights[:, -1] - coefficients @ self.centre
        return coefficients, constants


def space_of(matrix: FloatArray, *, logits: int) -> Space:
    """Return the coordinates for a matrix.

    Args:
        matrix: (n, D) float32.
        logits: Classes times penalties: how many numbers a row has in every iteration.
    """
    centre = matrix.mean(axis=0, dtype=np.float64).astype(np.float32)
    rows = np.subtract(matrix, centre, dtype=np.float32)
    count, width = rows.shape
    back: FloatArray | None = None
    if count < width:
        back, triangle = np.linalg.qr(rows.T)
        rows = triangle.T
    rank = rows.shape[1]
    # Eigenvectors cost some 9 r^3 operations, an iteration 4 n r logits.
    if 9 * _SLOWER * rank * rank <= 4 * _SAVED * count * logits:
        # In float32: a rotation needs orthonormal columns, not exact eigenvectors.
        turn = np.linalg.eigh(rows.T @ rows)[1]
        rows = rows @ turn
        back = turn if back is None else back @ turn
    full = np.ones((count, rank + 1), dtype=np.float32)
    full[:, :-1] = rows
    variances = np.square(full).mean(axis=0, dtype=np.float32)
    return Space(full, variances, back, centre)
