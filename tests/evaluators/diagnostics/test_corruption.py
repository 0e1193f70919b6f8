"""mCE and relative mCE against values worked out by hand."""

from __future__ import annotations

import pytest

from evaluators.diagnostics.corruption import error_ratio, mean_error, relative_error_ratio

SUBJECT = {"noise": [0.1, 0.2, 0.3], "blur": [0.2, 0.2, 0.2]}
REFERENCE = {"noise": [0.2, 0.4, 0.6], "blur": [0.3, 0.4, 0.5]}


def test_the_mean_is_over_all_severities_and_families() -> None:
    assert mean_error(SUBJECT) == pytest.approx(0.2)


def test_mce_is_the_mean_of_ratios_of_sums() -> None:
    assert error_ratio(SUBJECT, REFERENCE) == pytest.approx((0.6 / 1.2 + 0.6 / 1.2) / 2)
    assert error_ratio(REFERENCE, REFERENCE) == 1.0


def test_relative_mce_takes_the_clean_errors_off() -> None:
    found = relative_error_ratio(SUBJECT, REFERENCE, clean=0.1, reference_clean=0.2)
    assert found == pytest.approx((0.3 / 0.6 + 0.3 / 0.6) / 2)
    # A better model can lose more: its mCE is below 1 and its relative mCE above.
    assert relative_error_ratio(SUBJECT, REFERENCE, clean=0.0, reference_clean=0.3) > 1.0


def test_a_reference_that_loses_nothing_gives_no_ratio() -> None:
    assert error_ratio(SUBJECT, {**REFERENCE, "blur": [0.0, 0.0, 0.0]}) is None
    assert relative_error_ratio(SUBJECT, REFERENCE, clean=0.1, reference_clean=0.4) is None


def test_other_families_are_not_compared() -> None:
    with pytest.raises(ValueError, match="families"):
        error_ratio(SUBJECT, {"noise": REFERENCE["noise"]})
