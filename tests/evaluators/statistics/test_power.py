"""Detectable differences equal the published tables, and agree with a simulated t test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evaluators.statistics.power import detectable_by_items, detectable_by_runs, runs_needed


@pytest.mark.parametrize(("runs", "expected"), [(3, 3.1), (5, 1.66), (10, 1.0), (20, 0.66)])
def test_detectable_by_runs_equals_the_reference_table(runs: int, expected: float) -> None:
    assert detectable_by_runs(1.0, runs) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(
    ("items", "disagreement", "points"),
    [(3080, 0.10, 1.6), (1421, 0.15, 2.9), (784, 0.20, 4.5), (204, 0.20, 8.8), (104, 0.30, 15.1)],
)
def test_detectable_by_items_equals_the_reference_table(
    items: int, disagreement: float, points: float
) -> None:
    assert 100 * detectable_by_items(disagreement, items) == pytest.approx(points, abs=0.06)
    assert detectable_by_items(disagreement, items) == pytest.approx(
        2.80 * np.sqrt(disagreement / items), rel=1e-3
    )


@pytest.mark.parametrize("runs", [5, 10])
def test_a_detectable_difference_is_detected_four_times_in_five(runs: int) -> None:
    difference = detectable_by_runs(1.0, runs)
    samples = np.random.default_rng(0).normal(difference, 1.0, size=(4000, runs))
    assert np.mean(stats.ttest_1samp(samples, 0.0, axis=1).pvalue < 0.05) == pytest.approx(0.8, abs=0.03)


def test_one_run_detects_nothing() -> None:
    assert detectable_by_runs(0.01, 1) is None


@given(sd=st.floats(0.0, 0.2), difference=st.floats(0.002, 0.2))
def test_runs_needed_are_the_fewest_that_suffice(sd: float, difference: float) -> None:
    runs = runs_needed(sd, difference)
    assert runs >= 2
    assert (detectable_by_runs(sd, runs) or 0.0) <= difference
    assert runs == 2 or (detectable_by_runs(sd, runs - 1) or 0.0) > difference


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="standard deviation"):
        detectable_by_runs(-1.0, 5)
    with pytest.raises(ValueError, match="disagreement"):
        detectable_by_items(1.5, 100)
    with pytest.raises(ValueError, match="difference"):
        runs_needed(0.01, 0.0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        runs_needed(0.01, 0.01, power=80.0)
