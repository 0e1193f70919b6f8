"""A further look measures what the question is about longer, and nothing else; what it is about stays."""

import pytest
from pydantic import ValidationError

from evaluators.looks import Looks, TaskLook
from evaluators.plan import plan_from_json, plan_to_json
from evaluators.planning import make_plan
from evaluators.wording import is_baseline
from tests.evaluators.toy_plans import toy_plan
from tests.synthetic import World, findings

AGAIN = {"": ("majority", "tfidf-logreg"), "mini": ("from-scratch", "linear-probe")}


def looked(look=2, most=4):
    return Looks(most=most, again={"help-desk": TaskLook(look=look, arms=AGAIN)})


def test_a_further_look_plans_more_runs_of_what_it_is_about_under_the_keys_of_the_first(tmp_path):
    first, data = toy_plan(tmp_path)
    again = {"colours": TaskLook(look=3, arms={"": ("majority",), "tiny": ("knn",)})}
    request = first.request.model_copy(update={"looks": Looks(again=again)})
    further = make_plan(request, data)
    added = {p.cell.key: p.cell for p in further.cells if p.cell.key not in {q.cell.key for q in first.cells}}
    assert {p.cell.key for p in first.cells} < {p.cell.key for p in further.cells}
    assert {(cell.strategy, cell.run.index) for cell in added.values()} == {
        (name, run) for name in ("majority", "knn") for run in (2, 3, 4, 5)
    }
    assert plan_from_json(plan_to_json(further), where="plan") == further


def test_what_was_promised_is_not_exceeded():
    with pytest.raises(ValidationError, match="more than 4 looks"):
        looked(look=5)


def test_the_strategy_is_chosen_on_the_first_runs_at_every_look():
    # Of the first five runs full fine-tuning is best by far; a probe that is measured longer does not take its place.
    world = World(accuracy={"tfidf-logreg": 0.6, "linear-probe": 0.7, "full-finetune": 0.9}, climb=True)
    first, further = findings(world), findings(world.but(looks=looked()))
    assert first.recommendations[0].strategy == "full-finetune"
    assert further.recommendations == first.recommendations
    assert further.climbs == first.climbs


def test_more_runs_are_in_every_comparison_of_what_was_measured_longer():
    world = World(accuracy={"majority": 0.25, "tfidf-logreg": 0.6, "from-scratch": 0.4, "linear-probe": 0.9})
    first, further = findings(world), findings(world.but(looks=looked()))
    assert {row.difference.n for row in first.comparisons} == {5}
    assert {row.difference.n for row in further.comparisons} == {10}
    assert {row.estimate.n for row in further.summaries} == {10}


def test_arms_of_unequal_runs_are_compared_over_those_that_both_have():
    further = findings(World(looks=looked()))
    runs = {
        (row.strategy, row.reference_strategy): row.difference.n
        for row in further.comparisons
        if row.purpose == "negative-transfer"
    }
    assert runs["linear-probe", "tfidf-logreg"] == 10
    assert runs["full-finetune", "tfidf-logreg"] == 5
    assert all(group.comparisons for group in further.tie_groups)


def test_findings_of_one_look_are_written_as_before():
    assert "looks" not in findings(World()).model_dump(mode="json")
    written = findings(World(looks=looked())).model_dump(mode="json")["looks"]
    assert written == {
        "most": 4,
        "again": {"help-desk": {"look": 2, "arms": {k: list(v) for k, v in AGAIN.items()}}},
    }


def test_the_first_look_of_a_sequence_says_so():
    assert findings(World(looks=Looks())).looks == Looks(most=4)


def test_floors_are_named_by_the_word_that_the_ladder_has_for_them():
    assert [name for name in AGAIN["mini"] if is_baseline(name)] == ["from-scratch"]
