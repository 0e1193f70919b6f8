"""Running a plan: nothing is computed twice, a failure is a result, an interruption loses at most the running unit."""

import io
import itertools

import numpy as np
import pytest

from evaluators.cell import Failed, Scored, Skipped
from evaluators.errors import EnvironmentProblem
from evaluators.plan import plan_to_json
from evaluators.results import ResultStore
from evaluators.running.executor import Broken, Done, InProcessExecutor, Unit, WorkerExecutor, WorkerSetup
from evaluators.running.run import Ended, Finished, Started, run_plan
from evaluators.running.workbench import Workbench
from tests.evaluators.toy_plans import toy_plan, toy_protocol

DATA_ONLY = toy_protocol(strategies=("majority", "tfidf-logreg"))


class Counting:
    """An executor that counts units and breaks those it is told to, around a real one."""

    def __init__(self, inner, breaks=()):
        self.inner, self.breaks, self.units = inner, breaks, []

    def execute(self, unit):
        self.units.append(unit)
        if len(self.units) in self.breaks:
            yield Broken("told to break")
        else:
            yield from self.inner.execute(unit)

    def close(self):
        self.inner.close()


@pytest.fixture
def bench(tmp_path):
    plan, data = toy_plan(tmp_path, protocol=DATA_ONLY)
    return Workbench(plan, data, {}, ResultStore(tmp_path / "results"), "cpu")


def run(bench, executor):
    return list(run_plan(bench.plan, bench.results, executor))


def endings(events):
    return [event.result for event in events if isinstance(event, Ended)]


def test_every_cell_ends_once_and_is_scored(bench):
    events = run(bench, InProcessExecutor(bench))
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    assert len(endings(events)) == len(bench.plan.cells)
    assert all(isinstance(result, Scored) for result in endings(events))


def test_a_second_run_computes_nothing(bench):
    run(bench, InProcessExecutor(bench))
    counting = Counting(InProcessExecutor(bench))
    events = run(bench, counting)
    assert counting.units == []
    assert events[-1].counters["cells_reused"] == len(bench.plan.cells)


@pytest.mark.parametrize("op", ["predict", "fit"])
def test_results_that_rotted_are_computed_again(bench, tmp_path, op):
    run(bench, InProcessExecutor(bench))
    paths = sorted((tmp_path / "results" / op).rglob("*.npz"))
    before = {path: path.read_bytes() for path in paths}
    for path in paths[:2]:
        path.write_bytes(path.read_bytes()[:100])
    if op == "fit":  # a fit is read only where predictions are lacking
        for path in (tmp_path / "results" / "predict").rglob("*.npz"):
            path.unlink()
    counting = Counting(InProcessExecutor(bench))
    assert all(isinstance(result, Scored) for result in endings(run(bench, counting)))
    assert counting.units
    for path in paths[:2]:
        with np.load(path) as again, np.load(io.BytesIO(before[path])) as first:
            assert again.files == first.files


def test_one_more_run_computes_only_itself(bench, tmp_path):
    run(bench, InProcessExecutor(bench))
    larger, data = toy_plan(tmp_path, protocol=DATA_ONLY.model_copy(update={"runs": 3}))
    more = Workbench(larger, data, {}, bench.results, "cpu")
    counting = Counting(InProcessExecutor(more))
    run(more, counting)
    assert len(counting.units) == 2 * 2


def test_a_failing_cell_is_a_result_and_the_rest_go_on(bench):
    events = run(bench, Counting(InProcessExecutor(bench), breaks={2}))
    failed = [result for result in endings(events) if isinstance(result, Failed)]
    assert [f.reason for f in failed] == ["told to break"]
    assert events[-1].counters["cells_run"] == len(bench.plan.cells) - 1


def test_a_skipped_cell_is_not_tried(tmp_path):
    plan, data = toy_plan(tmp_path, protocol=DATA_ONLY.model_copy(update={"labels_per_class": (1, 50)}))
    bench = Workbench(plan, data, {}, ResultStore(tmp_path / "results"), "cpu")
    results = endings(run(bench, InProcessExecutor(bench)))
    assert sum(isinstance(result, Skipped) for result in results) == len(results) / 2


@pytest.mark.parametrize("stop", [1, 2, 5])
def test_stopped_anywhere_a_second_run_ends_in_the_same_state(bench, tmp_path, stop):
    whole = ResultStore(tmp_path / "whole")
    run(
        Workbench(bench.plan, bench.data, {}, whole, "cpu"),
        InProcessExecutor(Workbench(bench.plan, bench.data, {}, whole, "cpu")),
    )
    list(itertools.islice(run_plan(bench.plan, bench.results, InProcessExecutor(bench)), stop))
    run(bench, InProcessExecutor(bench))
    for planned in bench.plan.cells:
        for key in planned.predict.values():
            one, two = whole.read("predict", key).arrays, bench.results.read("predict", key).arrays
            np.testing.assert_array_equal(one["probabilities"], two["probabilities"])


@pytest.fixture
def worker(bench, tmp_path):
    plan = tmp_path / "plan.json"
    plan.write_text(plan_to_json(bench.plan))
    setup = WorkerSetup(
        plan=str(plan), data={"colours": {"all": str(tmp_path / "colours.csv")}}, folders={},
        results=bench.results.location, device="cpu",
    )  # fmt: skip
    executor = WorkerExecutor(setup, tmp_path / "worker.log")
    yield executor
    executor.close()


@pytest.mark.slow
def test_the_worker_computes_what_this_process_would(bench, worker, tmp_path):
    run(bench, worker)
    here = ResultStore(tmp_path / "here")
    local = Workbench(bench.plan, bench.data, {}, here, "cpu")
    run(local, InProcessExecutor(local))
    for planned in bench.plan.cells:
        key = planned.predict["validation"]
        np.testing.assert_array_equal(
            here.read("predict", key).arrays["probabilities"],
            bench.results.read("predict", key).arrays["probabilities"],
        )


@pytest.mark.slow
def test_a_worker_that_was_killed_is_replaced_and_the_unit_tried_again(worker):
    worker._started().kill()
    outcomes = list(worker.execute(Unit("measure", cells=(0,))))
    assert isinstance(outcomes[-1], Done)


@pytest.mark.slow
def test_a_worker_that_dies_twice_is_a_reason(worker, monkeypatch):
    start = worker._started

    def killed():
        process = start()
        process.kill()
        process.wait()
        return process

    monkeypatch.setattr(worker, "_started", killed)
    outcomes = list(worker.execute(Unit("measure", cells=(0,))))
    assert outcomes == [Broken("the worker was killed (signal 9), most likely because memory ran out")]


@pytest.mark.slow
def test_a_worker_that_cannot_start_ends_the_run_with_what_it_said(worker, tmp_path):
    (tmp_path / "colours.csv").unlink()
    with pytest.raises(
        EnvironmentProblem, match=r"could not start: FileNotFoundError.*colours\.csv"
    ) as caught:
        list(worker.execute(Unit("measure", cells=(0,))))
    assert "worker.log" in (caught.value.hint or "")


@pytest.mark.slow
def test_a_module_of_the_working_folder_is_not_taken_for_an_installed_one(worker, tmp_path, monkeypatch):
    (tmp_path / "random.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    assert isinstance(list(worker.execute(Unit("measure", cells=(0,))))[-1], Done)
