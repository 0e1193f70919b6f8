"""A whole plan in a worker process on a GPU, and what a person is told of its memory."""

from __future__ import annotations

import numpy as np
import pytest

from evaluators.cell import Scored
from evaluators.findings.collect import Reading, measurements
from evaluators.results import ResultStore
from evaluators.running.executor import InProcessExecutor
from evaluators.running.run import Ended, run_plan
from evaluators.running.workbench import Workbench
from tests.evaluators.toy_plans import toy_plan, toy_protocol
from tests.fakes_models import tiny_bert

STRATEGIES = (
    "majority", "tfidf-logreg", "from-scratch", "knn", "linear-probe", "lora", "partial-freeze-last",
    "partial-freeze", "full-finetune",
)  # fmt: skip


@pytest.fixture(scope="module")
def computed(tmp_path_factory):
    """Return `computed(device)`: the measurements of one plan, by cell, computed once a device."""
    folder = tmp_path_factory.mktemp("plan")
    candidate, base = tiny_bert(folder / "model", dropout=0.0)
    plan, data = toy_plan(folder, candidate, protocol=toy_protocol(strategies=STRATEGIES))
    known = {}

    def get(device):
        if device not in known:
            results = ResultStore(folder / f"results-{device}")
            executor = InProcessExecutor(Workbench(plan, data, {candidate.name: base}, results, device))
            events = [e for e in run_plan(plan, results, executor) if isinstance(e, Ended)]
            outcomes = {(e.planned.cell.key, e.planned.cell.candidate): e.result for e in events}
            assert all(isinstance(row, Scored) for row in outcomes.values()), outcomes
            known[device] = list(measurements(Reading(plan, data, results, outcomes)))
        return known[device]

    return get


def test_every_cell_agrees_with_the_processor(computed):
    for here, there in zip(computed("cpu"), computed("cuda"), strict=True):
        assert here.cell.key == there.cell.key
        apart = np.abs(here.probabilities["validation"] - there.probabilities["validation"]).max()
        print(f"{here.cell.strategy}, {here.cell.labels_per_class} a class: {apart:.1e}")  # noqa: T201
        assert apart < 0.05


def test_results_say_which_gpu_computed_them_and_how_much_memory_it_took(computed):
    for row in computed("cuda"):
        assert row.environment.device == "cuda"
        assert row.environment.hardware["gpu"]
    trained = [row for row in computed("cuda") if row.cell.strategy == "full-finetune"]
    assert all(row.cost.peak_bytes > 0 for row in trained)
