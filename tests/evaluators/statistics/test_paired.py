"""Paired tests equal SciPy's, know what they cannot say, and do not care who is called a."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evaluators.statistics.paired import PairedResult, mcnemar_exact, paired_t

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
    assert constant == PairedResult(0.25, 0.25, 0.25, None, 2)
    assert zero == PairedResult(0.0, 0.0, 0.0, None, 1)
    assert constant.degenerate


@given(differences=DIFFERENCES)
def test_paired_t_mirrors_when_a_and_b_change_places(differences: list[float]) -> None:
    found, mirrored = paired_t(differences), paired_t([-value for value in differences])
    assert (mirrored.estimate, mirrored.low, mirrored.high) == pytest.approx(
        (-found.estimate, -(found.high or 0.0), -(found.low or 0.0)), abs=1e-12
    )
    assert mirrored.p_value == found.p_value


@given(differences=DIFFERENCES.filter(lambda values: np.ptp(values) > 1e-9))
def test_interval_excludes_0_exactly_where_p_is_below_05(differences: list[float]) -> None:
    found = paired_t(differences)
    assert found.low is not None
    assert found.high is not None
    assert found.p_value is not None
    if abs(found.p_value - 0.05) > 1e-9:
        assert (found.low > 0.0 or found.high < 0.0) == (found.p_value < 0.05)


def test_unequal_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="dimensions"):
        mcnemar_exact(np.ones(50, dtype=bool), np.ones(49, dtype=bool))


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
