"""What a plan will cost: less what is stored, be it predictions or features; and what sharing saves."""

import numpy as np
import pytest
import torch

from evaluators.cost.calibration import Calibration
from evaluators.cost.demand import Demand
from evaluators.cost.estimate import Pace, estimate
from evaluators.cost.roofline import SOME_GPU, Roofline, measure_roofline
from evaluators.cost.workload import Workload
from evaluators.data.view import inputs
from evaluators.engine.ceiling import measure_ceilings
from evaluators.features import store_chunk
from evaluators.inventory import listed_cells
from evaluators.results import ResultStore
from evaluators.running.executor import InProcessExecutor
from evaluators.running.run import run_plan
from evaluators.running.workbench import Workbench
from tests.evaluators.toy_plans import toy_candidate, toy_plan, toy_protocol

IDLE = Roofline(flops_per_second=1e11, bytes_per_second=1e10, free=1.0, threads=1)


def cost(plan, data, results, roofline=IDLE):
    stored = listed_cells(plan, results)
    workload = Workload(Demand(plan, data, results, stored), {})
    return estimate(
        workload, Pace(roofline, Calibration(), "here"), stored=len(stored), place=results.location
    )


@pytest.fixture
def results(tmp_path):
    return ResultStore(tmp_path / "results")


def test_features_that_are_stored_are_not_read_again(tmp_path, results):
    plan, data = toy_plan(tmp_path, protocol=toy_protocol(strategies=("majority", "linear-probe")))
    before = cost(plan, data, results)
    reader = next(planned for planned in plan.cells if planned.trunk)
    stored = inputs(reader.cell, "validation", data["colours"])
    store_chunk(results, reader.trunk, stored, np.zeros((len(stored), 8), dtype=np.float32))
    after = cost(plan, data, results)
    assert before.forwards - after.forwards == len(set(stored.digests)) > 0
    assert after.flops < before.flops
    assert after.stored == before.stored == 0


def test_each_sample_is_encoded_once_and_sharing_saves_the_rest(tmp_path, results):
    plan, data = toy_plan(tmp_path, protocol=toy_protocol(strategies=("knn", "linear-probe")))
    found = cost(plan, data, results)
    sizes = data["colours"].sizes
    each = [planned.cell.labels + sizes["validation"] for planned in plan.cells]
    assert found.forwards_unshared == sum(each)
    assert found.forwards <= sizes["train"] + sizes["validation"] < found.forwards_unshared
    saved = (found.forwards_unshared - found.forwards) * found.flops / found.forwards
    assert found.flops_unshared - found.flops == pytest.approx(saved, rel=0.5)
    assert found.seconds_unshared > found.seconds


def test_the_features_of_every_block_take_as_many_bytes_as_there_are_blocks(tmp_path, results):
    pooled, layers = (
        cost(*toy_plan(tmp_path, protocol=toy_protocol(strategies=(name,))), results)
        for name in ("linear-probe", "head2toe")
    )
    assert pooled.forwards == layers.forwards > 0
    structure = toy_candidate().structure
    more = 4 * structure.width * (structure.blocks - 1)
    assert layers.bytes - pooled.bytes == pooled.forwards * more


def test_what_is_stored_costs_nothing(tmp_path, results):
    plan, data = toy_plan(tmp_path, protocol=toy_protocol(strategies=("majority", "tfidf-logreg")))
    before = cost(plan, data, results)
    assert before.passes == len(plan.cells)
    assert before.seconds > 0
    list(run_plan(plan, results, InProcessExecutor(Workbench(plan, data, {}, results, "cpu"))))
    after = cost(plan, data, results)
    assert (after.stored, after.passes, after.bytes, after.seconds) == (len(plan.cells), 0, 0, None)
    assert after.place == results.location


def test_from_scratch_cells_that_two_candidates_share_are_counted_once(tmp_path, results):
    protocol = toy_protocol(strategies=("from-scratch",))
    twins = (toy_candidate("one", weights=b"1"), toy_candidate("two", weights=b"2"))
    plan, data = toy_plan(tmp_path, *twins, protocol=protocol)
    alone, _ = toy_plan(tmp_path, twins[0], protocol=protocol)
    together, single = cost(plan, data, results), cost(alone, data, results)
    assert (together.flops, together.passes) == (single.flops, single.passes)
    assert together.cells == 2 * single.cells


def test_a_busy_machine_takes_longer_and_the_estimate_says_how_busy(tmp_path, results):
    plan, data = toy_plan(tmp_path)
    busy = Roofline(IDLE.flops_per_second, IDLE.bytes_per_second, free=0.25, threads=1)
    idle, slow = cost(plan, data, results), cost(plan, data, results, busy)
    assert slow.seconds == pytest.approx(4 * idle.seconds)
    assert (idle.free, slow.free) == (1.0, 0.25)
    assert slow.roofline_share == pytest.approx(idle.roofline_share / 4)


def test_the_phases_add_up(tmp_path, results):
    plan, data = toy_plan(tmp_path)
    found = cost(plan, data, results)
    assert [row.phase for row in found.phases] == ["start", "encode", "floors", "heads", "training"]
    assert sum(row.seconds for row in found.phases) == pytest.approx(found.seconds)
    assert sum(row.flops for row in found.phases) == pytest.approx(found.flops)
    assert sum(row.cells for row in found.phases) == len(plan.cells)
    assert all(0 < row.roofline_share < 1 for row in found.phases if row.flops)


def test_nothing_is_faster_than_the_lower_ceiling():
    assert IDLE.seconds(flops=2e11, moved=0) == 2.0
    assert IDLE.seconds(flops=2e11, moved=3e10) == 3.0


def test_this_machine_has_a_roofline():
    found = measure_roofline()
    assert found.flops_per_second > 1e8
    assert found.bytes_per_second > 1e7
    assert 0 < found.free <= 1


def test_torch_sees_the_same_ceilings_as_numpy():
    flops, moved = measure_ceilings("cpu")
    found = measure_roofline()
    assert 0.1 < flops / found.flops_per_second < 10
    assert 0.1 < moved / found.bytes_per_second < 10


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_plan_for_a_gpu_is_made_where_there_is_none():
    assert measure_roofline("cuda") == SOME_GPU
