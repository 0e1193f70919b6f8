"""What one fit comes to, and choosing its settings beside it: without what a plan shares, and what is predicted."""

from __future__ import annotations

import pytest

from evaluators.cost.fit_work import MIXES, fit_works
from evaluators.cost.workload import SOLVER_PASSES
from evaluators.data.task_data import load_task
from evaluators.engine.probe_first import ALPHA_GRID
from evaluators.planning import make_plan
from evaluators.report.cost_rows import cost_table, flops_words
from evaluators.work_evidence import FitWork
from tests.evaluators.cost.cost_world import digits, make_world, small_resnet
from tests.synthetic import World, evidence

ROWS = ("majority", "pixels-logreg", "linear-probe", "full-finetune", "wise-ft", "random-features")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    task, files = digits(folder)
    return make_world(
        small_resnet(folder / "model"), folder / "model", task, load_task(task, files), ROWS, (8, 24)
    )


def works(world, **protocol):
    request = world.plan.request
    request = request.model_copy(update={"protocol": request.protocol.model_copy(update=protocol)})
    return {row.strategy: row for row in fit_works(make_plan(request, world.data), world.data, {})}


def test_floors_on_the_data_alone_have_no_count_and_everything_else_is_of_its_largest_size(world):
    found = works(world)
    assert set(found) == {"linear-probe", "full-finetune", "wise-ft", "random-features"}
    assert {row.labels_per_class for row in found.values()} == {24}


def test_a_probe_reads_its_labels_once_and_solves_a_head(world):
    structure, labels = world.plan.request.candidates[0].candidate.structure, 24 * 10
    solving = 2 * structure.width * 10 * SOLVER_PASSES * labels
    assert works(world)["linear-probe"].recipe_flops == labels * structure.flops_per_input + solving
    # Random features are read and solved alike.
    assert works(world)["random-features"].recipe_flops == works(world)["linear-probe"].recipe_flops


def test_full_fine_tuning_takes_three_forwards_a_sample(world):
    structure = world.plan.request.candidates[0].candidate.structure
    recipe = works(world)["full-finetune"].recipe_flops
    assert recipe == pytest.approx(3 * 24 * 10 * structure.flops_per_input, rel=0.01)


def test_without_a_choice_there_is_no_search_and_with_one_it_is_counted_apart(world):
    assert all(row.search_flops == 0.0 for row in works(world).values())
    found = works(world, selection="held-out")
    assert found["full-finetune"].search_flops == 0.0
    assert 0.0 < found["linear-probe"].search_flops < found["linear-probe"].recipe_flops
    assert found["wise-ft"].search_flops > found["full-finetune"].recipe_flops * 0.7
    assert {name: row.recipe_flops for name, row in found.items()} == {
        name: row.recipe_flops for name, row in works(world).items()
    }


def test_as_many_mixtures_are_counted_as_are_tried():
    assert len(ALPHA_GRID) == MIXES


def test_the_cost_table_shows_both_and_leaves_empty_what_was_not_counted():
    found = evidence(World())
    row = FitWork(
        task="help-desk", candidate="mini", strategy="lora", labels_per_class=8, recipe_flops=3.4e12, search_flops=0.0
    )  # fmt: skip
    observed = found.observations.model_copy(update={"work": (row,)})
    table = cost_table(found.model_copy(update={"observations": observed}), "help-desk")
    cells = {line[0]: dict(zip(table.columns, line, strict=True)) for line in table.rows}
    assert (cells["LoRA"]["FLOPs of a fit"], cells["LoRA"]["of its search"]) == ("3.4 T", "none")
    assert cells["majority class"]["FLOPs of a fit"] == ""


def test_flops_have_two_digits_that_count():
    assert [flops_words(n) for n in (3.2e15, 3.44e12, 120e9, 56e6, 1200)] == [
        "3.2 P",
        "3.4 T",
        "120 G",
        "56 M",
        "1,200",
    ]
