"""Holm's adjustment: the textbook example, a slow oracle, and its place between none and Bonferroni's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.statistics.holm import holm

P_VALUES = st.lists(st.floats(0.0, 1.0), max_size=8)


def test_the_textbook_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))


def test_nothing_and_one_stay_as_they_are() -> None:
    assert holm([]) == ()
    assert holm([0.2]) == (0.2,)


@given(p_values=P_VALUES, level=st.floats(0.001, 0.999))
def test_rejecting_adjusted_values_is_stepping_down(p_values: list[float], level: float) -> None:
    remaining = sorted(p_values)
    rejected = 0
    while remaining and len(remaining) * remaining[0] <= level:
        remaining.pop(0)
        rejected += 1
    assert sum(p <= level for p in holm(p_values)) == rejected


@given(p_values=P_VALUES)
def test_adjusted_values_lie_between_none_and_bonferroni(p_values: list[float]) -> None:
    for p, adjusted in zip(p_values, holm(p_values), strict=True):
        assert p <= adjusted <= min(1.0, len(p_values) * p)


@given(p_values=P_VALUES)
def test_the_order_given_is_the_order_returned(p_values: list[float]) -> None:
    assert holm(p_values[::-1]) == holm(p_values)[::-1]


def test_a_number_that_is_no_p_value_is_refused() -> None:
    with pytest.raises(ValueError, match="p-value"):
        holm([0.5, float("nan")])
