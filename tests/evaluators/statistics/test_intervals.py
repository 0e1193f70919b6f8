"""Intervals equal SciPy's, contain what they are around, and know what one run cannot say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evaluators.statistics.intervals import Interval, mean_interval, wilson_interval

SHARES = st.lists(st.floats(0.0, 1.0), min_size=2, max_size=12)


@pytest.mark.parametrize("level", [0.90, 0.95])
@pytest.mark.parametrize("n", [2, 3, 5, 20])
def test_mean_interval_equals_scipy(n: int, level: float) -> None:
    values = np.random.default_rng(n).normal(0.8, 0.02, size=n)
    expected = stats.t.interval(level, n - 1, loc=values.mean(), scale=stats.sem(values))
    found = mean_interval(values, level=level)
    assert (found.low, found.high) == pytest.approx(expected)
    assert (found.value, found.n) == (pytest.approx(values.mean()), n)


def test_standard_error_of_bernoulli_items_is_the_analytic_one() -> None:
    # lighteval prints 0.00046 here: it divides a bootstrap's standard deviation by sqrt(B) once more.
    items = np.random.default_rng(0).random(1000) < 0.3
    found = mean_interval(items.astype(np.float64))
    assert found.high is not None
    assert (found.high - found.value) / stats.t.ppf(0.975, 999) == pytest.approx(0.01459, abs=0.0007)


def test_one_run_has_a_value_and_no_interval() -> None:
    assert mean_interval([0.7]) == Interval(0.7, None, None, 1)


def test_equal_runs_have_an_interval_of_no_width() -> None:
    found = mean_interval([0.1, 0.3 - 0.2, 0.1])
    assert found.low == found.value == found.high


@given(values=SHARES)
def test_interval_contains_its_mean_and_mirrors_with_the_sign(values: list[float]) -> None:
    found, mirrored = mean_interval(values), mean_interval([-value for value in values])
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.value <= found.high
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low), abs=1e-12)


@given(values=SHARES, seed=st.integers(0, 99))
def test_interval_does_not_depend_on_the_order_of_runs(values: list[float], seed: int) -> None:
    shuffled = np.random.default_rng(seed).permutation(values)
    found, other = mean_interval(values), mean_interval(shuffled)
    assert (found.low, found.high) == pytest.approx((other.low, other.high), abs=1e-9)


@pytest.mark.parametrize("values", [[], [0.5, float("nan")], [0.5, float("inf")]])
def test_values_without_a_mean_are_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        mean_interval(values)


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (1, 1), (0, 30), (17, 30), (30, 30), (2800, 3080)])
def test_wilson_interval_equals_scipy(successes: int, n: int) -> None:
    expected = stats.binomtest(successes, n).proportion_ci(method="wilson")
    found = wilson_interval(successes, n)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


@given(n=st.integers(1, 5000), data=st.data())
def test_wilson_interval_contains_the_share_and_stays_inside_0_and_1(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    found = wilson_interval(successes, n)
    assert found.low is not None
    assert found.high is not None
    assert 0.0 <= found.low <= successes / n <= found.high <= 1.0
    assert found.low < found.high


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (-1, 4), (5, 4)])
def test_impossible_counts_are_refused(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="successes"):
        wilson_interval(successes, n)


def test_a_level_outside_0_and_1_is_refused() -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        mean_interval([0.1, 0.2], level=95.0)
