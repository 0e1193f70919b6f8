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
    crossed_error,
    mcnemar_exact,
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
    found = crossed_bootstrap(a, b, resamples=4000)
    ends = (found.low, found.low_90, found.high_90, found.high)
    assert ends == pytest.approx(np.quantile(means, [0.025, 0.05, 0.95, 0.975]), abs=0.004)
    assert found.p_value == pytest.approx(2 * np.mean(np.array(means) <= 0), abs=0.01)


def test_crossed_bootstrap_is_repeatable_and_mirrors() -> None:
    a, b = correct(1, 3, 50, 0.8), correct(2, 3, 50, 0.7)
    found, mirrored = crossed_bootstrap(a, b, seed=3), crossed_bootstrap(b, a, seed=3)
    assert crossed_bootstrap(a, b, seed=3) == found
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))
    assert mirrored.p_value == found.p_value
    assert crossed_bootstrap(a, b, seed=4) != found


@pytest.mark.parametrize("seed", range(8))
def test_its_interval_excludes_0_where_its_p_is_below_05(seed: int) -> None:
    found = crossed_bootstrap(correct(seed, 4, 60, 0.85), correct(seed + 50, 4, 60, 0.75))
    if abs(found.p_value - 0.05) > 0.004:  # within a resample or two both are right
        assert (found.low > 0.0 or found.high < 0.0) == (found.p_value < 0.05)


def test_runs_that_all_differ_alike_have_the_noise_of_their_items() -> None:
    # Every run has item 0 right where the other has it wrong, and agrees on the rest: the mean differs by 1 in 40.
    b = np.tile(np.arange(40) % 5 > 0, (5, 1))
    a = b.copy()
    a[:, 0] = True
    assert paired_t(a.mean(axis=1) - b.mean(axis=1)).degenerate
    found = crossed_bootstrap(a, b)
    assert found.low == 0.0
    assert found.p_value > 0.05


def test_items_that_share_a_source_are_resampled_with_it() -> None:
    # Four copies of each of 50 items carry no more than 50 items do: the interval must not shrink by half.
    a, b = correct(1, 5, 50, 0.85), correct(2, 5, 50, 0.75)
    copies, sources = (np.repeat(answers, 4, axis=1) for answers in (a, b)), np.repeat(np.arange(50), 4)
    copied_a, copied_b = copies
    once = crossed_bootstrap(a, b)
    naive, clustered = (crossed_bootstrap(copied_a, copied_b, clusters=c) for c in (None, sources))
    assert (clustered.low, clustered.high) == pytest.approx((once.low, once.high), abs=0.004)
    assert naive.high - naive.low < 0.75 * (clustered.high - clustered.low)
    with pytest.raises(ValueError, match="clusters"):
        crossed_bootstrap(a, b, clusters=sources)


def test_the_error_in_closed_form_is_that_of_the_bootstrap() -> None:
    differences = correct(1, 5, 200, 0.85).astype(float) - correct(2, 5, 200, 0.80)
    generator = np.random.default_rng(7)
    means = [
        differences[np.ix_(generator.integers(5, size=5), generator.integers(200, size=200))].mean()
        for _ in range(20_000)
    ]
    # The bootstrap divides the spread of runs by R, Student's t by R - 1.
    spread = differences.mean(axis=1).var() / 5
    expected = np.sqrt(np.var(means) - spread + spread * 5 / 4)
    error, df = crossed_error(differences)
    assert error == pytest.approx(expected, rel=0.02)
    assert error >= stats.sem(differences.mean(axis=1))
    assert 4.0 < df < 199.0 + 4.0 * 199.0
    same = np.tile(differences[0], (5, 1))
    assert crossed_error(same) == pytest.approx((np.std(same[0]) / np.sqrt(200), 199.0))
    with pytest.raises(ValueError, match="two runs"):
        crossed_error(differences[:1])


def test_crossed_bootstrap_of_many_items_works_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = correct(1, 4, 300, 0.8), correct(2, 4, 300, 0.7)
    whole = crossed_bootstrap(a, b, resamples=100)
    monkeypatch.setattr("evaluators.statistics.paired._BLOCK", 1000)
    assert crossed_bootstrap(a, b, resamples=100) == pytest.approx(whole)


def test_one_run_has_no_crossed_interval() -> None:
    assert crossed_bootstrap(correct(1, 1, 50, 0.8), correct(2, 1, 50, 0.7)) is None


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
