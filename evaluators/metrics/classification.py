"""What a classifier's probabilities are worth: accuracy, macro F1, log loss, calibration error, Brier score.

In: the true labels and one row of class probabilities a sample. Out: plain floats. NumPy only, so that a
stored prediction can be scored again anywhere; the `evaluate.Metric` of the same name (`adapters`) wraps
these functions. No result depends on the order of the samples: where confidences tie, they share a
calibration bin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evaluators.data.samples import FloatArray, IntArray

CALIBRATION_BINS = 15
#: Stored probabilities are float32: nothing smaller than this was resolved, so nothing smaller is believed.
SMALLEST_PROBABILITY = float(np.finfo(np.float32).eps)


def accuracy(labels: IntArray, probabilities: FloatArray) -> float:
    """Return the share of samples whose most probable class is the true one.

    Args:
        labels: (m,) class indices in [0, K), m at least 1.
        probabilities: (m, K), finite, in [0, 1].

    Returns:
        A share in [0, 1]. The first of equally probable classes is the prediction.

    Raises:
        ValueError: If shapes or ranges are not as above. The same holds for every function here.
    """
    _check(labels, probabilities)
    return float(np.mean(probabilities.argmax(axis=1) == labels))


def macro_f1(labels: IntArray, probabilities: FloatArray) -> float:
    """Return the unweighted mean of F1 over the classes that occur in the labels or the predictions.

    As scikit-learn's `f1_score(average="macro")`: a class that nobody has and nobody predicts is left out,
    one that is predicted but never true counts 0.

    Args:
        labels: (m,) class indices in [0, K).
        probabilities: (m, K).

    Returns:
        A mean of F1 in [0, 1].
    """
    _check(labels, probabilities)
    classes = probabilities.shape[1]
    predictions = probabilities.argmax(axis=1)
    true = np.bincount(labels, minlength=classes)
    predicted = np.bincount(predictions, minlength=classes)
    hits = np.bincount(labels[labels == predictions], minlength=classes)
    occurs = (true + predicted) > 0
    return float(np.mean(2.0 * hits[occurs] / (true + predicted)[occurs]))


def log_loss(labels: IntArray, probabilities: FloatArray) -> float:
    """Return the mean negative log probability of the true class, in nats.

    Args:
        labels: (m,) class indices in [0, K).
        probabilities: (m, K), rows summing to 1.

    Returns:
        At least 0, and at most 15.95: probabilities are clipped to `SMALLEST_PROBABILITY`, so that one
        confident error cannot make the mean infinite.
    """
    _check(labels, probabilities)
    return float(
        -np.mean(np.log(np.clip(_of_the_true_class(labels, probabilities), SMALLEST_PROBABILITY, 1.0)))
    )


def brier(labels: IntArray, probabilities: FloatArray) -> float:
    """Return the multi-class Brier score: the mean squared distance to the true one-hot row.

    Args:
        labels: (m,) class indices in [0, K).
        probabilities: (m, K), rows summing to 1.

    Returns:
        A mean in [0, 2] (Brier 1950; not halved).
    """
    _check(labels, probabilities)
    # |p - e_y|^2 = |p|^2 - 2 p_y + 1, without a second (m, K) array of one-hot rows.
    squares = np.einsum("mk,mk->m", probabilities, probabilities, dtype=np.float64)
    return float(np.mean(squares - 2.0 * _of_the_true_class(labels, probabilities) + 1.0))


def expected_calibration_error(
    labels: IntArray, probabilities: FloatArray, *, bins: int = CALIBRATION_BINS
) -> float:
    """Return the mean gap between confidence and accuracy, over bins of equal mass.

    Bins of equal width (Guo et al. 2017) leave most bins of a good model empty; equal mass has less bias
    (Roelofs et al. 2022). Samples of equal confidence share a bin, so a k-nearest-neighbour head has at
    most k + 1 of them.

    Args:
        labels: (m,) class indices in [0, K). Below about 300 samples the value is mostly noise, upwards.
        probabilities: (m, K).
        bins: At least 1.

    Returns:
        A share in [0, 1].
    """
    _check(labels, probabilities)
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = (probabilities.argmax(axis=1) == labels).astype(np.float64)
    order = np.argsort(confidence, kind="stable")
    confidence, correct = confidence[order], correct[order]
    # A sample's bin is that of the first sample as confident as it: ties are never split by their order.
    first = np.searchsorted(confidence, confidence, side="left")
    excess = np.bincount(first * bins // len(labels), weights=confidence - correct, minlength=bins)
    return float(np.abs(excess).sum() / len(labels))


def classification_metrics(labels: IntArray, probabilities: FloatArray) -> dict[str, float]:
    """Return every metric of this module by its name in evidence.

    Args:
        labels: (m,) class indices in [0, K).
        probabilities: (m, K), rows summing to 1.

    Returns:
        `accuracy`, `macro_f1`, `log_loss`, `ece`, `brier`.
    """
    return {
        "accuracy": accuracy(labels, probabilities),
        "macro_f1": macro_f1(labels, probabilities),
        "log_loss": log_loss(labels, probabilities),
        "ece": expected_calibration_error(labels, probabilities),
        "brier": brier(labels, probabilities),
    }


def _of_the_true_class(labels: IntArray, probabilities: FloatArray) -> NDArray[np.float64]:
    return probabilities[np.arange(len(labels)), labels].astype(np.float64)


def _check(labels: IntArray, probabilities: FloatArray) -> None:
    if labels.ndim != 1 or probabilities.ndim != 2 or len(labels) != len(probabilities) or not len(labels):
        raise ValueError(
            f"labels {labels.shape} and probabilities {probabilities.shape}: (m,) and (m, K) expected"
        )
    if np.min(labels) < 0 or np.max(labels) >= probabilities.shape[1]:
        raise ValueError(
            f"labels reach from {np.min(labels)} to {np.max(labels)}, classes to {probabilities.shape[1] - 1}"
        )
    if not np.isfinite(probabilities).all():
        raise ValueError("probabilities hold NaN or an infinity")
