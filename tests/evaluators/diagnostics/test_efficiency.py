"""Curve summaries print the published numbers (SetFit's AG News results) and never extrapolate."""

from __future__ import annotations

import pytest

from evaluators.diagnostics.efficiency import (
    Crossover,
    DataMultiplier,
    aulc,
    confirmed_crossover,
    crossover,
    data_multiplier,
)

SIZES = [2, 4, 8, 16, 32, 64]
SETFIT = [64.64, 77.30, 82.91, 85.00, 86.92, 88.04]
ROBERTA = [49.65, 69.01, 81.67, 85.29, 87.54, 88.44]
DISTILBERT = [48.61, 63.50, 76.07, 81.59, 84.14, 86.81]


@pytest.mark.parametrize(("curve", "printed"), [(SETFIT, "81.69"), (ROBERTA, "78.51"), (DISTILBERT, "74.60")])
def test_area_equals_the_published_curves(curve: list[float], printed: str) -> None:
    assert f"{aulc(SIZES, curve):.2f}" == printed


def test_area_of_a_flat_curve_is_its_height_whatever_the_sizes() -> None:
    assert aulc([1, 3, 50], [0.7, 0.7, 0.7]) == pytest.approx(0.7)


def test_roberta_overtakes_setfit_where_published() -> None:
    found = crossover(SIZES, a=SETFIT, b=ROBERTA)
    assert (found.above, found.up_to) == (8, 16)
    assert f"{found.at:.1f}" == "14.0"
    assert str(found) == "8 < n <= 16"


def test_a_crossing_outside_the_sizes_is_not_guessed() -> None:
    assert str(crossover(SIZES, a=SETFIT, b=DISTILBERT)) == "> 64"
    assert crossover(SIZES, a=DISTILBERT, b=SETFIT) == Crossover(None, 2)
    assert str(Crossover(None, 2)) == "<= 2"


def test_a_tie_is_not_ahead() -> None:
    assert crossover([2, 4, 8], a=[0.5, 0.6, 0.7], b=[0.4, 0.6, 0.8]) == Crossover(4, 8, 4.0)


def test_a_confirmed_crossing_waits_for_the_interval() -> None:
    assert crossover([2, 4, 8], a=[0.7, 0.7, 0.7], b=[0.6, 0.71, 0.8]).up_to == 4
    assert confirmed_crossover([2, 4, 8], [-0.12, -0.01, 0.08]) == Crossover(4, 8)
    assert confirmed_crossover([2, 4, 8], [None, None, None]) == Crossover(8, None, holds=False)


def test_a_lead_that_is_lost_again_does_not_hold() -> None:
    assert confirmed_crossover([2, 4, 8], [0.01, -0.02, 0.03]) == Crossover(None, 2, holds=False)


def test_setfit_at_8_is_worth_the_published_labels_of_distilbert() -> None:
    found = data_multiplier(SIZES, mean_transfer=SETFIT, mean_scratch=DISTILBERT, at=8)
    assert str(found) == "22.9 (x2.86)"
    assert found.bound == "exact"


def test_a_multiplier_beyond_the_sizes_is_censored() -> None:
    above = data_multiplier(SIZES, mean_transfer=SETFIT, mean_scratch=DISTILBERT, at=64)
    below = data_multiplier(SIZES, mean_transfer=DISTILBERT, mean_scratch=SETFIT, at=4)
    assert above == DataMultiplier(64.0, 1.0, "above")
    assert str(above) == "> 64.0 (> x1.00)"
    assert below == DataMultiplier(2.0, 0.5, "below")


def test_a_curve_against_itself_is_worth_itself() -> None:
    for size in SIZES:
        found = data_multiplier(SIZES, mean_transfer=SETFIT, mean_scratch=SETFIT, at=size)
        assert (found.labels, found.multiplier, found.bound) == (
            pytest.approx(size),
            pytest.approx(1.0),
            "exact",
        )


def test_the_first_size_that_reaches_the_target_counts_on_a_curve_that_falls_again() -> None:
    found = data_multiplier([2, 4, 8], mean_transfer=[0.5, 0.6, 0.7], mean_scratch=[0.4, 0.8, 0.6], at=4)
    assert found.labels == pytest.approx(2 * 2**0.5)


@pytest.mark.parametrize(
    ("sizes", "means"), [([4], [0.5]), ([4, 4], [0.5, 0.6]), ([0, 2], [0.5, 0.6]), ([2, 4], [0.5])]
)
def test_sizes_that_make_no_curve_are_refused(sizes: list[int], means: list[float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        aulc(sizes, means)


def test_a_size_that_was_not_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="none of the sizes"):
        data_multiplier(SIZES, mean_transfer=SETFIT, mean_scratch=DISTILBERT, at=10)
