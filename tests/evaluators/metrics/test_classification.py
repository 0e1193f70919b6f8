"""The metrics equal scikit-learn's where it has them, and definitions worked by hand where it does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from evaluators.data.samples import FloatArray, IntArray
from evaluators.metrics.classification import (
    accuracy,
    brier,
    classification_metrics,
    expected_calibration_error,
    log_loss,
    macro_f1,
)


def random_predictions(seed: int, samples: int, classes: int) -> tuple[IntArray, FloatArray]:
    """Labels and probabilities that are right more often than not."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(classes, size=samples)
    logits = generator.normal(size=(samples, classes)) + 1.5 * np.eye(classes)[labels]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return labels.astype(np.int64), probabilities.astype(np.float32)


@pytest.mark.parametrize(("samples", "classes"), [(1, 2), (7, 3), (400, 5), (300, 77)])
def test_metrics_equal_scikit_learn(samples: int, classes: int) -> None:
    labels, probabilities = random_predictions(samples, samples, classes)
    predictions = probabilities.argmax(axis=1)
    everything = list(range(classes))
    found = classification_metrics(labels, probabilities)
    assert found["accuracy"] == sklearn_metrics.accuracy_score(labels, predictions)
    assert found["macro_f1"] == pytest.approx(
        sklearn_metrics.f1_score(labels, predictions, average="macro", zero_division=0)
    )
    assert found["log_loss"] == pytest.approx(
        sklearn_metrics.log_loss(labels, probabilities, labels=everything), rel=1e-5
    )
    onehot = np.eye(classes)[labels]
    assert found["brier"] == pytest.approx(np.mean(np.sum((probabilities - onehot) ** 2, axis=1)), rel=1e-5)


def test_brier_of_two_classes_is_twice_scikit_learns() -> None:
    labels, probabilities = random_predictions(3, 50, 2)
    expected = 2 * sklearn_metrics.brier_score_loss(labels, probabilities[:, 1])
    assert brier(labels, probabilities) == pytest.approx(expected, rel=1e-5)


def test_macro_f1_leaves_out_classes_that_nobody_has_or_predicts() -> None:
    labels = np.array([0, 0, 1])
    probabilities = np.eye(10, dtype=np.float32)[[0, 1, 1]]
    assert macro_f1(labels, probabilities) == pytest.approx(2 / 3)


def test_one_confident_error_leaves_log_loss_finite() -> None:
    assert log_loss(np.array([1]), np.array([[1.0, 0.0]], dtype=np.float32)) == pytest.approx(
        15.9424, abs=1e-4
    )


def test_calibration_error_of_distinct_confidences_is_that_of_equal_slices() -> None:
    labels, probabilities = random_predictions(5, 300, 4)
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    slices = np.array_split(np.argsort(confidence), 15)
    by_hand = sum(abs(correct[part].mean() - confidence[part].mean()) * len(part) / 300 for part in slices)
    assert expected_calibration_error(labels, probabilities) == pytest.approx(by_hand, rel=1e-5)


def test_equal_confidences_share_a_bin_whatever_their_order() -> None:
    # 300 samples at confidence 0.75 of which 75 % are right are calibrated; bins split by order would say no.
    probabilities = np.tile(np.array([[0.75, 0.25]], dtype=np.float32), (300, 1))
    labels = np.repeat([0, 1], [225, 75])
    assert expected_calibration_error(labels, probabilities) == pytest.approx(0.0, abs=1e-12)


def test_fewer_samples_than_bins_are_accepted() -> None:
    labels, probabilities = np.array([0, 1]), np.array([[0.9, 0.1], [0.6, 0.4]], dtype=np.float32)
    assert expected_calibration_error(labels, probabilities) == pytest.approx((0.1 + 0.6) / 2)


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 10_000), samples=st.integers(1, 60), rounded=st.booleans())
def test_no_metric_depends_on_the_order_of_samples(seed: int, samples: int, rounded: bool) -> None:
    labels, probabilities = random_predictions(seed, samples, 3)
    if rounded:  # ties, as a nearest-neighbour head gives them
        probabilities = np.round(probabilities, 1).astype(np.float32)
    order = np.random.default_rng(seed).permutation(samples)
    shuffled = classification_metrics(labels[order], probabilities[order])
    assert shuffled == pytest.approx(classification_metrics(labels, probabilities), abs=1e-9)


@pytest.mark.parametrize(
    ("labels", "probabilities"),
    [
        (np.array([], dtype=np.int64), np.empty((0, 2), dtype=np.float32)),
        (np.array([0, 1]), np.ones((3, 2), dtype=np.float32)),
        (np.array([-1]), np.ones((1, 2), dtype=np.float32)),
        (np.array([2]), np.ones((1, 2), dtype=np.float32)),
        (np.array([0]), np.array([[np.nan, 1.0]], dtype=np.float32)),
    ],
    ids=["empty", "lengths", "out-of-scope", "beyond", "nan"],
)
def test_input_that_cannot_be_scored_is_refused(labels: IntArray, probabilities: FloatArray) -> None:
    with pytest.raises(ValueError, match=r"labels|probabilities"):
        accuracy(labels, probabilities)
