"""Confidence against accuracy in bins of equal mass: what a reliability diagram draws.

In: confidences and which answers were right. Out: bins, least confident first. Answers of equal confidence share a bin,
as in `expected_calibration_error`, so k nearest neighbours have at most k + 1. NumPy only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluators.data.samples import FloatArray
from evaluators.metrics.classification import CALIBRATION_BINS


@dataclass(frozen=True)
class Bin:
    """Answers of like confidence: how many, their mean confidence, the share that is right."""

    answers: int
    confidence: float
    accuracy: float


def reliability_bins(
    confidence: FloatArray, right: NDArray[np.bool_], *, bins: int = CALIBRATION_BINS
) -> tuple[Bin, ...]:
    """Return the bins that hold any answer.

    Args:
        confidence: (m,) the largest probability of each answer, m at least 1.
        right: (m,) whether it was right.
        bins: At least 1.

    Raises:
        ValueError: If shapes differ or there is no answer.
    """
    if confidence.shape != right.shape or not confidence.size:
        raise ValueError(f"{confidence.shape} confidences of {right.shape} answers: (m,) of both is expected")
    order = np.argsort(confidence, kind="stable")
    sure, correct = confidence[order].astype(np.float64), right[order]
    first = np.searchsorted(sure, sure, side="left")
    place = first * bins // len(sure)
    return tuple(
        Bin(int(here.sum()), float(sure[here].mean()), float(correct[here].mean()))
        for number in np.unique(place)
        for here in (place == number,)
    )
