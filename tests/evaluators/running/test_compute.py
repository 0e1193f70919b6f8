"""What a fit is said to have cost is its own: no imports, no memory of what ran before it."""

import platform
import sys
from pathlib import Path

import numpy as np
import pytest

from evaluators.findings.collect import Reading, measurements
from evaluators.findings.gather import Spent, observe
from evaluators.observe import environment
from evaluators.results import ResultStore
from evaluators.running.compute import Computation
from evaluators.running.executor import InProcessExecutor
from evaluators.running.run import Ended, run_plan, scored
from evaluators.running.workbench import Workbench
from tests.evaluators.toy_plans import toy_plan, toy_protocol

LARGE = 256 * 2**20


def cost_of_a_fit(folder):
    plan, data = toy_plan(folder, protocol=toy_protocol(strategies=("majority",)))
    bench = Workbench(plan, data, {}, ResultStore(folder / "results"), "cpu")
    Computation(bench).measure([plan.cells[0]], lambda _done, _total: None)
    return scored(plan.cells[0], bench.results).cost


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of a process can be reset on Linux only")
def test_memory_that_was_freed_before_the_fit_is_not_in_its_peak(tmp_path):
    before = cost_of_a_fit(tmp_path).peak_bytes
    np.ones(LARGE, dtype=np.uint8)
    (tmp_path / "again").mkdir()
    assert 0 < cost_of_a_fit(tmp_path / "again").peak_bytes < before + LARGE // 2


def test_a_peak_that_cannot_be_reset_is_not_measured(tmp_path, monkeypatch):
    # A documented fake: a kernel or container that does not let a process reset its own peak.
    write = Path.write_text

    def refused(path, *arguments, **options):
        if path.name == "clear_refs":
            raise PermissionError("not here")
        return write(path, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", refused)
    assert cost_of_a_fit(tmp_path).peak_bytes == 0


def test_results_say_where_they_were_computed_whoever_gathers_them(tmp_path):
    # Two machines share a store; the second finds the first one's fits and adds its own.
    plan, data = toy_plan(tmp_path, protocol=toy_protocol(strategies=("majority", "tfidf-logreg")))
    results = ResultStore(tmp_path / "results")
    elsewhere = environment("cpu").model_copy(update={"hardware": {"cpu": "another"}, "python": "3.12.1"})
    first = Computation(Workbench(plan, data, {}, results, "cpu"))
    first._environment = elsewhere  # a documented fake: what that machine would have said of itself
    first.measure([plan.cells[0]], lambda _done, _total: None)
    outcomes = {}
    for event in run_plan(plan, results, InProcessExecutor(Workbench(plan, data, {}, results, "cpu"))):
        if isinstance(event, Ended):
            outcomes[event.planned.cell.key, event.planned.cell.candidate] = event.result
    rows = list(measurements(Reading(plan, data, results, outcomes)))
    observed = observe(rows, Spent("2026-11-21T10:00:00Z", 1.0))
    assert len(observed.environments) == 2
    by_cell = {cost.key: observed.environments[cost.environment].python for cost in observed.costs}
    assert by_cell.pop(plan.cells[0].cell.key) == "3.12.1"
    assert set(by_cell.values()) == {platform.python_version()}
