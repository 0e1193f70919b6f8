"""Runs won, in words: no interval, no width, and whether the interval bears out "better"."""

import pytest

from evaluators.evidence import Estimate
from evaluators.report.marks import runs_won


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (None, ""),
        (Estimate(value=1.0, n=1), "1.00"),
        (Estimate(value=1.0, low=1.0, high=1.0, n=5), "1.00, all runs alike"),
        (Estimate(value=0.9, low=0.7, high=1.0, n=10), "0.90 [0.70, 1.00], yes"),
        (Estimate(value=0.6, low=0.3, high=0.9, n=10), "0.60 [0.30, 0.90], no"),
    ],
)
def test_runs_won_say_yes_only_where_the_interval_bears_it_out(share, text):
    assert runs_won(share) == text
