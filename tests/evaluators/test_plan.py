"""The plan: equal work is one node, keys say what a result depends on, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.cell import Cell, Run
from evaluators.data.locations import TaskFiles
from evaluators.data.task_data import load_task
from evaluators.errors import InvalidDocument, UsageProblem
from evaluators.plan import PlannedCandidate, Request, plan_from_json, plan_to_json
from evaluators.planning import make_plan
from evaluators.strategy import strategy
from evaluators.task import Shift
from tests.evaluators.toy_plans import toy_candidate, toy_plan, toy_protocol, toy_task


def keys(plan, strategy):
    return {p.cell.key for p in plan.cells if p.cell.strategy == strategy}


def test_every_strategy_is_measured_at_every_size_and_run(tmp_path):
    plan, _ = toy_plan(tmp_path)
    assert len(plan.cells) == 5 * 2 * 2
    assert {(p.cell.labels_per_class, p.cell.labels) for p in plan.cells} == {(1, 3), (2, 6)}


def test_the_largest_size_that_the_pool_carries_is_measured_too_and_changes_no_other_key(tmp_path):
    # 12 of each class, a fifth and a quarter carved out: the pool has 7 of each.
    before, data = toy_plan(tmp_path)
    assert min((data["colours"].train.labels == label).sum() for label in range(3)) == 7
    plan, _ = toy_plan(tmp_path, protocol=toy_protocol(largest=20))
    assert {p.cell.labels_per_class for p in plan.cells} == {1, 2, 7}
    assert not any(p.skipped for p in plan.cells)
    assert {p.cell.key for p in before.cells} < {p.cell.key for p in plan.cells}
    capped, _ = toy_plan(tmp_path, protocol=toy_protocol(largest=5))
    assert {p.cell.labels_per_class for p in capped.cells} == {1, 2, 5}


def test_a_protocol_without_a_largest_size_is_written_as_before():
    assert "largest" not in toy_protocol().model_dump(mode="json", by_alias=True)
    assert toy_protocol(largest=9).model_dump(mode="json", by_alias=True)["largest"] == 9


def test_lighter_strategies_come_first(tmp_path):
    plan, _ = toy_plan(tmp_path)
    order = list(dict.fromkeys(p.cell.strategy for p in plan.cells))
    assert order == ["majority", "tfidf-logreg", "knn", "linear-probe", "from-scratch"]


def test_heads_on_one_trunk_share_its_features(tmp_path):
    plan, _ = toy_plan(tmp_path)
    knn = next(p for p in plan.cells if p.cell.strategy == "knn")
    probe = next(p for p in plan.cells if p.cell.strategy == "linear-probe" and p.cell.run == knn.cell.run
                 and p.cell.labels == knn.cell.labels)  # fmt: skip
    features = {node.key for node in plan.nodes if node.op == "features"}
    inputs = {node.key: set(node.inputs) for node in plan.nodes}
    assert inputs[knn.fit] == inputs[probe.fit] <= features


def test_data_only_baselines_are_shared_by_all_candidates(tmp_path):
    one, _ = toy_plan(tmp_path, toy_candidate("a"))
    two, _ = toy_plan(tmp_path, toy_candidate("a"), toy_candidate("b", weights=b"other"))
    assert keys(one, "tfidf-logreg") == keys(two, "tfidf-logreg")
    assert len([p for p in two.cells if p.cell.strategy == "tfidf-logreg"]) == 4


def test_candidates_of_one_architecture_share_from_scratch_and_nothing_else(tmp_path):
    plan, _ = toy_plan(tmp_path, toy_candidate("a"), toy_candidate("b", weights=b"other"))
    assert len(keys(plan, "from-scratch")) == 4
    assert {p.cell.candidate for p in plan.cells if p.cell.strategy == "from-scratch"} == {"a", "b"}
    assert len(keys(plan, "knn")) == 8


def test_a_model_is_known_by_its_bytes_not_its_name(tmp_path):
    one, _ = toy_plan(tmp_path, toy_candidate("a"))
    two, _ = toy_plan(tmp_path, toy_candidate("renamed"))
    assert {p.cell.key for p in one.cells} == {p.cell.key for p in two.cells}
    assert one.digest == two.digest


def test_only_a_final_plan_predicts_on_the_locked_test(tmp_path):
    ordinary, _ = toy_plan(tmp_path)
    final, _ = toy_plan(tmp_path, final=True)
    assert all(set(p.predict) == {"train", "validation"} for p in ordinary.cells)
    assert all(set(p.predict) == {"train", "validation", "test"} for p in final.cells)
    assert {p.cell.key for p in ordinary.cells} == {p.cell.key for p in final.cells}


def test_a_class_with_too_few_samples_is_skipped_with_the_reason(tmp_path):
    plan, _ = toy_plan(tmp_path, protocol=toy_protocol(labels_per_class=(1, 50)))
    skipped = [p for p in plan.cells if p.skipped]
    assert {p.cell.labels_per_class for p in skipped} == {50}
    assert all("50 are needed" in str(p.skipped) for p in skipped)


def test_a_protocol_that_draws_from_validation_needs_final(tmp_path):
    protocol = toy_protocol(pool="train+validation")
    with pytest.raises(UsageProblem, match="locked test") as problem:
        toy_plan(tmp_path, protocol=protocol)
    assert problem.value.hint == "add --final"
    plan, _ = toy_plan(tmp_path, protocol=protocol, final=True)
    assert all("validation" not in p.predict for p in plan.cells)


def test_a_plan_survives_its_document(tmp_path):
    plan, _ = toy_plan(tmp_path)
    assert plan_from_json(plan_to_json(plan), where="plan.json") == plan
    with pytest.raises(InvalidDocument, match=r"plan\.json: not a plan"):
        plan_from_json('{"cells": []}', where="plan.json")


CELL = Cell(
    subject="s", candidate="c", task="t", splits_digest="d", strategy="knn", strategy_version=1,
    settings=(("k", 5),), labels_per_class=1, labels=3, run=Run(0, 0, 0), sampler="nested/train/fixed", dtype="float32",
)  # fmt: skip
CHANGES = {
    "subject": "other", "splits_digest": "other", "strategy": "linear-probe", "strategy_version": 2,
    "settings": (("k", 6),), "labels_per_class": 2, "run": Run(0, 0, 1), "sampler": "mteb/train/fixed",
    "dtype": "bfloat16",
}  # fmt: skip


@given(st.dictionaries(st.sampled_from(sorted(CHANGES)), st.just(None), min_size=1))
def test_changing_anything_a_result_depends_on_changes_the_key(fields):
    from dataclasses import replace

    changed = replace(CELL, **{name: CHANGES[name] for name in fields})
    assert changed.key != CELL.key


@given(st.text(), st.text(), st.integers())
def test_names_for_people_are_no_part_of_the_key(candidate, task, index):
    from dataclasses import replace

    run = Run(index, CELL.run.draw, CELL.run.seed)
    assert replace(CELL, candidate=candidate, task=task, run=run).key == CELL.key


def test_an_incumbent_is_measured_with_its_strategy_whatever_the_protocol_names(tmp_path):
    task, files = toy_task(tmp_path)
    data = {task.id: load_task(task, files)}
    approved = PlannedCandidate(
        candidate=toy_candidate("old", weights=b"old"), role="incumbent", incumbent_for={task.id: "lora"}
    )
    request = Request(
        candidates=(PlannedCandidate(candidate=toy_candidate("new")), approved),
        tasks=(task,),
        protocol=toy_protocol(),
        strategies=("knn",),
    )
    plan = make_plan(request, data)
    assert {p.cell.strategy for p in plan.cells if p.cell.candidate == "old"} == {"lora"}
    assert {p.cell.strategy for p in plan.cells if p.cell.candidate == "new"} == {"knn", "from-scratch"}


def test_settings_are_those_of_the_modality():
    row = strategy("from-scratch")
    assert row.defaults_for("image") == {**row.defaults, **row.defaults_by_modality["image"]}
    assert row.defaults_for("text") == row.defaults


def test_a_shifted_set_that_is_added_changes_no_fit_and_adds_only_its_own_predictions(tmp_path):
    task, files = toy_task(tmp_path)
    shifted, more = with_far(task, files)
    before, after = (
        {p.cell.key: p for p in plan.cells} for plan in (final_plan(task, files), final_plan(shifted, more))
    )
    assert task.digest != shifted.digest
    assert before.keys() == after.keys()
    for key, planned in before.items():
        assert planned.fit == after[key].fit
        assert planned.predict == {name: node for name, node in after[key].predict.items() if name != "far"}


def test_a_shifted_set_of_other_bytes_is_predicted_again(tmp_path):
    task, files = toy_task(tmp_path)
    plans = [final_plan(*with_far(task, files, sha256=sha256)) for sha256 in ("0" * 64, "1" * 64)]
    first, second = (plan.cells[0].predict for plan in plans)
    assert {name for name in first if first[name] != second[name]} == {"far"}
    assert plans[0].digest != plans[1].digest


def with_far(task, files, sha256="0" * 64):
    """Return the task with one more shifted set, and its files."""
    far = task.files["all"].model_copy(update={"sha256": sha256})
    shift = Shift(id="far", title="Far", file="far")
    changed = task.model_copy(update={"files": {**task.files, "far": far}, "shifted": (shift,)})
    return changed, TaskFiles({**files, "far": files["all"]})


def final_plan(task, files):
    request = Request(
        candidates=(PlannedCandidate(candidate=toy_candidate()),),
        tasks=(task,),
        protocol=toy_protocol(),
        final=True,
    )
    return make_plan(request, {task.id: load_task(task, files)})
