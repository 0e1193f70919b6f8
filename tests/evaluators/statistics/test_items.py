"""The bootstrap over items: the metrics are those of the evaluation, intervals cover, equal artifacts do not differ."""

from __future__ import annotations

import numpy as np
import pytest

from evaluators.metrics.classification import accuracy, macro_f1
from evaluators.statistics.items import metric_interval, paired_item_bootstrap
from evaluators.statistics.paired import mcnemar_exact
from evaluators.statistics.power import detectable_by_items, items_needed

METRICS = {"accuracy": accuracy, "macro_f1": macro_f1}


def answers(n: int, share: float, *, classes: int = 5, seed: int = 0):
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, n)
    wrong = (labels + random.integers(1, classes, n)) % classes
    return labels, np.where(random.random(n) < share, labels, wrong)


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
def test_the_estimate_is_the_metric_of_the_evaluation(metric):
    labels, predicted = answers(300, 0.8)
    expected = METRICS[metric](labels, np.eye(5, dtype=np.float32)[predicted])
    found = metric_interval(labels, predicted, metric)
    assert found.value == pytest.approx(expected)
    assert found.low < found.value < found.high
    assert found.n == 300


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
def test_an_artifact_does_not_differ_from_itself(metric):
    labels, predicted = answers(200, 0.7)
    found = paired_item_bootstrap(labels, predicted, predicted, metric)
    assert (found.estimate, found.low, found.high, found.p_value) == (0.0, 0.0, 0.0, 1.0)


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
def test_a_and_b_may_be_exchanged(metric):
    labels, a = answers(200, 0.9, seed=1)
    _, b = answers(200, 0.7, seed=2)
    one = paired_item_bootstrap(labels, a, b, metric)
    other = paired_item_bootstrap(labels, b, a, metric)
    assert one.estimate == pytest.approx(-other.estimate)
    assert one.low == pytest.approx(-other.high, abs=0.02)


def test_on_accuracy_it_agrees_with_the_exact_interval():
    labels, a = answers(500, 0.85, seed=3)
    b = np.where(np.random.default_rng(4).random(500) < 0.1, (labels + 1) % 5, a)
    exact = mcnemar_exact(a == labels, b == labels)
    found = paired_item_bootstrap(labels, a, b, "accuracy")
    assert found.estimate == pytest.approx(exact.difference)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=0.01)


def test_the_interval_covers_and_the_test_keeps_its_size():
    covered = rejected = 0
    for seed in range(200):
        labels, a = answers(150, 0.8, seed=2 * seed)
        b = np.where(np.random.default_rng(9000 + seed).random(150) < 0.8, labels, (labels + 1) % 5)
        found = paired_item_bootstrap(labels, a, b, "macro_f1", resamples=400, seed=seed)
        covered += found.low <= 0.0 <= found.high
        rejected += found.p_value <= 0.05
    assert covered >= 180  # 95 % of 200, less what chance takes
    assert rejected <= 20


def test_the_same_seed_gives_the_same_interval_and_a_label_of_no_class_is_wrong():
    labels, predicted = answers(100, 0.8)
    assert metric_interval(labels, predicted, "macro_f1") == metric_interval(labels, predicted, "macro_f1")
    unknown = predicted.copy()
    unknown[:10] = -1
    expected = np.mean(unknown == labels)
    assert metric_interval(labels, unknown, "accuracy").value == pytest.approx(expected)
    assert (
        metric_interval(labels, unknown, "macro_f1").value
        < metric_interval(labels, predicted, "macro_f1").value
    )


def test_bad_shapes_are_refused():
    with pytest.raises(ValueError, match="expected"):
        metric_interval(np.zeros(3, dtype=np.int64), np.zeros(4, dtype=np.int64), "accuracy")
    with pytest.raises(ValueError, match="from 0"):
        metric_interval(np.array([-1]), np.array([0]), "accuracy")


def test_the_items_needed_detect_the_difference():
    for disagreement, difference in ((0.1, 0.02), (0.3, 0.05), (0.01, 0.5)):
        n = items_needed(disagreement, difference)
        assert detectable_by_items(disagreement, n) <= difference
        assert n == 1 or detectable_by_items(disagreement, n - 1) > difference
    with pytest.raises(ValueError, match="above 0"):
        items_needed(0.1, 0.0)
