"""Reliability bins hold every answer once, in equal shares, and never split answers of equal confidence."""

import numpy as np
import pytest

from evaluators.metrics.classification import expected_calibration_error
from evaluators.metrics.reliability import reliability_bins


def answers(count=600, classes=4):
    generator = np.random.default_rng(1)
    probabilities = generator.dirichlet(np.ones(classes), count).astype(np.float32)
    labels = generator.integers(0, classes, count)
    return labels, probabilities


def test_bins_give_the_calibration_error_that_the_metric_gives():
    labels, probabilities = answers()
    bins = reliability_bins(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)
    error = sum(row.answers * abs(row.confidence - row.accuracy) for row in bins) / len(labels)
    assert error == pytest.approx(expected_calibration_error(labels, probabilities))


def test_fifteen_bins_of_equal_mass_from_unsure_to_sure():
    labels, probabilities = answers()
    bins = reliability_bins(probabilities.max(axis=1), probabilities.argmax(axis=1) == labels)
    assert [row.answers for row in bins] == [40] * 15
    assert [row.confidence for row in bins] == sorted(row.confidence for row in bins)


def test_equal_confidences_share_a_bin():
    confidence = np.repeat(np.array([0.4, 0.6, 1.0], dtype=np.float32), [10, 20, 70])
    bins = reliability_bins(confidence, np.arange(100) % 2 == 0)
    assert [row.answers for row in bins] == [10, 20, 70]


def test_order_does_not_matter():
    labels, probabilities = answers()
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    shuffled = np.random.default_rng(2).permutation(len(labels))
    assert reliability_bins(confidence[shuffled], right[shuffled]) == reliability_bins(confidence, right)


def test_no_answer_at_all_is_refused():
    with pytest.raises(ValueError, match="of both"):
        reliability_bins(np.zeros(0, dtype=np.float32), np.zeros(0, dtype=bool))
