"""From measurements to findings: complete, ordered, equal for equal measurements, never NaN."""

import json
import math
import random
from dataclasses import replace

import numpy as np
import pytest

from evaluators.evidence import _LATER_FIELDS, Findings
from evaluators.findings.gather import gather_findings
from evaluators.findings.measurements import CellMeasurement, Design
from evaluators.looks import Looks
from tests import synthetic
from tests.synthetic import World, design, findings, measured, truths

SMALL = World(items=60, runs=3)


def numbers(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [number for item in value for number in numbers(item)]
    return [value] if isinstance(value, float) else []


def test_equal_measurements_in_any_order_give_equal_findings():
    rows = list(measured(SMALL))
    shuffled = random.Random(3).sample(rows, len(rows))
    assert findings(SMALL, iter(shuffled)).digest == findings(SMALL, iter(rows)).digest


def test_cells_are_in_key_order():
    keys = [(c.task, c.candidate, c.strategy, c.labels_per_class, c.run) for c in findings(SMALL).cells]
    assert keys == sorted(keys)


def test_no_number_is_nan_or_infinite():
    found = numbers(findings(SMALL).model_dump(mode="json"))
    assert found
    assert all(math.isfinite(number) for number in found)


def test_accuracies_are_those_that_the_world_was_made_with():
    by_strategy = {
        row.strategy: row.estimate.value
        for row in findings(World(shared=0.0, own=0.0)).summaries
        if (row.set, row.labels_per_class) == ("test", 8)
    }
    for name, accuracy in synthetic.TEXT_LADDER.items():
        assert by_strategy[name] == pytest.approx(accuracy, abs=0.005)


def test_out_of_scope_set_has_an_auroc_and_no_accuracy():
    scores = {score.set: score.metrics for score in findings(SMALL).cells[0].scores}
    assert set(scores["chatter"]) == {"auroc", "fpr_at_95_tpr"}
    assert "accuracy" in scores["typos"]


def test_sets_stand_in_the_order_validation_test_others():
    assert [score.set for score in findings(SMALL).cells[0].scores] == [
        "validation",
        "test",
        "chatter",
        "typos",
    ]


def test_failed_cells_are_results_with_their_reason():
    world = SMALL.but(failed=frozenset({("lora", 8, 1)}))
    found = findings(world)
    failed = [cell for cell in found.cells if cell.status == "failed"]
    assert [(cell.strategy, cell.run, cell.reason) for cell in failed] == [
        ("lora", 1, "the loss became NaN at step 12")
    ]
    summary = next(
        row for row in found.summaries if (row.strategy, row.labels_per_class, row.set) == ("lora", 8, "test")
    )
    assert (summary.failed_runs, summary.estimate.n) == (1, 2)


def test_nothing_measured_gives_empty_findings():
    assert findings(SMALL, iter(())).comparisons == ()


def test_predictions_that_do_not_fit_the_labels_are_a_defect():
    cell = next(measured(SMALL))
    with pytest.raises(ValueError, match="expected \\(30, 4\\)"):
        findings(SMALL.but(items=30), iter([cell]))


def test_two_plans_in_one_evaluation_are_a_defect():
    first = next(measured(SMALL))
    other = CellMeasurement(replace(first.cell, dtype="bfloat16"), "skipped", reason="too few labels")
    with pytest.raises(ValueError, match="measured in two ways"):
        findings(SMALL, iter([first, other]))


def test_one_name_stands_for_one_candidate():
    two = design(SMALL.but(incumbent=("old", 0.5)))
    renamed = two.candidates[1].model_copy(update={"name": "mini"})
    with pytest.raises(ValueError, match="two different candidates are called mini"):
        Design(two.tasks, (two.candidates[0], renamed), two.protocol, two.plan_digest, two.final)


def test_measurement_without_predictions_needs_a_reason():
    cell = next(measured(SMALL)).cell
    with pytest.raises(ValueError, match="needs a reason"):
        CellMeasurement(cell, "failed")


def test_temperature_is_fitted_on_validation_and_applied_to_the_sets_of_known_labels():
    scores = {score.set: score.metrics for score in findings(SMALL).cells[0].scores}
    assert "temperature" in scores["validation"]
    assert "ece_scaled" not in scores["validation"]
    for name in ("test", "typos"):
        assert {"ece_scaled", "log_loss_scaled", "selective_accuracy", "aurc"} <= set(scores[name])
        assert "temperature" not in scores[name]


def test_labels_of_the_test_do_not_move_the_temperature():
    def temperatures(known):
        found = gather_findings(measured(SMALL), truths=known, design=design(SMALL))
        return [
            row.metrics["temperature"]
            for cell in found.cells
            for row in cell.scores
            if row.set == "validation"
        ]

    known = truths(SMALL)
    wrong = {key: np.roll(labels, 1) if key[1] == "test" else labels for key, labels in known.items()}
    assert temperatures(wrong) == temperatures(known)


def test_without_validation_nothing_is_scaled():
    found = findings(SMALL.but(sets={"test": 0.0}))
    assert all("ece_scaled" not in row.metrics for cell in found.cells for row in cell.scores)


def test_a_document_that_lacks_the_later_fields_keeps_its_bytes():
    found = findings(SMALL.but(climb=True, looks=Looks()))
    written = found.model_dump(mode="json")
    for name in _LATER_FIELDS:
        assert written.pop(name), f"{name} is not made by this world, so nothing is tested"
    earlier = Findings.model_validate_json(json.dumps(written))
    assert earlier.model_dump(mode="json") == written
    assert not set(_LATER_FIELDS) & set(json.loads(earlier.model_dump_json()))
