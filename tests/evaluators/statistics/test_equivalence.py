"""Not worse and as good are shown, not assumed: TOST as two t tests give it, and what too few runs give."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from evaluators.statistics.crossed import crossed_bootstrap
from evaluators.statistics.equivalence import equivalence, non_inferior
from evaluators.statistics.paired import paired_t

DIFFERENCES = [-0.010, 0.000, -0.004, 0.002, -0.006]


def test_p_is_that_of_two_one_sided_t_tests() -> None:
    found = equivalence(DIFFERENCES, 0.01)
    lower = stats.ttest_1samp(DIFFERENCES, -0.01, alternative="greater").pvalue
    upper = stats.ttest_1samp(DIFFERENCES, 0.01, alternative="less").pvalue
    assert (found.p_non_inferior, found.p_equivalent) == pytest.approx((lower, max(lower, upper)))


def test_non_inferiority_needs_the_lower_90_per_cent_bound_above_the_margin() -> None:
    low = stats.ttest_1samp(DIFFERENCES, 0.0).confidence_interval(0.90).low
    assert non_inferior(DIFFERENCES, -low + 1e-6)
    assert not non_inferior(DIFFERENCES, -low - 1e-6)


def test_what_is_much_better_is_not_inferior_and_not_equivalent() -> None:
    found = equivalence([0.10, 0.11, 0.12], 0.02)
    assert found.non_inferior
    assert not found.equivalent


def test_not_significantly_worse_is_not_non_inferior() -> None:
    differences = [-0.10, 0.08, -0.05]
    assert (paired_t(differences).p_value or 0.0) > 0.5
    assert not non_inferior(differences, 0.02)


def test_one_run_shows_nothing() -> None:
    assert equivalence([0.5], 0.01) is None
    assert not non_inferior([0.5], 0.01)


def test_runs_that_all_agree_show_nothing_by_themselves() -> None:
    assert not non_inferior([0.0, 0.0, 0.0], 0.05)


@pytest.mark.parametrize(("items", "shown"), [(20, False), (2000, True)])
def test_where_all_runs_agree_items_decide(items: int, shown: bool) -> None:
    # One item in ten is right only for a, one in ten only for b, in every run.
    a, b = (np.tile(np.arange(items) % 10 != wrong, (3, 1)) for wrong in (1, 2))
    found = equivalence([0.0, 0.0, 0.0], 0.04, crossed_bootstrap(a, b))
    assert (found.non_inferior, found.equivalent) == (shown, shown)


def test_a_margin_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="margin"):
        equivalence([0.1, 0.1], 0.0)


def test_runs_that_agree_on_few_items_do_not_show_that_others_are_answered_as_well():
    generator = np.random.default_rng(0)
    at_home = generator.random((2, 60)) < 0.5  # each is at home in items of its own, in every run
    a, b = (np.where(generator.random((5, 60)) < 0.02, ~row, row) for row in at_home)
    if a.mean() > b.mean():
        a, b = b, a
    differences = a.mean(axis=1) - b.mean(axis=1)
    margin = 0.05 - float(differences.mean())
    alone = equivalence(differences, margin)
    both = equivalence(differences, margin, crossed_bootstrap(a, b))
    assert alone.non_inferior
    assert not both.non_inferior
    assert both.p_equivalent >= both.p_non_inferior > alone.p_non_inferior
    # What is chosen on these items, and not claimed of others, is judged by its runs.
    assert non_inferior(differences, margin, crossed_bootstrap(a, b))
