"""Which cells train in one pass, and that a run of the plan measures in it what it would measure cell by cell."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from evaluators.cell import FitCost
from evaluators.ladder.settings import STACKED_BELOW
from evaluators.observations import CellCost
from evaluators.origin import Origin, origin_of
from evaluators.passes import passes
from evaluators.results import ResultStore
from evaluators.running.compute import Computation
from evaluators.running.executor import InProcessExecutor
from evaluators.running.run import Ended, Finished, run_plan
from evaluators.running.workbench import Workbench
from tests.evaluators.kills import killed_after
from tests.evaluators.toy_plans import toy_candidate, toy_plan, toy_protocol
from tests.fakes_models import tiny_bert

TRAINED = ("lora", "full-finetune", "from-scratch", "partial-freeze")
PROTOCOL = toy_protocol(strategies=TRAINED, runs=3, labels_per_class=(2,))


def companies(folder, candidate):
    """Return, by strategy, how many cells are in each pass."""
    plan, _ = toy_plan(folder, candidate, protocol=PROTOCOL)
    sizes = {}
    for one in passes(plan):
        sizes.setdefault(plan.cells[one.cells[0]].cell.strategy, []).append(len(one.cells))
    return {name: sorted(found) for name, found in sizes.items() if name in TRAINED}


def costing(flops):
    candidate = toy_candidate()
    return candidate.model_copy(
        update={"structure": candidate.structure.model_copy(update={"flops_per_input": flops})}
    )


def test_copies_of_a_small_network_train_side_by_side_and_of_a_large_one_do_not(tmp_path):
    batch = 6  # two labels of three classes, fewer than a batch of 16
    most = int(STACKED_BELOW["text"] / batch)
    assert companies(tmp_path, costing(most)) == {
        "lora": [3], "full-finetune": [3], "from-scratch": [3], "partial-freeze": [1, 1, 1],
    }  # fmt: skip
    assert companies(tmp_path, costing(most + 1)) == {
        "lora": [3], "full-finetune": [1, 1, 1], "from-scratch": [1, 1, 1], "partial-freeze": [1, 1, 1],
    }  # fmt: skip


class OneAtATime(InProcessExecutor):
    """Computes each cell of a unit by itself."""

    def execute(self, unit):
        """Compute the cells of a unit one after the other."""
        for cell in unit.cells:
            yield from super().execute(replace(unit, cells=(cell,)))


@pytest.fixture
def measured(tmp_path):
    """Return `measured(executor)`: the events of a run over a tiny BERT, its plan and its results."""
    candidate, folder = tiny_bert(tmp_path / "model")
    protocol = PROTOCOL.model_copy(update={"strategies": ("lora", "full-finetune")})
    plan, data = toy_plan(tmp_path, candidate, protocol=protocol)
    torch.set_num_threads(1)

    def run(executor):
        results = ResultStore(tmp_path / executor.__name__)
        bench = Workbench(plan, data, {candidate.name: folder}, results, "cpu")
        return list(run_plan(plan, results, executor(bench))), plan, results

    return run


def test_a_run_measures_in_one_pass_what_it_measures_cell_by_cell(measured):
    (events, plan, together), (_, _, apart) = measured(InProcessExecutor), measured(OneAtATime)
    assert isinstance(events[-1], Finished)
    assert events[-1].counters["cells_run"] == len(plan.cells)
    for event in events:
        if isinstance(event, Ended) and event.planned.cell.strategy in TRAINED:
            assert event.result.cost.beside == 2
    for planned in plan.cells:
        for key in planned.predict.values():
            one, other = (store.read("predict", key).arrays["probabilities"] for store in (together, apart))
            np.testing.assert_allclose(one, other, atol=1e-5)


def test_heads_of_one_solve_say_so(tmp_path):
    candidate, folder = tiny_bert(tmp_path / "model")
    plan, data = toy_plan(tmp_path, candidate, protocol=toy_protocol(strategies=("knn", "linear-probe")))
    bench = Workbench(plan, data, {candidate.name: folder}, ResultStore(tmp_path / "results"), "cpu")
    events = list(run_plan(plan, bench.results, InProcessExecutor(bench)))
    assert [event.result.cost.beside for event in events if isinstance(event, Ended)] == [3] * len(plan.cells)


@pytest.mark.parametrize(("writes", "fitted_again"), [(1, [3]), (2, [3]), (4, [])])
def test_a_pass_that_a_kill_tore_is_computed_again_whole(tmp_path, monkeypatch, writes, fitted_again):
    candidate, folder = tiny_bert(tmp_path / "model")
    plan, data = toy_plan(tmp_path, candidate, protocol=PROTOCOL.model_copy(update={"strategies": ("lora",)}))
    lora = [planned for planned in plan.cells if planned.cell.strategy == "lora"]
    whole, torn = (
        Workbench(plan, data, {candidate.name: folder}, ResultStore(tmp_path / name), "cpu")
        for name in ("whole", "torn")
    )
    with killed_after(writes, monkeypatch):
        Computation(torn).measure(lora, lambda _done, _total: None)
    from evaluators.engine import fit as engine

    fitted, fit_together = [], engine.fit_together

    def spied(row, jobs):
        fitted.append((row.id, len(jobs)))
        return fit_together(row, jobs)

    monkeypatch.setattr(engine, "fit_together", spied)
    list(run_plan(plan, torn.results, InProcessExecutor(torn)))
    assert [count for row, count in fitted if row == "lora"] == fitted_again
    list(run_plan(plan, whole.results, InProcessExecutor(whole)))
    for planned in lora:
        for key in planned.predict.values():
            one, other = (
                bench.results.read("predict", key).arrays["probabilities"] for bench in (torn, whole)
            )
            np.testing.assert_array_equal(one, other)


def test_what_had_to_be_changed_is_recorded_with_the_fit(measured, monkeypatch):
    def fit(row, job):
        job.remedy("trained again in float32")
        return real(row, job)

    from evaluators.engine import fit as engine

    real = engine.fit
    monkeypatch.setattr(engine, "fit", fit)
    events, *_ = measured(OneAtATime)
    assert {e.result.cost.remedies for e in events if isinstance(e, Ended)} == {("trained again in float32",)}


def test_costs_without_remedies_keep_the_bytes_of_earlier_documents():
    plain = {
        "key": "k", "strategy": "lora", "candidate": "c", "task": "t", "labels_per_class": 2, "seconds": 1.0,
        "peak_bytes": 0, "trained_parameters": 1, "steps": 1, "converged": True, "environment": "e",
    }  # fmt: skip
    assert CellCost.model_validate(plain).model_dump(mode="json") == plain
    changed = {**plain, "remedies": ["trained again in float32"]}
    assert CellCost.model_validate_json(json.dumps(changed)).model_dump(mode="json") == changed


def test_a_fit_that_was_stored_before_remedies_were_known_is_read():
    from evaluators.observe import environment

    made = Origin(FitCost(seconds=1.0), environment("cpu"))
    earlier = made.facts
    del earlier["cost"]["remedies"]
    assert origin_of(earlier) == made
