"""Transferability scores behave as their definitions say; parity with the field's code is check A4."""

import numpy as np
import pytest

from evaluators.diagnostics.transferability import (
    h_score,
    leep,
    log_me,
    negative_conditional_entropy,
    rank_correlation,
    regularised_h_score,
    trans_rate,
)

SCORES = [h_score, regularised_h_score, log_me, trans_rate]


def features_of(separation, seed=0):
    labels = np.repeat(np.arange(3), 40)
    noise = np.random.default_rng(seed).normal(size=(120, 6))
    return noise + separation * np.eye(3, 6)[labels], labels


@pytest.mark.parametrize("score", SCORES)
def test_features_that_tell_classes_apart_score_higher(score):
    near, far = (score(*features_of(separation)) for separation in (0.5, 4.0))
    assert near < far


@pytest.mark.parametrize("score", SCORES)
def test_the_order_of_samples_and_a_rotation_do_not_matter(score):
    features, labels = features_of(1.0)
    order = np.random.default_rng(1).permutation(len(labels))
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(6, 6)))[0]
    assert score(features[order] @ turn, labels[order]) == pytest.approx(score(features, labels), abs=1e-8)


@pytest.mark.parametrize("score", [regularised_h_score, log_me, trans_rate])
def test_fewer_samples_than_features_give_a_number(score):
    features = np.random.default_rng(0).normal(size=(8, 30))
    assert np.isfinite(score(features, np.repeat([0, 1], 4)))


def test_a_source_that_says_the_label_loses_nothing_and_one_that_says_nothing_loses_its_entropy():
    labels = np.repeat(np.arange(4), 5)
    assert leep(np.eye(4)[labels], labels) == pytest.approx(0.0)
    assert negative_conditional_entropy(labels, labels) == 0.0
    assert leep(np.full((20, 3), 1 / 3), labels) == pytest.approx(-np.log(4))
    assert negative_conditional_entropy(np.zeros(20, dtype=np.int64), labels) == pytest.approx(-np.log(4))


def test_agreement_at_the_top_counts_most():
    accuracies = np.array([0.9, 0.8, 0.7, 0.6])
    top_wrong, bottom_wrong = np.array([3.0, 4.0, 2.0, 1.0]), np.array([4.0, 3.0, 1.0, 2.0])
    assert rank_correlation(accuracies, accuracies) == pytest.approx(1.0)
    assert rank_correlation(top_wrong, accuracies) < rank_correlation(bottom_wrong, accuracies) < 1.0
