"""Paired tests equal SciPy's, know what they cannot say, and do not care who is called a."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evaluators.statistics.paired import (
    PairedResult,
    crossed_bootstrap,
    mcnemar_exact,
    non_inferior,
    paired_t,
)

DIFFERENCES = st.lists(st.floats(-1.0, 1.0), min_size=2, max_size=12)


@pytest.mark.parametrize("n", [2, 5, 10])
def test_paired_t_equals_scipy(n: int) -> None:
    differences = np.random.default_rng(n).normal(0.01, 0.02, size=n)
    expected = stats.ttest_1samp(differences, 0.0)
    found = paired_t(differences)
    assert (found.estimate, found.p_value) == pytest.approx((differences.mean(), expected.pvalue))
    assert (found.low, found.high) == pytest.approx(tuple(expected.confidence_interval(0.95)))
    assert found.df == n - 1
    assert not found.degenerate


def test_one_run_gives_a_difference_and_no_test() -> None:
    assert paired_t([0.02]) == PairedResult(0.02, None, None, None, 0)


def test_equal_differences_degenerate() -> None:
    constant, zero = paired_t([0.25, 0.25, 0.25]), paired_t([0.0, 0.0])
    assert constant == PairedResult(0.25, 0.25, 0.25, 0.0, 2)
    assert zero == PairedResult(0.0, 0.0, 0.0, 1.0, 1)
    assert constant.degenerate


@given(differences=DIFFERENCES)
def test_paired_t_mirrors_when_a_and_b_change_places(differences: list[float]) -> None:
    found, mirrored = paired_t(differences), paired_t([-value for value in differences])
    assert (mirrored.estimate, mirrored.low, mirrored.high) == pytest.approx(
        (-found.estimate, -(found.high or 0.0), -(found.low or 0.0)), abs=1e-12
    )
    assert mirrored.p_value == found.p_value


@given(differences=DIFFERENCES)
def test_interval_excludes_0_exactly_where_p_is_below_05(differences: list[float]) -> None:
    found = paired_t(differences)
    assert found.low is not None
    assert found.high is not None
    assert found.p_value is not None
    if abs(found.p_value - 0.05) > 1e-9:
        assert (found.low > 0.0 or found.high < 0.0) == (found.p_value < 0.05)


def correct(seed: int, runs: int, items: int, rate: float) -> np.ndarray:
    return np.random.default_rng(seed).random((runs, items)) < rate


def test_crossed_bootstrap_equals_resampling_by_hand() -> None:
    a, b = correct(1, 5, 200, 0.85), correct(2, 5, 200, 0.80)
    generator = np.random.default_rng(7)
    differences = a.astype(float) - b.astype(float)
    means = [
        differences[np.ix_(generator.integers(5, size=5), generator.integers(200, size=200))].mean()
        for _ in range(4000)
    ]
    assert crossed_bootstrap(a, b, resamples=4000) == pytest.approx(
        np.quantile(means, [0.025, 0.975]), abs=0.004
    )


def test_crossed_bootstrap_is_repeatable_and_mirrors() -> None:
    a, b = correct(1, 3, 50, 0.8), correct(2, 3, 50, 0.7)
    low, high = crossed_bootstrap(a, b, seed=3)
    assert low is not None
    assert high is not None
    assert crossed_bootstrap(a, b, seed=3) == (low, high)
    assert crossed_bootstrap(b, a, seed=3) == pytest.approx((-high, -low))
    assert crossed_bootstrap(a, b, seed=4) != (low, high)


def test_crossed_bootstrap_of_many_items_works_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = correct(1, 4, 300, 0.8), correct(2, 4, 300, 0.7)
    whole = crossed_bootstrap(a, b, resamples=100)
    monkeypatch.setattr("evaluators.statistics.paired._BLOCK", 1000)
    assert crossed_bootstrap(a, b, resamples=100) == pytest.approx(whole)


def test_one_run_has_no_crossed_interval() -> None:
    assert crossed_bootstrap(correct(1, 1, 50, 0.8), correct(2, 1, 50, 0.7)) == (None, None)


def test_unequal_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="dimensions"):
        crossed_bootstrap(correct(1, 3, 50, 0.8), correct(2, 2, 50, 0.7))
    with pytest.raises(ValueError, match="dimensions"):
        mcnemar_exact(correct(1, 1, 50, 0.8)[0], correct(2, 1, 49, 0.7)[0])


@pytest.mark.parametrize(("only_a", "only_b"), [(0, 0), (1, 0), (6, 0), (12, 3), (40, 40), (700, 800)])
def test_mcnemar_equals_the_exact_binomial_test(only_a: int, only_b: int) -> None:
    a = np.repeat([True, False, True], [only_a, only_b, 100])
    b = np.repeat([False, True, True], [only_a, only_b, 100])
    found = mcnemar_exact(a, b)
    expected = stats.binomtest(only_a, only_a + only_b).pvalue if only_a + only_b else 1.0
    assert found.p_value == pytest.approx(expected)
    assert (found.only_a, found.only_b, found.n) == (only_a, only_b, only_a + only_b + 100)
    assert found.difference == pytest.approx(a.mean() - b.mean())
    assert found.churn == np.mean(a != b)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_mcnemar_interval_contains_the_difference(pairs: list[tuple[bool, bool]]) -> None:
    a, b = np.array(pairs).T
    found, mirrored = mcnemar_exact(a, b), mcnemar_exact(b, a)
    assert -1.0 <= found.low <= found.difference <= found.high <= 1.0
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))
    assert mirrored.p_value == found.p_value


def test_mcnemar_interval_is_bonett_and_prices() -> None:
    # By hand: 9/102 +- 1.95996 sqrt((17/102 - (9/102)^2) / 102) = .0882353 +- .0773543.
    a = np.repeat([True, False, True], [12, 3, 85])
    b = np.repeat([False, True, True], [12, 3, 85])
    found = mcnemar_exact(a, b)
    assert (found.low, found.high) == pytest.approx((0.0108810, 0.1655896), abs=1e-7)


def test_non_inferiority_needs_the_lower_bound_above_the_margin() -> None:
    differences = [-0.010, 0.000, -0.004, 0.002, -0.006]
    low = stats.ttest_1samp(differences, 0.0).confidence_interval(0.90).low
    assert non_inferior(differences, -low + 1e-6)
    assert not non_inferior(differences, -low - 1e-6)


def test_not_significantly_worse_is_not_non_inferior() -> None:
    differences = [-0.10, 0.08, -0.05]
    assert (paired_t(differences).p_value or 0.0) > 0.5
    assert not non_inferior(differences, 0.02)


def test_one_run_never_shows_non_inferiority() -> None:
    assert not non_inferior([0.5], 0.01)


def test_a_margin_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="margin"):
        non_inferior([0.1, 0.1], 0.0)
