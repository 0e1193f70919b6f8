"""A plan's partial freezes share states: made for the union when the first cell needs them, freed after the last."""

from dataclasses import replace

import numpy as np
import pytest

from evaluators.backbones.load import load_backbone
from evaluators.boundary_demand import boundary_demands, placements, union
from evaluators.canonical import digest_of
from evaluators.engine.boundary_cache import fill, trial
from evaluators.engine.placement import processor
from evaluators.features import chunks, distinct
from evaluators.ladder.depth import frozen_blocks
from evaluators.plan import PlannedCell
from evaluators.planning import make_plan
from evaluators.results import ResultStore
from evaluators.running.compute import Computation
from evaluators.running.workbench import Workbench
from evaluators.strategy import strategy
from tests.evaluators.kills import remove
from tests.evaluators.toy_plans import toy_candidate, toy_plan, toy_protocol
from tests.fakes_models import tiny_bert, tiny_image, toy_images

SHORT = {"min_steps": 2, "max_steps": 3}
PROTOCOL = toy_protocol(strategies=("partial-freeze",), settings={"partial-freeze": SHORT})


@pytest.fixture
def world(tmp_path):
    candidate, folder = tiny_bert(tmp_path / "base")
    plan, data = toy_plan(tmp_path, candidate, protocol=PROTOCOL)
    return plan, data, {candidate.name: folder}


def run(world, results, cells=None, progress=lambda _done, _total: None):
    """Measure cells one by one; return the computation."""
    plan, data, folders = world
    computation = Computation(Workbench(plan, data, folders, results, "cpu"))
    for planned in plan.cells if cells is None else cells:
        computation.measure([planned], progress)
    return computation


def predictions(results, planned):
    return {
        name: results.read("predict", key).arrays["probabilities"] for name, key in planned.predict.items()
    }


def test_each_sample_of_the_union_passes_the_frozen_block_once_and_nothing_is_kept(world, tmp_path):
    plan, data, _ = world
    told = []
    computation = run(world, ResultStore(tmp_path / "r"), progress=lambda *step: told.append(step))
    expected = len(union(plan.cells, data["colours"]))
    assert computation.boundaries.samples == computation.boundaries.layer_forwards == expected
    assert computation.boundaries._alive == {}
    assert (expected, expected) in told  # the first cell tells of the cache that it makes


def test_a_plan_that_goes_on_after_a_kill_gives_the_same_bits(world, tmp_path):
    plan, _, _ = world
    whole, torn = ResultStore(tmp_path / "whole"), ResultStore(tmp_path / "torn")
    run(world, whole)
    run(world, torn, plan.cells[:2])
    # The kill fell between the writes of the second cell.
    remove(torn, "predict", plan.cells[1].predict["validation"])
    run(world, torn, plan.cells[1:])
    for planned in plan.cells:
        for name, found in predictions(torn, planned).items():
            assert np.array_equal(found, predictions(whole, planned)[name])


def test_a_cell_alone_equals_the_cell_in_its_plan(world, tmp_path):
    plan, _, _ = world
    together, alone = ResultStore(tmp_path / "together"), ResultStore(tmp_path / "alone")
    run(world, together)
    for planned in plan.cells:
        single = plan.model_copy(update={"cells": (planned,)})
        run((single, *world[1:]), alone)
        for name, found in predictions(alone, planned).items():
            np.testing.assert_allclose(np.log(found), np.log(predictions(together, planned)[name]), atol=1e-5)


def test_a_fit_pays_for_the_states_of_its_own_labels(world, tmp_path):
    plan, data, folders = world
    computation = Computation(Workbench(plan, data, folders, ResultStore(tmp_path / "r"), "cpu"))
    states = computation.boundaries.states_for(plan.cells[0], lambda _done, _total: None)
    assert states.seconds_each * states.samples == pytest.approx(states.seconds)
    assert states.seconds > 0


def test_what_a_set_that_is_added_later_needs_is_computed_and_nothing_else(world, tmp_path):
    plan, data, _ = world
    results = ResultStore(tmp_path / "r")
    run(world, results)
    again = run(world, results)
    assert again.boundaries.samples == 0
    remove(results, "predict", plan.cells[0].predict["validation"])
    later = run(world, results, plan.cells[:1])
    assert 0 < later.boundaries.samples <= len(union(plan.cells, data["colours"]))


