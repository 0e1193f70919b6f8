"""Selective accuracy and the area under the risk-coverage curve, against closed forms and all orders of ties."""

from itertools import permutations

import numpy as np
import pytest

from evaluators.metrics.selective import risk_coverage_area, selective_accuracy, selective_metrics


def two_classes(confidences, right):
    """Class 0 predicted with these confidences, right or wrong."""
    confidences = np.array(confidences, dtype=np.float64)
    return np.where(right, 0, 1), np.stack([confidences, 1 - confidences], axis=1)


def naive_area(right):
    wrong = np.cumsum(~np.array(right))
    return float(np.mean(wrong / np.arange(1, len(wrong) + 1)))


def test_the_most_confident_eighty_per_cent_are_counted():
    labels, probabilities = two_classes([0.99, 0.9, 0.8, 0.7, 0.6], [True, True, False, True, False])
    assert selective_accuracy(labels, probabilities) == pytest.approx(3 / 4)
    assert selective_accuracy(labels, probabilities, coverage=1.0) == pytest.approx(3 / 5)


def test_an_item_that_the_coverage_cuts_through_counts_in_part():
    labels, probabilities = two_classes([0.9, 0.8], [True, False])
    assert selective_accuracy(labels, probabilities, coverage=0.75) == pytest.approx(1 - 0.5 / 1.5)


def test_area_of_a_perfect_order_is_the_sum_over_the_wrong_ones_at_the_end():
    right = [True] * 6 + [False] * 4
    labels, probabilities = two_classes(np.linspace(0.99, 0.6, 10), right)
    expected = sum(k / (6 + k) for k in range(1, 5)) / 10
    assert risk_coverage_area(labels, probabilities) == pytest.approx(expected)


def test_ties_are_the_mean_over_all_their_orders():
    right = [True, False, True, False, False]
    labels, probabilities = two_classes([0.9, 0.7, 0.7, 0.7, 0.6], right)
    areas = [
        naive_area([right[0], *(right[i] for i in order), right[4]]) for order in permutations([1, 2, 3])
    ]
    assert risk_coverage_area(labels, probabilities) == pytest.approx(np.mean(areas))


def test_confidence_that_says_nothing_gives_the_error_itself_in_any_order():
    right = np.arange(20) % 4 != 0
    labels, probabilities = two_classes(np.full(20, 0.8), right)
    backwards = selective_metrics(labels[::-1], probabilities)
    assert selective_metrics(labels, probabilities) == backwards
    assert backwards == pytest.approx({"selective_accuracy": 0.75, "aurc": 0.25})


@pytest.mark.parametrize("coverage", [0.0, 1.1])
def test_a_coverage_out_of_range_is_refused(coverage):
    labels, probabilities = two_classes([0.9], [True])
    with pytest.raises(ValueError, match="coverage"):
        selective_accuracy(labels, probabilities, coverage=coverage)
