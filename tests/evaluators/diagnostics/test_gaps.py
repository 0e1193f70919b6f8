"""Gaps are paired over runs, signed, and know where a share of nothing has no meaning."""

from __future__ import annotations

import pytest
from scipy import stats

from evaluators.diagnostics.gaps import generalization_gap, shift_drop
from evaluators.statistics.intervals import Interval

TRAIN, TEST, SHIFTED = [1.0, 0.98, 0.99], [0.80, 0.82, 0.78], [0.60, 0.70, 0.62]


def test_generalization_gap_is_train_minus_test_paired_over_runs() -> None:
    gaps = [train - test for train, test in zip(TRAIN, TEST, strict=True)]
    found = generalization_gap(TRAIN, TEST)
    assert found.value == pytest.approx(sum(gaps) / 3)
    assert (found.low, found.high) == pytest.approx(tuple(stats.ttest_1samp(gaps, 0.0).confidence_interval()))


def test_shift_drop_is_absolute_and_relative_to_the_own_test() -> None:
    found = shift_drop(TEST, SHIFTED)
    assert found.absolute.value == pytest.approx((0.20 + 0.12 + 0.16) / 3)
    assert found.relative is not None
    assert found.relative.value == pytest.approx((0.20 / 0.80 + 0.12 / 0.82 + 0.16 / 0.78) / 3)


def test_an_easier_shifted_set_is_a_negative_drop() -> None:
    assert shift_drop([0.5, 0.6], [0.7, 0.7]).absolute.value < 0.0


def test_a_score_of_0_has_no_relative_drop() -> None:
    assert shift_drop([0.0, 0.5], [0.0, 0.4]).relative is None


def test_one_run_has_a_gap_without_interval() -> None:
    assert generalization_gap([0.75], [0.5]) == Interval(0.25, None, None, 1)


def test_runs_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="one a run"):
        generalization_gap(TRAIN, TEST[:2])
