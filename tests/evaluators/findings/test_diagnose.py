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


def test_out_of_scope_has_the_false_positives_beside_the_area():
    found = values(findings(WORLD), "out-of-scope-fpr")["chatter"]
    assert 0.0 < found.value < 1.0
    assert found.n == 4


def test_scores_of_probabilities_stand_before_and_after_temperature():
    found = findings(WORLD)
    for name in ("brier-score", "log-loss"):
        raw, scaled = values(found, name)["test"], values(found, f"{name}-scaled")["test"]
        assert raw.value > 0.0
        assert scaled.value != raw.value
    # Temperature is fitted for the log loss, on validation, which is alike here.
    assert values(found, "log-loss-scaled")["test"].value < values(found, "log-loss")["test"].value


def test_the_worst_class_has_the_interval_of_its_items_whatever_the_runs():
    few, many = findings(WORLD.but(runs=2)), findings(WORLD.but(runs=8))
    for found in (few, many):
        worst = values(found, "worst-class")
        assert set(worst) == {"test", "typos"}
        assert worst["test"].n == 50
        assert worst["test"].high - worst["test"].low > 0.1


def test_no_class_is_called_the_worst_where_all_are_small():
    assert values(findings(WORLD.but(items=100)), "worst-class") == {}


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
        "brier-score",
        "log-loss",
        "worst-class",
        "generalization-gap",
        "calibration-error",
        "sample-efficiency",
        "selective-accuracy",
        "risk-coverage",
    }
