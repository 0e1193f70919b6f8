"""Every base with every strategy in one table, each arm once."""

from typing import get_args

import pytest

from evaluators.evidence import Diagnostic, DiagnosticName, Estimate
from evaluators.metrics.selective import COVERAGE
from evaluators.report.arm_tables import CALIBRATION, CORRUPTION, DRIFT, OTHERS, arms_table, diagnostics_table
from tests.evaluators.report.test_candidates import WORLD, several, worse
from tests.synthetic import World, evidence


def test_every_arm_has_one_row_and_baselines_on_the_data_stand_once():
    found = several(WORLD, worse("midi"))
    table = arms_table(found, found.findings.tasks[0])
    assert [(row[0].removesuffix(" *"), row[1]) for row in table.rows] == [
        ("majority class", "the data alone"),
        ("linear probe", "midi"),
        ("linear probe", "mini"),
    ]
    assert table.columns == (
        "strategy", "base", "2 labels a class", "8 labels a class", "seconds a fit", "trained parameters",
    )  # fmt: skip
    assert {len(row) for row in table.rows} == {len(table.columns)}


def test_an_incumbent_is_called_one():
    found = evidence(World(items=60, runs=3, incumbent=("old", 0.7)))
    bases = {row[1] for row in arms_table(found, found.findings.tasks[0]).rows}
    assert bases == {"the data alone", "mini", "old (incumbent)"}


EVERY = CALIBRATION | OTHERS | CORRUPTION | DRIFT


def test_shift_and_calibration_stand_beside_each_arm_at_its_largest_size():
    findings = evidence(World(items=60, runs=3)).findings
    table = diagnostics_table(findings, findings.tasks[0], EVERY, "all")
    assert {"lost on typos", "AUROC against chatter", "calibration error", "train minus judged"} <= set(
        table.columns
    )
    values = {
        row.name: row.estimate
        for row in findings.diagnostics
        if (row.strategy, row.labels_per_class) == ("lora", 8)
    }
    (lora,) = [dict(zip(table.columns, row, strict=True)) for row in table.rows if row[0] == "LoRA"]
    assert lora["lost on typos"].startswith(f"{100 * values['shift-drop'].value:.1f} [")
    assert lora["calibration error"].startswith(f"{100 * values['calibration-error'].value:.1f} [")


@pytest.mark.parametrize("name", get_args(DiagnosticName))
def test_every_diagnostic_that_evidence_may_hold_has_a_column(name):
    findings = evidence(World(items=60, runs=3)).findings
    row = Diagnostic(
        name=name,
        task=findings.tasks[0].id,
        candidate="mini",
        strategy="lora",
        labels_per_class=8,
        set="typos",
        estimate=Estimate(value=0.123, low=0.12, high=0.13, n=3),
    )
    table = diagnostics_table(
        findings.model_copy(update={"diagnostics": (row,)}), findings.tasks[0], EVERY, "all"
    )
    value = "0.123 [0.120, 0.130]" if name.startswith(("brier", "log-loss")) else "12.3 [12.0, 13.0]"
    assert table.rows == (("LoRA", "mini", value),)
    # A table is drawn without NumPy, so its heading repeats the number.
    if name == "selective-accuracy":
        assert f"{100 * COVERAGE:.0f} %" in table.columns[-1]


def test_a_task_without_diagnostics_has_an_empty_table():
    findings = evidence(World(items=60, runs=3)).findings.model_copy(update={"diagnostics": ()})
    assert diagnostics_table(findings, findings.tasks[0], EVERY, "all").rows == ()


def test_every_diagnostic_stands_under_calibration_or_elsewhere_and_not_twice():
    assert set(get_args(DiagnosticName)) == EVERY
    assert not CALIBRATION & OTHERS
