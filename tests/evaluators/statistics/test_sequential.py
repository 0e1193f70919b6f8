"""Looking several times costs level: 10,000 sequences of four looks in which neither strategy is better."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evaluators.statistics.sequential import level_words, nominal_level

REPETITIONS, STEP, LOOKS = 10_000, 5, 4


def upper_bound(wrong: int, of: int) -> float:
    """Return the exact upper 95 % bound of a rate (Clopper and Pearson 1934)."""
    return float(stats.beta.ppf(0.95, wrong + 1, of - wrong))


@pytest.fixture(scope="module")
def p_values() -> np.ndarray:
    """(REPETITIONS, LOOKS) of a paired t after 5, 10, 15 and 20 runs of one sequence."""
    differences = np.random.default_rng(11).normal(size=(REPETITIONS, STEP * LOOKS))
    return np.stack(
        [
            stats.ttest_1samp(differences[:, : STEP * look], 0.0, axis=1).pvalue
            for look in range(1, LOOKS + 1)
        ],
        axis=1,
    )


def wrong(p_values: np.ndarray, level: float) -> int:
    return int((p_values.min(axis=1) <= level).sum())


def test_four_looks_together_err_in_six_per_cent_at_most(p_values):
    found = wrong(p_values, nominal_level(LOOKS))
    assert upper_bound(found, REPETITIONS) <= 0.06
    assert found > 0.04 * REPETITIONS  # and the level is spent, not saved


def test_four_looks_at_five_per_cent_each_err_twice_as_often(p_values):
    assert wrong(p_values, 0.05) > 0.10 * REPETITIONS


def test_a_sequence_that_its_budget_ends_errs_less(p_values):
    assert wrong(p_values[:, :2], nominal_level(LOOKS)) < wrong(p_values, nominal_level(LOOKS))


@pytest.mark.parametrize("looks", range(1, 11))
def test_the_critical_values_are_pocock_s_for_normal_means(looks):
    """By the recursion of Armitage, McPherson and Rowe (1969): the density of the sum of what was not rejected yet."""
    critical = stats.norm.isf(nominal_level(looks) / 2.0)
    grid = np.linspace(-critical * np.sqrt(looks), critical * np.sqrt(looks), 801)
    step = grid[1] - grid[0]
    inside = stats.norm.pdf(grid) * (np.abs(grid) <= critical)
    for look in range(2, looks + 1):
        inside = step * (stats.norm.pdf(grid[:, None] - grid[None, :]) @ inside)
        inside *= np.abs(grid) <= critical * np.sqrt(look)
    assert 1.0 - step * inside.sum() == pytest.approx(0.05, abs=0.002)


def test_more_than_ten_looks_are_held_by_bonferroni():
    levels = [nominal_level(looks) for looks in range(1, 20)]
    assert levels == sorted(levels, reverse=True)
    assert nominal_level(12) == 0.05 / 12


def test_no_look_has_no_level():
    with pytest.raises(ValueError, match="0 looks"):
        nominal_level(0)


def test_a_level_is_written_as_the_coverage_of_an_interval():
    assert [level_words(nominal_level(looks)) for looks in (1, 2, 4)] == ["95 %", "97.1 %", "98.2 %"]
