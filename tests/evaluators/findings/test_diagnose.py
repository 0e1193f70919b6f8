"""Diagnostics: what each one measures, and that what was not measured has no row."""

import pytest

from tests.synthetic import World, findings

WORLD = World(items=200, runs=4)


def values(found, name, strategy="linear-probe", size=8):
    return {
        row.set: row.estimate
        for row in found.diagnostics
        if (row.name, row.strategy, row.labels_per_class) == (name, strategy, size)
    }


def test_shift_drop_is_test_minus_shifted():
    assert values(findings(WORLD), "shift-drop")["typos"].value == pytest.approx(0.04, abs=0.005)


def test_generalization_gap_is_train_minus_judged():
    assert values(findings(WORLD), "generalization-gap")["test"].value == pytest.approx(0.05, abs=0.03)


def test_out_of_scope_auroc_is_over_runs():
    found = values(findings(WORLD), "out-of-scope-auroc")["chatter"]
    assert 0.8 < found.value < 1.0
    assert found.n == 4


def test_calibration_error_is_on_the_judged_set():
    assert set(values(findings(WORLD.but(sets={"validation": 0.0})), "calibration-error")) == {"validation"}


def test_sample_efficiency_is_the_area_under_the_curve_of_each_run():
    flat = WORLD.but(slope=0.0, shared=0.0, own=0.0)
    assert values(findings(flat), "sample-efficiency")["test"].value == pytest.approx(0.9, abs=0.005)


def test_sample_efficiency_needs_every_size():
    found = findings(WORLD.but(failed=frozenset({("linear-probe", 2, 0)})))
    assert values(found, "sample-efficiency") == {}


def test_selection_optimism_is_of_the_recommended_strategy_alone():
    found = findings(WORLD.but(sets={"validation": 0.0, "test": 0.03}))
    rows = [row for row in found.diagnostics if row.name == "selection-optimism"]
    assert [(row.strategy, row.set) for row in rows] == [(found.recommendations[0].strategy, "test")]
    assert rows[0].estimate.value == pytest.approx(0.03, abs=0.005)


def test_draft_has_no_number_about_locked_sets():
    found = findings(WORLD.but(sets={"validation": 0.0}))
    assert {row.name for row in found.diagnostics} == {
        "generalization-gap",
        "calibration-error",
        "sample-efficiency",
        "selective-accuracy",
        "risk-coverage",
    }