def heavy(blocks):
    """Return a candidate whose forward costs what that of a small encoder does."""
    candidate = toy_candidate()
    structure = candidate.structure.model_copy(update={"blocks": blocks, "flops_per_input": 10**9})
    return candidate.model_copy(update={"structure": structure})


def three_depths(tmp_path, blocks=6):
    """Return a plan over a base of six blocks whose cells freeze three, four and five of them."""
    plan, data = toy_plan(tmp_path, heavy(blocks), protocol=PROTOCOL)
    cells: list[PlannedCell] = []
    for trained in (3, 2, 1):
        for planned in plan.cells:
            settings = {**dict(planned.cell.settings), "trained_blocks": trained}
            cell = replace(planned.cell, settings=tuple(sorted(settings.items())))
            keys = {name: digest_of([key, trained]) for name, key in planned.predict.items()}
            cells.append(planned.model_copy(update={"cell": cell, "predict": keys}))
    return plan.model_copy(update={"cells": tuple(cells)}), data


def test_demand_of_a_plan_by_hand(tmp_path):
    plan, data = three_depths(tmp_path)
    ((_, demand),) = boundary_demands(plan, data).items()
    task = data["colours"]
    validation = task.sizes["validation"]
    draws = [planned.cell.labels for planned in plan.cells[:4]]
    assert draws == [3, 3, 6, 6]
    # 3 steps at most: of 3 labels 3 a step, of 6 labels 6; each cell predicts its draw and the validation set.
    reads = sum(3 * n for n in draws) + sum(n + validation for n in draws)
    assert demand.reads == {3: reads, 4: reads, 5: reads}
    assert demand.layer_forwards == 5 * demand.samples
    assert demand.samples == len(union(plan.cells, task))
    assert validation + 6 <= demand.samples <= validation + 12  # two nested draws of six
    assert demand.layer_forwards_alone == sum(n + validation for n in draws) * (3 + 4 + 5)
    assert demand.layer_forwards_uncached == reads * (3 + 4 + 5)
    assert demand.saved == demand.layer_forwards_alone - demand.layer_forwards
    assert demand.bytes[3] == demand.bytes[5] > 0
    assert demand.flops[5] == pytest.approx(demand.flops[3] * 5 / 3)
    placed = placements(boundary_demands(plan, data), processor(host_bytes=10**9, disk_bytes=0))
    assert [row.tier for rows in placed.values() for row in rows.values()] == ["host"] * 3


def test_states_of_restricted_and_of_personal_data_never_lie_on_disk(tmp_path):
    plan, data = toy_plan(tmp_path, heavy(2), protocol=PROTOCOL)
    request = plan.request
    restricted = request.tasks[0].model_copy(update={"sensitivity": "restricted"})
    for changed in (
        request.model_copy(update={"tasks": (restricted,)}),
        request.model_copy(update={"personal_tasks": (restricted.id,)}),
    ):
        demands = boundary_demands(make_plan(changed, data), data)
        no_memory = processor(host_bytes=1, disk_bytes=10**12)
        tiers = [row.tier for rows in placements(demands, no_memory).values() for row in rows.values()]
        assert tiers == ["recompute"]
    demands = boundary_demands(plan, data)
    (rows,) = placements(demands, processor(host_bytes=1, disk_bytes=10**12)).values()
    assert rows[1].tier == "disk"


def test_strategies_that_freeze_nothing_demand_nothing(tmp_path):
    plan, data = toy_plan(tmp_path, protocol=toy_protocol(strategies=("full-finetune", "linear-probe")))
    assert boundary_demands(plan, data) == {}


def test_rows_of_several_depths_share_one_forward(tmp_path):
    candidate, folder = tiny_image(tmp_path / "base", architecture="test_vit")
    rows = ("partial-freeze", "partial-freeze-quarter", "partial-freeze-last")
    train = toy_images(4, seed=0)
    backbone = load_backbone(candidate, folder, pretrained=True, device="cpu")
    blocks = len(backbone.blocks()) - 2
    depths = {frozen_blocks(strategy(name).defaults_for("image"), blocks) for name in rows}
    assert depths == {3, 4, 5}
    samples = distinct([train.samples])
    boundaries = trial(backbone, samples, sorted(depths))
    made = fill(
        backbone, boundaries, chunks(samples), tiers={}, dtype="float32", progress=lambda _done, _total: None
    )
    assert set(made.tables) == depths
    assert made.layer_forwards == 5 * len(samples)
