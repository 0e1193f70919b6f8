"""Comparing over items: the metrics are those of the evaluation, intervals cover, equal artifacts do not differ."""

from __future__ import annotations

import numpy as np
import pytest

from evaluators.metrics.classification import accuracy, macro_f1
from evaluators.statistics.intervals import wilson_interval
from evaluators.statistics.items import compare_items, metric_interval
from evaluators.statistics.kinds import A, ItemKinds
from evaluators.statistics.paired import mcnemar_exact
from evaluators.statistics.power import detectable_by_interval, detectable_by_items, items_needed
from tests.evaluators.statistics.artifacts import Setting, says_better

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
    found = compare_items(labels, predicted, predicted, metric)
    assert (found.estimate, found.low, found.high, found.p_value) == (0.0, 0.0, 0.0, 1.0)
    assert found.percentile == (0.0, 0.0)


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
def test_a_and_b_may_be_exchanged(metric):
    labels, a = answers(200, 0.9, seed=1)
    _, b = answers(200, 0.7, seed=2)
    one = compare_items(labels, a, b, metric)
    other = compare_items(labels, b, a, metric)
    assert one.estimate == pytest.approx(-other.estimate)
    assert one.low == pytest.approx(-other.high, abs=0.02)


def test_on_accuracy_it_agrees_with_the_exact_interval():
    labels, a = answers(500, 0.85, seed=3)
    b = np.where(np.random.default_rng(4).random(500) < 0.1, (labels + 1) % 5, a)
    exact = mcnemar_exact(a == labels, b == labels)
    found = compare_items(labels, a, b, "accuracy")
    assert found.estimate == pytest.approx(exact.difference)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), abs=0.01)


def test_the_error_is_that_of_leaving_one_item_out():
    labels, predicted = answers(400, 0.8, seed=6)
    predicted[:5] = -1
    kinds = ItemKinds.of(labels, predicted, predicted, "macro_f1")
    value, moved = kinds.influence("macro_f1", kinds.all, A)
    without = kinds.scores("macro_f1", kinds.all - np.eye(len(kinds.counts)), A)
    np.testing.assert_allclose(value - without, moved[0], atol=2e-5)
    assert (kinds.counts * moved[0]).sum() == pytest.approx(0.0, abs=1e-12)


def test_the_randomisation_test_agrees_with_the_exact_one_of_mcnemar():
    labels, a = answers(300, 0.8, seed=7)
    b = np.where(np.random.default_rng(8).random(300) < 0.06, (labels + 1) % 5, a)
    exact = mcnemar_exact(a == labels, b == labels).p_value
    assert 0.0 < exact < 0.01
    assert compare_items(labels, a, b, "accuracy").p_value == pytest.approx(exact, abs=0.002)
    assert compare_items(labels, b, a, "accuracy").p_value == pytest.approx(exact, abs=0.002)


def test_a_better_artifact_is_found_and_p_is_never_0():
    labels, a = answers(300, 0.9, seed=1)
    _, b = answers(300, 0.6, seed=2)
    found = compare_items(labels, a, b, "macro_f1", resamples=999)
    assert found.p_value == 1 / 1000
    assert found.low > 0.1
    assert -1.0 <= found.low < found.estimate < found.high <= 1.0


def test_no_gain_is_not_called_one_where_classes_are_rare():
    found = list(Setting(classes=20, items=60).comparisons(500, resamples=99))
    assert sum(map(says_better, found)) <= 20  # 2.5 % of 500, and what chance adds
    assert sum(row.low <= 0.0 <= row.high for row in found) >= 470
    assert sum(row.percentile[0] <= 0.0 <= row.percentile[1] for row in found) < 465  # what decided before


@pytest.mark.slow
@pytest.mark.parametrize(
    "setting",
    [
        Setting(classes=10, items=200, tail=False),
        Setting(classes=20, items=60),
        Setting(classes=50, items=150, shared=0.7),
    ],
    ids=lambda setting: f"{setting.classes} classes, {setting.items} items",
)
def test_a_gain_that_is_none_passes_at_most_as_often_as_the_level_says(setting):
    passed = sum(map(says_better, setting.comparisons(4000)))
    assert wilson_interval(passed, 4000).high <= 0.035  # 2.5 %, and what chance adds


@pytest.mark.slow
@pytest.mark.parametrize(
    "setting",
    [
        Setting(classes=20, items=60, gain=-0.02),
        Setting(classes=20, items=300, share=0.9, shared=0.7, gain=-0.02),
    ],
    ids=lambda setting: f"{setting.classes} classes, {setting.items} items",
)
def test_a_loss_of_the_margin_is_rarely_called_within_it(setting):
    called = sum(row.low > -0.02 for row in setting.comparisons(2000, resamples=299))
    assert wilson_interval(called, 2000).high <= 0.035


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


def test_an_interval_tells_what_could_be_detected():
    labels, a = answers(2000, 0.85, seed=3)
    b = np.where(np.random.default_rng(4).random(2000) < 0.1, (labels + 1) % 5, a)
    exact = mcnemar_exact(a == labels, b == labels)
    found = detectable_by_interval(exact.low, exact.high)
    assert found == pytest.approx(detectable_by_items(exact.churn, exact.n), rel=0.06)
    with pytest.raises(ValueError, match="an interval from 1"):
        detectable_by_interval(1.0, 0.0)
