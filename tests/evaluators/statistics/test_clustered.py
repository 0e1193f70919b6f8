"""Items that come in groups: copies of an item are no new items, and whole groups are what is exchanged."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evaluators.statistics.clustered import (
    by_group,
    compare_groups,
    metric_interval_of_groups,
    p_not_worse_of_groups,
)
from evaluators.statistics.crossed import crossed_bootstrap, crossed_error
from evaluators.statistics.items import compare_items, metric_interval
from evaluators.statistics.paired import mcnemar_exact
from evaluators.statistics.ties import against_the_best

RESAMPLES = 1000


def answers(groups: int, size: int, seed: int = 0):
    """Return labels, two predictions, groups: every group is answered alike, `size` items each."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, groups)
    a = np.where(generator.random(groups) < 0.8, labels, (labels + 1) % 3)
    b = np.where(generator.random(groups) < 0.7, labels, (labels + 1) % 3)
    return (*(np.repeat(row, size) for row in (labels, a, b)), np.repeat(np.arange(groups), size))


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
def test_copies_of_items_in_a_group_make_no_interval_narrower_and_no_p_smaller(metric):
    once, copied = answers(60, 1), answers(60, 9)
    alone = compare_groups(*once, metric, resamples=RESAMPLES)
    many = compare_groups(*copied, metric, resamples=RESAMPLES)
    assert (many.low, many.high) == pytest.approx((alone.low, alone.high))
    assert many.p_value == alone.p_value
    # Whoever takes the copies for items believes three times as much.
    naive = compare_items(*copied[:3], metric, resamples=RESAMPLES)
    assert naive.high - naive.low < 0.4 * (many.high - many.low)


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1"])
def test_groups_of_one_item_agree_with_items(metric):
    labels, a, b, groups = answers(300, 1)
    of_groups = compare_groups(labels, a, b, groups, metric, resamples=RESAMPLES)
    of_items = compare_items(labels, a, b, metric, resamples=RESAMPLES)
    assert of_groups.estimate == pytest.approx(of_items.estimate)
    assert of_groups.high - of_groups.low == pytest.approx(of_items.high - of_items.low, rel=0.1)
    assert of_groups.p_value == pytest.approx(of_items.p_value, abs=0.02)


def test_the_score_is_that_of_the_metric_also_where_a_class_is_said_that_nobody_has():
    labels, predicted = np.array([0, 0, 1, 1]), np.array([0, 2, 1, -1])
    found = metric_interval_of_groups(labels, predicted, np.array([0, 0, 1, 1]), "macro_f1", resamples=50)
    assert found.value == pytest.approx(metric_interval(labels, predicted, "macro_f1", resamples=50).value)
    assert found.value == pytest.approx((2 / 3 + 2 / 3 + 0.0) / 3)


def test_one_group_says_nothing_about_another():
    labels, a, b, _ = answers(5, 1)
    with pytest.raises(ValueError, match="one group says nothing"):
        compare_groups(labels, a, b, np.zeros(5, dtype=np.int64), "accuracy")


def test_not_worse_by_the_margin_needs_more_than_a_few_groups():
    labels, a, _, groups = answers(200, 1)
    worse = np.where(np.arange(200) < 2, (a + 1) % 3, a)
    many = compare_groups(labels, worse, a, groups, "accuracy", resamples=RESAMPLES)
    assert p_not_worse_of_groups(many, 200, 0.05) < 0.05
    few = compare_groups(labels, worse, a, groups // 40, "accuracy", resamples=RESAMPLES)
    assert p_not_worse_of_groups(few, 5, 0.05) > p_not_worse_of_groups(many, 200, 0.05)


def null(repetitions: int, groups: int, size: int):
    """Yield answers of two artifacts that are as good as each other, each better on groups of its own."""
    generator = np.random.default_rng(5)
    for _ in range(repetitions):
        chances = generator.beta(2.0, 1.0, size=(2, groups, 1))
        right = generator.random((2, groups, size)) < chances
        yield right.reshape(2, -1)


def test_the_test_of_groups_errs_in_six_per_cent_at_most_and_that_of_items_in_many():
    repetitions, groups, size = 2000, 25, 8
    numbers, labels = np.repeat(np.arange(groups), size), np.zeros(groups * size, dtype=np.int64)
    of_groups = of_items = outside = 0
    for a, b in null(repetitions, groups, size):
        one, other = np.where(a, 0, -1), np.where(b, 0, -1)
        found = compare_groups(labels, one, other, numbers, "accuracy", resamples=400)
        of_groups += found.p_value <= 0.05
        outside += found.low > 0.0 or found.high < 0.0
        of_items += mcnemar_exact(a, b).p_value <= 0.05
    assert stats.beta.ppf(0.05, of_groups, repetitions - of_groups + 1) <= 0.05
    assert of_groups > 0.025 * repetitions
    assert outside <= 0.075 * repetitions
    assert of_items > 0.15 * repetitions


def test_over_runs_and_groups_the_spread_is_that_of_groups():
    generator = np.random.default_rng(7)
    differences = generator.normal(size=(5, 40))
    copied, groups = np.repeat(differences, 6, axis=1), np.repeat(np.arange(40), 6)
    assert crossed_error(by_group(copied, groups)) == pytest.approx(crossed_error(differences))
    assert crossed_error(copied)[0] < crossed_error(differences)[0]
    assert by_group(copied, groups).mean() == pytest.approx(copied.mean())


def test_groups_of_unequal_size_have_the_mean_of_items():
    differences = np.arange(12.0).reshape(2, 6)
    assert by_group(differences, np.array([0, 0, 0, 0, 1, 2])).mean() == pytest.approx(differences.mean())


def test_the_crossed_bootstrap_widens_with_groups():
    generator = np.random.default_rng(8)
    a, b = (np.repeat(generator.random((5, 30)) < chance, 5, axis=1) for chance in (0.8, 0.7))
    items = crossed_bootstrap(a, b)
    groups = crossed_bootstrap(a, b, clusters=np.repeat(np.arange(30), 5))
    assert groups.high - groups.low > 1.3 * (items.high - items.low)


def test_arms_that_differ_by_few_groups_are_tied():
    generator = np.random.default_rng(9)
    # Two of four groups are answered by one arm alone: 100 items of 200, and next to no evidence.
    right = np.repeat([True, True, True, False], 50), np.repeat([True, False, True, False], 50)
    runs = [{run: row ^ (generator.random(200) < 0.02) for run in range(6)} for row in right]
    scores = np.array([[row.mean() for row in arm.values()] for arm in runs])
    assert against_the_best(scores, runs).is_worse(1)
    assert not against_the_best(scores, runs, groups=np.repeat(np.arange(4), 50)).is_worse(1)
