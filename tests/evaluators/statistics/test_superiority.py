"""P(A > B) over paired runs: wins, ties as one half, an interval that is the same every time."""

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from evaluators.statistics.intervals import Interval
from evaluators.statistics.superiority import is_meaningful, probability_of_superiority


def test_wins_count_one_and_ties_one_half():
    assert probability_of_superiority([0.1, 0.02, 0.0, -0.1]).value == pytest.approx(2.5 / 4)


def test_differences_within_rounding_are_ties():
    assert probability_of_superiority([1e-16, -1e-16]).value == 0.5


def test_against_a_constant_it_is_mann_whitneys_u():
    runs = np.random.default_rng(0).normal(0.2, 1.0, size=30)
    expected = mannwhitneyu(runs, [0.0]).statistic / 30
    assert probability_of_superiority(runs).value == pytest.approx(expected)


def test_interval_is_that_of_the_binomial_where_nothing_ties():
    found = probability_of_superiority([1.0] * 12 + [-1.0] * 8)
    assert (found.low, found.high) == pytest.approx((0.4, 0.8), abs=0.051)


def test_it_mirrors_and_repeats():
    differences = np.array([0.3, 0.1, -0.2, 0.0, 0.4])
    found, mirrored = probability_of_superiority(differences), probability_of_superiority(-differences)
    assert found == probability_of_superiority(differences)
    assert mirrored.value == pytest.approx(1 - found.value)


def test_one_run_has_no_interval_and_is_never_meaningful():
    found = probability_of_superiority([0.5])
    assert (found.low, found.high) == (None, None)
    assert not is_meaningful(found)


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0.6, 0.9, True), (0.5, 0.9, False), (0.55, 0.75, False)]
)
def test_better_needs_an_interval_above_one_half_that_reaches_beyond_three_quarters(low, high, expected):
    assert is_meaningful(Interval(0.7, low, high, 10)) is expected


def test_no_or_infinite_differences_are_refused():
    for differences in ([], [float("nan")]):
        with pytest.raises(ValueError, match="finite"):
            probability_of_superiority(differences)
