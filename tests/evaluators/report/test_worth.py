"""A gain in the unit that the task's owner counts in, as wide as its interval."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from evaluators.facts import TaskFacts, TaskValue
from evaluators.report.worth import worth_sentences
from evaluators.task import Task
from tests.evaluators.toy_plans import toy_task
from tests.synthetic import World, findings


def valued(value):
    found = findings(World(items=400, incumbent=("old", 0.85)))
    (task,) = found.tasks
    return found, task.model_copy(update={"value": value})


def test_a_right_answer_instead_of_a_wrong_one_brings_its_value_and_saves_the_cost_of_the_other():
    found, task = valued(TaskValue(right=1.0, wrong=4.0, unit="minutes"))
    baseline, incumbent = worth_sentences(found, task)
    row = next(
        row
        for row in found.comparisons
        if (row.purpose, row.labels_per_class) == ("gain-over-best-baseline", 8)
    )
    told = [f"{5000 * end:+,.0f}" for end in (row.difference.value, row.difference.low, row.difference.high)]
    assert f"is worth {told[0]} [{told[1]}, {told[2]}] minutes per 1,000 answers" in baseline
    assert incumbent.endswith("against linear probe on old.")


def test_nothing_is_said_where_the_owner_gave_no_value_or_the_metric_is_no_share():
    found, task = valued(None)
    assert worth_sentences(found, task) == ()
    f1 = task.model_copy(update={"metric": "macro_f1", "value": TaskValue(wrong=4.0, unit="minutes")})
    assert worth_sentences(found, f1) == ()


def test_a_value_without_a_unit_is_refused(tmp_path):
    task, _ = toy_task(tmp_path)
    with pytest.raises(ValidationError, match="value_unit"):
        Task.model_validate({**task.model_dump(by_alias=True), "wrong_answer_cost": 4})


def test_facts_without_a_value_keep_their_bytes():
    (task,) = findings(World(items=40, runs=2)).tasks
    written = task.model_dump(mode="json")
    assert "value" not in written
    assert TaskFacts.model_validate_json(json.dumps(written)) == task
