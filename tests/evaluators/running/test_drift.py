"""What adapting changed in a base: nothing where nothing was trained, always against the bare one, and stored."""

from __future__ import annotations

import csv

import numpy as np
import pytest
import torch
from torch import nn

from evaluators.canonical import digest_of_file
from evaluators.data.task_data import load_task
from evaluators.drift import drift_key, drifting, probe_of
from evaluators.engine.classifier import Classifier, TrainingFacts
from evaluators.engine.insertion import insert
from evaluators.engine.network import Network
from evaluators.findings.collect import Reading, design, measurements, truths
from evaluators.findings.gather import gather_findings
from evaluators.plan import PlannedCandidate, Request
from evaluators.planning import make_plan
from evaluators.results import ResultStore
from evaluators.running.drift import DriftMeter
from evaluators.running.executor import InProcessExecutor
from evaluators.running.run import Ended, run_plan
from evaluators.running.workbench import Workbench
from tests.evaluators.toy_plans import toy_protocol, toy_task
from tests.fakes_models import NAMES, tiny_bert, toy_texts

STEPS = {"min_steps": 6, "max_steps": 6}
PROTOCOL = toy_protocol(
    labels_per_class=(1, 2),
    strategies=("majority", "knn", "lora", "full-finetune"),
    settings={"lora": STEPS, "full-finetune": STEPS},
)


def texts_task(folder, per_label, *, name, seed):
    """Return a task of texts that the tiny tokenizer knows the words of."""
    folder.mkdir()
    task, files = toy_task(folder)
    texts = toy_texts(per_label, seed=seed)
    path = files["all"]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "label"])
        writer.writerows(zip(texts.samples.texts, (NAMES[label] for label in texts.labels), strict=True))
    changes = {"sha256": digest_of_file(path), "size": path.stat().st_size}
    file = task.files["all"].model_copy(update=changes)
    return task.model_copy(update={"id": name, "files": {"all": file}}), files


@pytest.fixture
def bench(tmp_path):
    return bench_of(tmp_path)


def bench_of(folder, *, probe="shades", per_label=80):
    candidate, base = tiny_bert(folder / "base")
    task, files = texts_task(folder / "own", per_label, name="colours", seed=1)
    other, other_files = texts_task(folder / "other", 80, name="shades", seed=2)
    probes = (other,) if probe == "shades" else ()
    request = Request(
        candidates=(PlannedCandidate(candidate=candidate, probe=probe),),
        tasks=(task,),
        probes=probes,
        protocol=PROTOCOL,
    )
    data = {task.id: load_task(task, files)} | {row.id: load_task(row, other_files) for row in probes}
    plan = make_plan(request, data)
    return Workbench(plan, data, {candidate.name: base}, ResultStore(folder / "results"), "cpu")


def run(bench):
    events = list(run_plan(bench.plan, bench.results, InProcessExecutor(bench)))
    outcomes = {
        (e.planned.cell.key, e.planned.cell.candidate): e.result for e in events if isinstance(e, Ended)
    }
    reading = Reading(bench.plan, bench.data, bench.results, outcomes)
    return gather_findings(measurements(reading), truths=truths(reading), design=design(reading))


def drifts(findings):
    return {
        (cell.strategy, cell.labels_per_class, cell.run): cell.drift for cell in findings.cells if cell.drift
    }


def cell_of(bench, strategy):
    return next(p for p in bench.plan.cells if p.fit in drifting(bench.plan) and p.cell.strategy == strategy)


def untrained(bench, planned, kind, **settings):
    """Return a network as a method puts it together, of which nothing was trained."""
    backbone = bench.backbone(planned, pretrained=True)
    torch.manual_seed(0)
    insert(kind, backbone, {**dict(planned.cell.settings), **settings})
    head = nn.Linear(backbone.width, 3)
    return Classifier(Network(backbone, head, ()), TrainingFacts(kind, "float32", 0, 0), ())


def asked(bench, planned, fitted):
    DriftMeter(bench).measure(planned, fitted)
    key = drift_key(planned, probe_of(planned, bench.plan, bench.data))
    return bench.results.read("drift", key).facts


@pytest.mark.parametrize("kind", ["adapter", "tuned"])
def test_where_nothing_was_trained_nothing_is_forgotten_and_nothing_moved(bench, kind):
    planned = cell_of(bench, "lora")
    facts = asked(bench, planned, untrained(bench, planned, kind))
    assert facts["before"] == facts["after"]
    assert (facts["cka"], facts["overlap"]) == (1.0, 1.0)


def test_the_reference_is_the_bare_base_and_not_the_one_that_was_wrapped(bench):
    # A random prompt changes what the base answers before a step was taken: that is drift, and is not hidden.
    planned = cell_of(bench, "lora")
    facts = asked(bench, planned, untrained(bench, planned, "prompt", virtual_tokens=4))
    assert facts["cka"] < 1.0
    bare = asked(bench, cell_of(bench, "full-finetune"), untrained(bench, planned, "tuned"))
    assert facts["before"] == bare["before"]


def test_every_run_of_a_trained_base_is_asked_at_the_largest_size_and_no_frozen_one(bench):
    found = drifts(run(bench))
    assert set(found) == {(name, 2, run) for name in ("lora", "full-finetune") for run in (0, 1)}
    for row in found.values():
        assert row.probe == "shades"
        assert -0.1 < row.cka <= 1.0  # without bias, so about 0 where nothing is left
        assert row.forgotten == pytest.approx(row.before - row.after)


def test_what_was_asked_is_not_asked_again_and_gives_the_same_findings(bench, monkeypatch):
    first = run(bench)
    monkeypatch.setattr(DriftMeter, "_asked", lambda *_: pytest.fail("it was asked again"))
    assert run(bench).digest == first.digest


def test_a_kill_before_the_predictions_ends_with_the_same_findings(tmp_path, monkeypatch):
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    whole, bench = run(bench_of(tmp_path / "whole")), bench_of(tmp_path / "killed")
    write = ResultStore.write

    def killed_after_drift(store, op, key, stored):
        write(store, op, key, stored)
        if op == "drift":
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ResultStore, "write", killed_after_drift)
        with pytest.raises(KeyboardInterrupt):
            run(bench)
    assert run(bench).digest == whole.digest


def test_a_base_without_a_probe_task_is_asked_about_the_tasks_own_inputs_and_nothing_is_said_of_forgetting(
    tmp_path,
):
    found = drifts(run(bench_of(tmp_path, probe=None)))
    assert {row.probe for row in found.values()} == {"validation"}
    assert all(row.forgotten is None for row in found.values())


def test_the_task_itself_is_no_probe(tmp_path):
    bench = bench_of(tmp_path, probe="colours")
    assert probe_of(cell_of(bench, "lora"), bench.plan, bench.data).name == "validation"


def test_too_few_samples_are_not_asked(tmp_path):
    assert drifts(run(bench_of(tmp_path, probe=None, per_label=12))) == {}


def test_a_probe_is_fitted_to_as_many_labels_of_each_class_and_scored_on_validation(bench):
    probe = probe_of(cell_of(bench, "lora"), bench.plan, bench.data)
    other = bench.data["shades"]
    each = min(np.bincount(other.train.labels))
    assert each < 160 // 3
    assert np.bincount(probe.labels[: probe.fitted]).tolist() == [each] * 3
    assert set(probe.samples.digests[probe.fitted :]) <= set(other.validation.samples.digests)
    locked = set(other.test.samples.digests)
    assert not locked & set(probe.samples.digests)
