"""bfloat16 features are used only where a linear probe does not notice."""

import numpy as np
import pytest

from evaluators.cell import Failed, Scored
from evaluators.data.task_data import load_task
from evaluators.engine.precision import Agreement, agreement, agreement_of
from evaluators.plan import PlannedCandidate, Request
from evaluators.planning import make_plan
from evaluators.results import ResultStore, Stored
from evaluators.running.executor import InProcessExecutor
from evaluators.running.run import Ended, run_plan
from evaluators.running.workbench import Workbench
from tests.evaluators.toy_plans import toy_plan, toy_protocol, toy_task
from tests.fakes_models import tiny_bert


def cloud(count=120, classes=4, width=16):
    random = np.random.default_rng(0)
    labels = np.arange(count) % classes
    rows = random.normal(0, 1, (classes, width))[labels] + random.normal(0, 0.7, (count, width))
    return rows.astype(np.float32), labels


def test_equal_features_agree_exactly_and_every_sample_is_scored_once():
    rows, labels = cloud()
    found = agreement(rows, rows.copy(), labels, 4)
    assert found.float32 == found.bfloat16 > 0.5
    assert found.samples == 120
    assert found.holds
    assert agreement_of(found.facts) == found


def test_features_that_lost_their_signal_do_not():
    rows, labels = cloud()
    found = agreement(rows, np.random.default_rng(1).normal(size=rows.shape).astype(np.float32), labels, 4)
    assert not found.holds
    assert f"{100 * found.bfloat16:.1f} on bfloat16 features and {100 * found.float32:.1f} on" in str(found)


def test_a_perfect_score_leaves_room_for_one_sample():
    assert Agreement(1.0, 0.99, 100).holds
    assert not Agreement(1.0, 0.97, 100).holds
    # About the bootstrap's standard error.
    assert Agreement(0.8, 0.8, 400).error == pytest.approx(0.02, abs=5e-4)


def bench_of(folder):
    candidate, base = tiny_bert(folder / "base")
    protocol = toy_protocol(strategies=("knn", "linear-probe"), dtype="bfloat16", labels_per_class=(2, 4))
    plan, data = toy_plan(folder, candidate, protocol=protocol)
    return Workbench(plan, data, {candidate.name: base}, ResultStore(folder / "results"), "cpu")


def ended(bench):
    events = list(run_plan(bench.plan, bench.results, InProcessExecutor(bench)))
    return [event.result for event in events if isinstance(event, Ended)]


def compared(folder):
    """Return the keys of the comparisons that are stored."""
    return [path.stem for path in sorted((folder / "results" / "precision").rglob("*.npz"))]


def test_a_trunk_in_bfloat16_is_compared_once_and_that_is_recorded(tmp_path, monkeypatch):
    bench = bench_of(tmp_path)
    assert all(isinstance(result, Scored) for result in ended(bench))
    (key,) = compared(tmp_path)
    found = agreement_of(bench.results.read("precision", key).facts)
    assert found.holds
    assert found.samples == 12  # the largest draw: 4 of each of three
    for op in ("features", "predict"):
        for stored in (tmp_path / "results" / op).rglob("*.npz"):
            stored.unlink()
    asked = []
    monkeypatch.setattr("evaluators.engine.precision.agreement", lambda *_: asked.append(1))
    assert all(isinstance(result, Scored) for result in ended(bench))
    assert not asked


def test_each_task_is_compared_on_its_own_draw(tmp_path):
    candidate, base = tiny_bert(tmp_path / "base")
    protocol = toy_protocol(strategies=("knn",), dtype="bfloat16", labels_per_class=(2,))
    tasks, data = [], {}
    for name, size in (("first", 12), ("second", 14)):
        (tmp_path / name).mkdir()
        task, files = toy_task(tmp_path / name, size)
        tasks.append(task.model_copy(update={"id": name}))
        data[name] = load_task(tasks[-1], files)
    candidates = (PlannedCandidate(candidate=candidate),)
    plan = make_plan(Request(candidates=candidates, tasks=tuple(tasks), protocol=protocol), data)
    bench = Workbench(plan, data, {candidate.name: base}, ResultStore(tmp_path / "results"), "cpu")
    assert all(isinstance(result, Scored) for result in ended(bench))
    assert len(compared(tmp_path)) == 2


def test_where_they_do_not_agree_every_frozen_cell_fails_and_names_both(tmp_path):
    bench = bench_of(tmp_path)
    ended(bench)
    (key,) = compared(tmp_path)
    bench.results.write("precision", key, Stored({}, Agreement(0.9, 0.5, 100).facts))
    for op in ("features", "fit", "predict"):
        for stored in (tmp_path / "results" / op).rglob("*.npz"):
            stored.unlink()
    results = ended(bench)
    assert results
    assert all(isinstance(result, Failed) for result in results)
    assert "50.0 on bfloat16 features and 90.0 on float32 features" in results[0].reason
    assert not list((tmp_path / "results").glob("features/**/*.npz"))
