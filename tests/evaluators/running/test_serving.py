"""Answers are timed one raw input at a time, after the fit, once, within bounds, and as no part of the fit."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from evaluators.findings.collect import Reading
from evaluators.findings.served import servings
from evaluators.observe import environment
from evaluators.results import ResultStore
from evaluators.running.executor import InProcessExecutor
from evaluators.running.run import Ended, run_plan
from evaluators.running.serving import ServingClock
from evaluators.running.workbench import Workbench
from evaluators.serving import served, serving_key
from tests.evaluators.toy_plans import toy_plan, toy_protocol
from tests.fakes_models import tiny_bert

LORA = {"lora": {"min_steps": 2, "max_steps": 2}}


@pytest.fixture
def bench(tmp_path):
    candidate, folder = tiny_bert(tmp_path / "base")
    protocol = toy_protocol(
        strategies=("majority", "tfidf-logreg", "knn", "linear-probe", "lora"), settings=LORA
    )
    plan, data = toy_plan(tmp_path, candidate, protocol=protocol)
    return Workbench(
        plan, data, {candidate.name: folder}, ResultStore(tmp_path / "results"), "cpu", timed_by="a run"
    )


def run(bench):
    events = run_plan(bench.plan, bench.results, InProcessExecutor(bench))
    ended = [event for event in events if isinstance(event, Ended)]
    outcomes = {(e.planned.cell.key, e.planned.cell.candidate): e.result for e in ended}
    return {
        one.serving.strategy: one
        for one in servings(Reading(bench.plan, bench.data, bench.results, outcomes))
    }


class Answering:
    """A classifier that takes what it is told to, by a clock of its own."""

    trained_parameters, steps, converged = 1, 0, True

    def __init__(self, *seconds: float, broken: Exception | None = None) -> None:
        self.now, self.asked, self.broken = 0.0, [], broken
        self._seconds, self._calls = seconds, count()

    def clock(self) -> float:
        return self.now

    def predict(self, inputs):
        if self.broken:
            raise self.broken
        self.asked.append(inputs.samples)
        self.now += self._seconds[next(self._calls) % len(self._seconds)]
        return np.full((len(inputs.samples), 3), 1 / 3, dtype=np.float32)

    def save(self, folder):
        (folder / "fit.json").write_text("{}")
        (folder / "fit.safetensors").write_bytes(b"1234567890")


def timed(bench, answering):
    planned = next(p for p in served(bench.plan) if p.cell.strategy == "tfidf-logreg")
    clock = ServingClock(bench, lambda: environment("cpu"), answering.clock)
    clock.time(planned, answering)
    return bench.results.read("serving", serving_key(planned)), clock


def test_the_whole_way_from_a_text_is_timed_for_frozen_and_trained_bases_and_floors(bench):
    found = run(bench)
    assert sorted(found) == ["knn", "linear-probe", "lora", "majority", "tfidf-logreg"]
    for one in found.values():
        # A busy machine times fewer calls; what too few say nothing of is left out.
        known = [value for value in (one.serving.p50, one.serving.p95, one.serving.p99) if value is not None]
        assert known == sorted(known)
        assert 5 <= one.serving.calls <= 200
        assert set(one.serving.throughput) == {"1", "8", "32"}
    # Features are known, and yet a probe reads its base for every call.
    assert found["linear-probe"].serving.p50 > 10 * found["majority"].serving.p50
    assert found["majority"].serving.base_bytes == 0
    base = bench.plan.request.candidates[0].candidate
    assert found["lora"].serving.base_bytes == sum(entry.size for entry in base.files)


def test_what_was_trained_is_as_large_as_its_files(bench):
    found = run(bench)
    planned = next(p for p in served(bench.plan) if p.cell.strategy == "lora")
    kept = bench.results.read("fit", planned.fit).arrays
    assert found["lora"].serving.trained_bytes == sum(len(file) for file in kept.values())


def test_one_input_a_call_and_the_times_are_those_of_the_clock(bench):
    answering = Answering(0.001, 0.002, 0.003, 0.004)
    stored, _ = timed(bench, answering)
    assert sorted(set(stored.arrays["seconds"].tolist())) == [0.001, 0.002, 0.003, 0.004]
    assert len(stored.arrays["seconds"]) == 200
    assert {len(samples) for samples in answering.asked} == {1, 8, 32}
    assert stored.facts["throughput"]["1"] == 400.0
    assert stored.facts["throughput"]["8"] == 3200.0
    assert stored.facts["trained_bytes"] == 12


def test_a_slow_model_is_asked_five_times_and_no_quantile_of_so_few_is_given(bench):
    stored, clock = timed(bench, Answering(10.0))
    assert stored.arrays["seconds"].tolist() == [10.0] * 5
    # One call to warm up, and no batch: eight inputs might take as long as eight calls.
    assert clock.seconds == 10.0 * (1 + 5)
    assert set(stored.facts["throughput"]) == {"1"}


def test_warming_up_takes_no_longer_than_what_is_timed(bench):
    _, clock = timed(bench, Answering(0.5))
    assert clock.seconds == pytest.approx(0.5 * (4 + 5 + 2 + 0))


def test_no_call_is_begun_after_the_time_for_them(bench):
    stored, _ = timed(bench, Answering(0.1))
    assert len(stored.arrays["seconds"]) == 20


def test_no_locked_input_is_asked(bench):
    answering = Answering(0.001)
    timed(bench, answering)
    asked = {digest for samples in answering.asked for digest in samples.digests}
    assert asked <= set(bench.data["colours"].validation.samples.digests)


@pytest.mark.parametrize("broken", [RuntimeError("CUDA out of memory"), MemoryError()])
def test_where_memory_runs_out_the_cell_stands_and_nothing_is_said_of_its_answers(bench, broken):
    stored, _ = timed(bench, Answering(0.001, broken=broken))
    assert not len(stored.arrays["seconds"])
    assert stored.facts["reason"] == type(broken).__name__


def test_what_was_timed_is_not_timed_again(bench):
    run(bench)
    keys = {p.cell.strategy: serving_key(p) for p in served(bench.plan)}
    before = {
        name: bench.results.read("serving", key).arrays["seconds"].tolist() for name, key in keys.items()
    }
    again = Answering(0.001)
    timed(bench, again)
    assert again.asked == []
    run(bench)
    assert before == {n: bench.results.read("serving", k).arrays["seconds"].tolist() for n, k in keys.items()}


def test_a_store_that_was_filled_without_it_is_read_all_the_same(bench, tmp_path):
    silent = Workbench(bench.plan, bench.data, bench.folders, ResultStore(tmp_path / "earlier"), "cpu")
    assert run(silent) == {}


def test_timing_answers_is_no_part_of_what_a_fit_took(bench):
    executor = InProcessExecutor(bench)
    before = executor._computation.seconds_beside
    list(run_plan(bench.plan, bench.results, executor))
    assert executor._computation.seconds_beside > before


def ended_by_a_person(bench, run):
    planned = next(p for p in served(bench.plan) if p.cell.strategy == "tfidf-logreg")
    answering = Answering(0.001, broken=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        ServingClock(replace(bench, timed_by=run), lambda: environment("cpu")).time(planned, answering)


def test_timing_that_was_ended_is_made_good_by_the_next_run(bench):
    ended_by_a_person(bench, "first")
    stored, _ = timed(replace(bench, timed_by="second"), Answering(0.001))
    assert len(stored.arrays["seconds"]) == 200


def test_a_run_whose_worker_it_ended_does_not_try_again_and_after_two_runs_nobody_does(bench):
    # The unit is computed once more in a fresh worker: if it was memory, it would end that one too, and the cell fail.
    ended_by_a_person(bench, "first")
    again = Answering(0.001)
    timed(replace(bench, timed_by="first"), again)
    assert again.asked == []
    ended_by_a_person(bench, "second")
    timed(replace(bench, timed_by="third"), again)
    assert again.asked == []
