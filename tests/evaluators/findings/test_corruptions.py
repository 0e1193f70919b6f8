"""Corruptions in the findings: all severities together, against the best baseline, and never one of them alone."""

import json

import pytest

from evaluators.corruption_names import ALL_FAMILIES, SEVERITIES, severity_set
from evaluators.report.corruption_rows import corruption_table
from tests.synthetic import World, findings, measured

DROPS = {"typos": 0.02, "case": 0.04}
SETS = {"validation": 0.0, "test": 0.0, "typos": 0.04} | {
    severity_set(family, severity): severity * step
    for family, step in DROPS.items()
    for severity in SEVERITIES
}
WORLD = World(items=200, runs=4, sets=SETS, corruptions=("typos", "case"))


def values(found, name, strategy="linear-probe", size=8):
    return {
        row.set: row.estimate
        for row in found.diagnostics
        if (row.name, row.strategy, row.labels_per_class) == (name, strategy, size)
    }


def test_the_error_is_the_mean_over_all_severities_of_each_family_and_of_all():
    errors = values(findings(WORLD), "corruption-error")
    assert set(errors) == {"typos 1-5", "case 1-5", ALL_FAMILIES}
    # 90 % right on the test, 3 times the step lost on average.
    assert errors["typos 1-5"].value == pytest.approx(0.16, abs=0.02)
    assert errors["case 1-5"].value == pytest.approx(0.22, abs=0.02)
    mean = (errors["typos 1-5"].value + errors["case 1-5"].value) / 2
    assert errors[ALL_FAMILIES].value == pytest.approx(mean)
    assert errors[ALL_FAMILIES].n == 4
    added = values(findings(WORLD), "corruption-error-added")[ALL_FAMILIES]
    assert added.value == pytest.approx(0.09, abs=0.005)


def test_the_reference_of_mce_is_the_best_baseline_on_the_data():
    found = findings(WORLD)
    assert values(found, "corruption-error-ratio", "tfidf-logreg")[ALL_FAMILIES].value == 1.0
    ratio = values(found, "corruption-error-ratio")[ALL_FAMILIES].value
    assert ratio == pytest.approx((0.16 / 0.46 + 0.22 / 0.52) / 2, abs=0.03)
    # All lose as much here, so what is added is as much as the baseline's.
    relative = values(found, "corruption-error-ratio-relative")[ALL_FAMILIES].value
    assert relative == pytest.approx(1.0, abs=0.1)


def test_the_drop_is_of_a_family_and_of_written_down_sets_and_of_no_severity():
    found = findings(WORLD)
    assert set(values(found, "shift-drop")) == {"typos", "typos 1-5", "case 1-5"}
    assert values(found, "shift-drop")["case 1-5"].value == pytest.approx(0.12, abs=0.01)
    assert set(values(found, "worst-class")) <= {"test", "typos"}
    assert {row.set for row in found.effective_robustness} <= {"typos"}
    assert {row.set for row in found.answers} == {"test", "typos"}


def test_a_run_without_every_severity_says_nothing():
    cells = [
        row
        if row.status != "scored"
        else row.__class__(
            **{
                **vars(row),
                "probabilities": {k: v for k, v in row.probabilities.items() if k != "typos-5"},
                "digests": {k: v for k, v in row.digests.items() if k != "typos-5"},
            }
        )
        for row in measured(WORLD)
    ]
    assert values(findings(WORLD, iter(cells)), "corruption-error") == {}


def test_a_task_without_corruptions_writes_what_it_wrote_before():
    written = json.loads(findings(World(items=60, runs=2)).model_dump_json())
    assert "corruptions" not in written["tasks"][0]
    assert not [row for row in written["diagnostics"] if row["name"].startswith("corruption")]


def test_the_table_has_a_column_for_each_family_and_the_ratio_in_percent():
    found = findings(WORLD)
    table = corruption_table(found, found.tasks[0])
    assert table.columns[2:6] == ("clean", "typos", "case", "all")
    row = next(row for row in table.rows if row[0] == "TF-IDF + logistic regression" or "TF-IDF" in row[0])
    assert row[6].startswith("100.0")
    assert all(len(row) == len(table.columns) for row in table.rows)
    nothing = findings(World(items=60, runs=2))
    assert corruption_table(nothing, nothing.tasks[0]).rows == ()
