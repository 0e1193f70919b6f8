"""What is left of the errors when a classifier may leave its least confident items to a person.

In: labels and probabilities. Out: the accuracy of the most confident share, and the area under the risk-coverage curve.
Items of equal confidence are taken together, as the mean over all their orders: k nearest neighbours have few distinct
confidences, and the order of the file must not decide. NumPy only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evaluators.data.samples import FloatArray, IntArray

COVERAGE = 0.8


def selective_accuracy(labels: IntArray, probabilities: FloatArray, *, coverage: float = COVERAGE) -> float:
    """Return the accuracy of the most confident items (El-Yaniv and Wiener 2010).

    Args:
        labels: (m,) class indices, m at least 1.
        probabilities: (m, K).
        coverage: Share of the items that are kept, in (0, 1]; an item that it cuts through counts in part.

    Returns:
        A share in [0, 1]: the accuracy itself at coverage 1.

    Raises:
        ValueError: If shapes do not fit, or the coverage is out of range.
    """
    if not 0.0 < coverage <= 1.0:
        raise ValueError(f"a coverage is above 0 and at most 1, this is {coverage}")
    errors = _errors_by_kept(labels, probabilities)
    kept = coverage * len(labels)
    return 1.0 - float(np.interp(kept, np.arange(len(errors)), errors)) / kept


def risk_coverage_area(labels: IntArray, probabilities: FloatArray) -> float:
    """Return the mean error of the k most confident items, over k = 1 .. m (AURC; Geifman et al. 2019).

    Args:
        labels: (m,) class indices, m at least 1.
        probabilities: (m, K).

    Returns:
        A share in [0, 1], lower is better; the error itself where confidence says nothing.

    Raises:
        ValueError: If shapes do not fit.
    """
    errors = _errors_by_kept(labels, probabilities)
    return float(np.mean(errors[1:] / np.arange(1, len(errors))))


def selective_metrics(labels: IntArray, probabilities: FloatArray) -> dict[str, float]:
    """Return `selective_accuracy` (of the most confident 80 %) and `aurc`, the names in evidence."""
    return {
        "selective_accuracy": selective_accuracy(labels, probabilities),
        "aurc": risk_coverage_area(labels, probabilities),
    }


def _errors_by_kept(labels: IntArray, probabilities: FloatArray) -> NDArray[np.float64]:
    """Return (m + 1,) the expected errors among the 0 .. m most confident items."""
    if labels.ndim != 1 or probabilities.ndim != 2 or not 0 < len(labels) == len(probabilities):
        raise ValueError(
            f"labels {labels.shape}, probabilities {probabilities.shape}: (m,) and (m, K) expected"
        )
    wrong = probabilities.argmax(axis=1) != labels
    _, group = np.unique(-probabilities.max(axis=1), return_inverse=True)
    sizes = np.bincount(group)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    errors = np.concatenate([[0.0], np.cumsum(np.bincount(group, weights=wrong))])
    # Inside a group errors are spread evenly: what all its orders have in the mean.
    found: NDArray[np.float64] = np.interp(np.arange(len(labels) + 1), ends, errors)
    return found
