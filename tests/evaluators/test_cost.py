"""What a plan will cost: less what is stored, be it predictions or features."""

import numpy as np

from evaluators.cost import estimate
from evaluators.features import store_chunk
from evaluators.results import ResultStore
from evaluators.view import inputs
from tests.evaluators.toy_plans import toy_plan, toy_protocol


def test_features_that_are_stored_are_not_read_again(tmp_path):
    plan, data = toy_plan(tmp_path, protocol=toy_protocol(strategies=("majority", "linear-probe")))
    results = ResultStore(tmp_path / "results")
    before = estimate(plan, data, results, flops_per_second=None)
    reader = next(planned for planned in plan.cells if planned.trunk)
    stored = inputs(reader.cell, "validation", data["colours"])
    store_chunk(results, reader.trunk, stored, np.zeros((len(stored), 8), dtype=np.float32))
    after = estimate(plan, data, results, flops_per_second=None)
    assert before.forwards - after.forwards == len(set(stored.digests)) > 0
    assert after.flops < before.flops
    assert after.stored == before.stored == 0
