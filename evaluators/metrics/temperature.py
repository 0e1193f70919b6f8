"""One temperature that makes probabilities as sure as they are right: fitted on validation, never on a test.

In: labels and probabilities of the validation set. Out: T, and probabilities of any set with T applied, p^(1/T)
renormalised (Guo et al. 2017; of stored probabilities the logits are known up to a constant a row, which softmax does
not see). Above 1 the classifier was too sure, below 1 not sure enough. NumPy only, deterministic, order-free.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evaluators.data.samples import FloatArray, IntArray
from evaluators.metrics.classification import SMALLEST_PROBABILITY

#: T has no unit. Where every validation item is right the best T is 0, where chance would do better it is infinite.
LOWEST, HIGHEST = 0.05, 20.0
_TOLERANCE = 1e-10
_MOST_STEPS = 100

Matrix = NDArray[np.float64]


def fit_temperature(labels: IntArray, probabilities: FloatArray) -> float:
    """Return the temperature in [`LOWEST`, `HIGHEST`] with the smallest mean negative log likelihood.

    In 1/T the likelihood is convex, so its slope has one root: Newton's steps, halved where they leave the bracket.

    Args:
        labels: (m,) class indices in [0, K), of the validation set, m at least 1.
        probabilities: (m, K), rows summing to 1; zeros (k nearest neighbours) count as `SMALLEST_PROBABILITY`.

    Returns:
        T; 1 where no temperature changes anything (uniform rows).

    Raises:
        ValueError: If shapes or ranges are not as above.
    """
    if labels.ndim != 1 or probabilities.ndim != 2 or not 0 < len(labels) == len(probabilities):
        raise ValueError(
            f"labels {labels.shape}, probabilities {probabilities.shape}: (m,) and (m, K) expected"
        )
    if np.min(labels) < 0 or np.max(labels) >= probabilities.shape[1] or not np.isfinite(probabilities).all():
        raise ValueError("classes in [0, K) and finite probabilities are expected")
    logits = _logits(probabilities)
    true = logits[np.arange(len(labels)), labels]
    if not np.ptp(logits, axis=1).any():
        return 1.0
    low, high = 1.0 / HIGHEST, 1.0 / LOWEST
    if _slope(logits, true, low)[0] >= 0.0:
        return HIGHEST
    if _slope(logits, true, high)[0] <= 0.0:
        return LOWEST
    sharpness = 1.0
    for _ in range(_MOST_STEPS):
        slope, curvature = _slope(logits, true, sharpness)
        low, high = (low, sharpness) if slope > 0.0 else (sharpness, high)
        step = sharpness - slope / curvature if curvature > 0.0 else high
        following = step if low < step < high else (low + high) / 2.0
        if abs(following - sharpness) <= _TOLERANCE * sharpness:
            break
        sharpness = following
    return 1.0 / sharpness


def at_temperature(probabilities: FloatArray, temperature: float) -> FloatArray:
    """Return probabilities (m, K), float32, at a temperature; the most probable class stays the most probable.

    Rows that hold the same numbers in another order get the same confidence to the last bit, so that the few distinct
    confidences of k nearest neighbours stay ties.

    Raises:
        ValueError: If the temperature is not above 0.
    """
    if not temperature > 0.0:
        raise ValueError(f"a temperature is above 0, this is {temperature}")
    return _softmax(_logits(probabilities) / temperature).astype(np.float32)


def _logits(probabilities: FloatArray) -> Matrix:
    found: Matrix = np.log(np.clip(probabilities.astype(np.float64), SMALLEST_PROBABILITY, 1.0))
    return found


def _softmax(logits: Matrix) -> Matrix:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    # Summed by size: a sum's last bit hangs on the order, and ties would break.
    found: Matrix = powers / np.sort(powers, axis=1).sum(axis=1, keepdims=True)
    return found


def _slope(logits: Matrix, true: Matrix, sharpness: float) -> tuple[float, float]:
    """Return the first and second derivative of the mean negative log likelihood in 1/T."""
    probabilities = _softmax(logits * sharpness)
    mean = (probabilities * logits).sum(axis=1)
    spread = (probabilities * (logits - mean[:, None]) ** 2).sum(axis=1)
    return float(np.mean(mean - true)), float(np.mean(spread))
