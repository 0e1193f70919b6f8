"""A finished matrix is measured again without a forward or a fit; one more seed costs what is new and nothing else."""

import pytest

from evaluators.data.view import inputs
from evaluators.results import ResultStore
from evaluators.running.workbench import Workbench
from tests.benchmarks.again import again
from tests.evaluators.toy_plans import toy_plan, toy_protocol
from tests.fakes_models import tiny_bert

FROZEN = toy_protocol(strategies=("majority", "knn", "linear-probe"))


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """Return two runs of the frozen family on a real base, three runs of it, and what was measured."""
    folder = tmp_path_factory.mktemp("again")
    candidate, model = tiny_bert(folder / "model")
    plan, data = toy_plan(folder, candidate, protocol=FROZEN)
    larger, _ = toy_plan(folder, candidate, protocol=FROZEN.model_copy(update={"runs": 3}))

    def bench_of(asked, name):
        return Workbench(asked, data, {candidate.name: model}, ResultStore(folder / name), "cpu")

    return plan, larger, data, again(plan, larger, bench_of)


def test_a_finished_matrix_is_measured_again_without_a_forward_or_a_fit(planned):
    plan, _, _, found = planned
    assert found.first.counters["cells_run"] == len(plan.cells)
    assert found.again.counters["samples_encoded"] == 0
    assert found.again.counters["cells_run"] == found.again.counters["cells_failed"] == 0
    assert found.again.counters["cells_reused"] == len(plan.cells)


def test_one_more_seed_encodes_only_new_samples_and_fits_only_new_cells(planned):
    plan, larger, data, found = planned
    assert found.more.counters["cells_run"] == len(larger.cells) - len(plan.cells)
    assert found.more.counters["cells_reused"] == len(plan.cells)
    new = _demanded(larger, data) - _demanded(plan, data)
    assert found.more.counters["samples_encoded"] == len(new)
    assert found.more_from_nothing.counters["samples_encoded"] == len(_demanded(larger, data))


def _demanded(plan, data):
    """Return the digests of all samples that a plan's frozen cells read."""
    return {
        digest
        for planned in plan.cells
        if planned.trunk
        for name in planned.predict
        for digest in inputs(planned.cell, name, data["colours"]).digests
    }
