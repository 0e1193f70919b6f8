"""Cells that are computed together: which, and what becomes of them when a pass breaks or is torn."""

from dataclasses import replace

import pytest

from evaluators.cell import Failed, Scored, Skipped
from evaluators.passes import passes
from evaluators.results import ResultStore, Stored
from evaluators.running.executor import Broken, Declined, InProcessExecutor, Unit
from evaluators.running.run import Ended, Fitting, run_plan
from evaluators.running.workbench import Workbench
from evaluators.strategy import strategy
from tests.evaluators.kills import remove
from tests.evaluators.toy_plans import toy_candidate, toy_plan, toy_protocol


class Fused:
    """Rows that have a fused function, by name, as the ladder would have them."""

    def __init__(self, **across):
        self.across = across

    def __call__(self, name):
        row = strategy(name)
        if name not in self.across:
            return replace(row, fused=None)
        return replace(row, fused="evaluators.engine.heads:together", fused_across=self.across[name])


class Breaking:
    """An executor that breaks or declines passes that hold a cell it is told about, and computes the others alone."""

    def __init__(self, inner, wrong=(), outcome=Broken):
        self.inner, self.wrong, self.outcome, self.units = inner, set(wrong), outcome, []

    def execute(self, unit):
        self.units.append(unit.cells)
        if self.wrong & set(unit.cells):
            yield self.outcome("told to")
            return
        for index in unit.cells:
            yield from self.inner.execute(Unit("measure", cells=(index,)))

    def close(self):
        self.inner.close()


@pytest.fixture
def fused(monkeypatch):
    def patch(**across):
        monkeypatch.setattr("evaluators.passes.strategy", Fused(**across))

    return patch


def names(plan, together):
    cells = [plan.cells[index].cell for index in together.cells]
    return [(c.strategy, c.candidate, c.labels_per_class, c.run.index) for c in cells]


def test_every_cell_is_in_one_pass_and_alone_where_nothing_is_fused(tmp_path, fused):
    fused()
    plan, _ = toy_plan(tmp_path)
    assert sorted(p.cells for p in passes(plan)) == [(index,) for index in range(len(plan.cells))]


def test_cells_of_one_base_and_strategy_are_computed_together(tmp_path, fused):
    fused(knn="sizes")
    plan, _ = toy_plan(tmp_path, toy_candidate(), toy_candidate("other", weights=b"others"))
    groups = [names(plan, p) for p in passes(plan) if len(p.cells) > 1]
    assert sorted(sorted(group) for group in groups) == [
        [("knn", candidate, size, run) for size in (1, 2) for run in (0, 1)]
        for candidate in ("other", "tiny")
    ]


def test_across_runs_a_pass_has_one_size(tmp_path, fused):
    fused(**{"from-scratch": "runs"})
    plan, _ = toy_plan(tmp_path)
    groups = [names(plan, p) for p in passes(plan) if len(p.cells) > 1]
    assert sorted([size for _, _, size, _ in group] for group in groups) == [[1, 1], [2, 2]]


def test_cells_of_one_architecture_are_trained_once_for_all_candidates(tmp_path, fused):
    fused(**{"from-scratch": "runs"})
    plan, data = toy_plan(
        tmp_path,
        toy_candidate(),
        toy_candidate("other", weights=b"others"),
        protocol=toy_protocol(strategies=("from-scratch",)),
    )
    executor = Breaking(InProcessExecutor(_bench(tmp_path, plan, data)), wrong=range(99))
    run(plan, tmp_path, executor)
    assert sorted(len(cells) for cells in executor.units[:1]) == [2]


@pytest.mark.parametrize("wrong", [{0}, {3}, {0, 2}])
def test_a_broken_pass_is_halved_until_only_the_wrong_cells_fail(tmp_path, fused, wrong):
    fused(**{"tfidf-logreg": "sizes"})
    plan, data = toy_plan(tmp_path, protocol=toy_protocol(strategies=("tfidf-logreg",)))
    executor = Breaking(InProcessExecutor(_bench(tmp_path, plan, data)), wrong)
    events = run(plan, tmp_path, executor)
    failed = {
        plan.cells.index(e.planned) for e in events if isinstance(e, Ended) and isinstance(e.result, Failed)
    }
    assert failed == wrong
    assert sum(isinstance(e, Ended) and isinstance(e.result, Scored) for e in events) == 4 - len(wrong)
    broken = [cells for cells in executor.units if len(cells) > 1 and wrong & set(cells)]
    assert events[-1].counters["passes_halved"] == len(broken) > 0
    assert max(e.beside for e in events if isinstance(e, Fitting)) == 3


def test_what_cannot_run_here_is_skipped_with_the_reason(tmp_path, fused):
    fused(**{"tfidf-logreg": "sizes"})
    plan, data = toy_plan(tmp_path, protocol=toy_protocol(strategies=("tfidf-logreg",)))
    executor = Breaking(InProcessExecutor(_bench(tmp_path, plan, data)), {1}, Declined)
    results = [e.result for e in run(plan, tmp_path, executor) if isinstance(e, Ended)]
    assert all(isinstance(result, Skipped) and result.reason == "told to" for result in results)


def test_a_pass_that_was_torn_is_computed_again_whole(tmp_path, fused):
    fused(**{"tfidf-logreg": "sizes"})
    plan, data = toy_plan(tmp_path, protocol=toy_protocol(strategies=("tfidf-logreg",)))
    bench = _bench(tmp_path, plan, data)
    run(plan, tmp_path, Breaking(InProcessExecutor(bench)))
    keys = [planned.predict["validation"] for planned in plan.cells]
    for key in keys:  # as a pass writes them
        stored = bench.results.read("predict", key)
        bench.results.write("predict", key, Stored(stored.arrays, {**stored.facts, "together": keys}))
    whole = Breaking(InProcessExecutor(bench))
    run(plan, tmp_path, whole)
    assert whole.units == []
    remove(bench.results, "predict", keys[2])
    torn = Breaking(InProcessExecutor(bench))
    run(plan, tmp_path, torn)
    assert torn.units == [(0, 1, 2, 3)]


def _bench(folder, plan, data):
    return Workbench(plan, data, {}, ResultStore(folder / "results"), "cpu")


def run(plan, folder, executor):
    return list(run_plan(plan, ResultStore(folder / "results"), executor))
