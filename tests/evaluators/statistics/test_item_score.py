"""Tango's test of a difference of accuracies on the same items: his example, its level, McNemar's beside it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import gammaln

from evaluators.statistics.item_score import p_above, p_at


def test_the_example_of_the_paper():
    # Tango 1998, section 5: two ways to disinfect lenses, 44 pairs, one differs, a margin of 10 points: Z = 1.71.
    assert p_above(0, 1, 44, -0.1) == pytest.approx(0.0437, abs=1e-4)


def test_against_no_difference_it_is_mcnemars_test_without_its_correction():
    for only_a, only_b in ((12, 4), (3, 9), (7, 7)):
        z = abs(only_a - only_b) / math.sqrt(only_a + only_b)
        assert p_at(only_a, only_b, 200, 0.0) == pytest.approx(math.erfc(z / math.sqrt(2.0)))


@pytest.mark.parametrize(
    ("n", "margin", "changed"), [(100, 0.01, 0.08), (240, 0.02, 0.03), (240, 0.05, 0.15)]
)
def test_what_is_worse_by_the_margin_is_called_not_worse_in_5_percent(n, margin, changed):
    only_a, only_b = (changed - margin) / 2.0, (changed + margin) / 2.0
    wrong = 0.0
    for a in range(int(n * only_a + 10 * math.sqrt(n * only_a)) + 3):
        for b in range(int(n * only_b + 10 * math.sqrt(n * only_b)) + 3):
            if p_above(a, b, n, -margin) <= 0.05:
                wrong += math.exp(
                    gammaln(n + 1) - gammaln(a + 1) - gammaln(b + 1) - gammaln(n - a - b + 1)
                    + a * math.log(only_a) + b * math.log(only_b) + (n - a - b) * math.log(1.0 - changed)
                )  # fmt: skip
    assert 0.03 < wrong < 0.055


def test_more_items_that_do_not_differ_show_more():
    shown = [p_above(0, 0, n, -0.02) for n in (50, 100, 200, 400)]
    assert shown == sorted(shown, reverse=True)
    assert shown[-1] < 0.01 < shown[0]
    assert p_above(0, 0, 50, 0.0) == p_at(0, 0, 50, 0.0) / 2.0 == 0.5


def test_one_side_is_half_of_both_above_the_bound():
    assert np.isclose(2.0 * p_above(20, 5, 200, 0.01), p_at(20, 5, 200, 0.01))
    assert p_above(5, 20, 200, 0.01) > 0.99


@pytest.mark.parametrize("numbers", [(1, 1, 0, 0.0), (3, 3, 5, 0.0), (-1, 0, 5, 0.0), (0, 0, 5, 1.0)])
def test_numbers_out_of_range_are_refused(numbers):
    with pytest.raises(ValueError, match="items against"):
        p_above(*numbers)
