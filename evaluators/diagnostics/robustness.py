"""Effective robustness: how far a score on a shifted set is from what the score on the test predicts.

In: the scores of many arms on the same pair of sets, shares. Out: the distance from a line in logits of both scores
(Taori et al. 2020), fitted to the other arms. Without it a better model always looks more robust. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

#: Fewer reference arms say little of a line, and nothing of how far arms are from it.
FEWEST_REFERENCES = 8
#: Residual standard deviations beyond which a distance is said to be one.
BEYOND = 1.96


@dataclass(frozen=True)
class Line:
    """logit(shifted) = intercept + slope * logit(own).

    Attributes:
        intercept: In logits.
        slope: Without unit.
        residual_sd: Standard deviation of the references' distance from the line, in shares; df = references - 2.
        references: Arms that it was fitted to.
    """

    intercept: float
    slope: float
    residual_sd: float
    references: int

    def at(self, own: float, *, items: int) -> float:
        """Return the share on the shifted set that a share on `items` items of the test leads to expect."""
        logit = self.intercept + self.slope * float(_logits(np.array([own]), items)[0])
        return float(1.0 / (1.0 + np.exp(-logit)))


def robustness_line(own: Vector, shifted: Vector, *, items: tuple[int, int]) -> Line | None:
    """Fit the line to reference arms.

    Args:
        own: (a,) shares right on the test.
        shifted: (a,) shares right on the shifted set, the same arms.
        items: Items of the test and of the shifted set: a share of 0 or 1 counts as half an item from it.

    Returns:
        The line; None below `FEWEST_REFERENCES` arms, or where all have one score on the test.

    Raises:
        ValueError: If the shapes differ.
    """
    if own.shape != shifted.shape or own.ndim != 1:
        raise ValueError(f"{own.shape} and {shifted.shape} scores: one an arm on each set is expected")
    x, y = _logits(own, items[0]), _logits(shifted, items[1])
    if len(x) < FEWEST_REFERENCES or np.ptp(x) == 0.0:
        return None
    slope = float(np.sum((x - x.mean()) * (y - y.mean())) / np.sum((x - x.mean()) ** 2))
    intercept = float(y.mean() - slope * x.mean())
    residuals = shifted - 1.0 / (1.0 + np.exp(-(intercept + slope * x)))
    spread = float(np.sqrt(np.sum(residuals**2) / (len(x) - 2)))
    return Line(intercept, slope, spread, len(x))


def _logits(shares: Vector, items: int) -> Vector:
    least = 0.5 / items
    inside = np.clip(shares, least, 1.0 - least)
    found: Vector = np.log(inside / (1.0 - inside))
    return found
