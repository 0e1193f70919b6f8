"""What would settle it: as many runs as a paired t needs, on the machine that measured, or as many items."""

from __future__ import annotations

import pytest

from evaluators.statistics.power import detectable_by_runs
from hub.gate_rules.settling import settles
from tests.hub.gate_rules.test_comparison_rules import GAINS, with_difference

RUNS = 5


def told(value, sd, *, crossed=None, items=0, family=1):
    found = with_difference(
        GAINS[1], value - 0.01, value, value + 0.01, detectable=detectable_by_runs(sd, RUNS)
    )
    row = next(row for row in found.findings.comparisons if row.purpose == GAINS[1])
    ends = {"crossed_low": crossed[0], "crossed_high": crossed[1]} if crossed else {}
    row = row.model_copy(update={"crossed_low": None, "crossed_high": None, **ends})
    return settles(row, 0.0, found.observations, items=items, size=0.05 / family)


@pytest.mark.parametrize(("value", "sd", "more"), [(0.01, 0.008, 3), (0.02, 0.02, 5), (0.01, 0.03, 68)])
def test_so_many_runs_more_detect_what_was_seen_with_probability_eight_in_ten(value, sd, more):
    assert told(value, sd).startswith(f"about {more} more runs (")
    assert detectable_by_runs(sd, RUNS + more) <= value < detectable_by_runs(sd, RUNS + more - 1)


def test_a_larger_family_needs_more():
    assert told(0.01, 0.008, family=20).startswith("about 9 more runs (")


def test_items_are_named_where_runs_and_items_together_were_resampled():
    text = told(0.01, 0.01, crossed=(-0.002, 0.022), items=400)
    # 2.80 / 1.96 times half the width detects 1.72 points with 400 items, so 400 * 1.72^2 detect 1.
    assert "or about 777 more test items would detect 1.0 points" in text


def test_no_number_of_items_is_named_where_ten_times_the_test_would_not_do():
    assert "items" not in told(0.01, 0.01, crossed=(-0.05, 0.07), items=400)


def test_what_a_hundred_runs_would_not_settle_is_a_tie():
    assert told(0.001, 0.03) == "more than 100 runs to detect 0.1 points: treat it as a tie"
