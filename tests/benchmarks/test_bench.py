"""The benchmark itself, on toy models: every goal races, is gated and is told; its ratios mean nothing here."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.benchmarks.bench import GOALS, run
from tests.benchmarks.contest import Outcome, Timed, against_scripts, contest
from tests.benchmarks.machine import machine
from tests.benchmarks.matrix import bench_protocol, matrix
from tests.benchmarks.plot import write_plot
from tests.benchmarks.row import Gate, Row, no_worse, same_accuracy, sums
from tests.benchmarks.scene import Scene
from tests.benchmarks.table import markdown, plain, put_into_readme, write_json
from tests.benchmarks.worlds import banking, minilm

# peft 0.21 asks transformers 5.24 for a name of before; theirs to mend.
pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")


@pytest.fixture(scope="module", autouse=True)
def as_before():
    """Peers seed the global generator, as scripts do; other tests must not notice."""
    with torch.random.fork_rng(devices=[]):
        yield


@pytest.fixture(scope="module")
def here():
    return machine("cpu", side=64)


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    return Scene(tmp_path_factory.mktemp("bench"), tmp_path_factory.mktemp("no-data"), tiny=True)


@pytest.mark.slow
@pytest.mark.parametrize("goal", [name for name in GOALS if name != "MFU"])
def test_a_goal_races_the_same_cells_on_toy_models(scene, here, goal, monkeypatch):
    monkeypatch.setattr("tests.benchmarks.contest.LAPS", 1)
    (rows,) = run(scene, here, [goal], say=lambda _line: None)
    assert rows
    for row in rows:
        assert row.goal == goal
        assert row.ratio > 0
        assert row.theirs.cpu_seconds > 0
        assert all(np.isfinite(gate.found) for gate in row.gates)
        assert row.verdict == "beside"


@pytest.mark.slow
def test_a_run_in_a_new_process_finds_what_this_one_finds_and_again_computes_nothing(scene):
    protocol = bench_protocol(labels_per_class=(2,), runs=1, strategies=("majority", "knn"))
    pair = (minilm(scene), banking(scene, intents=3, pool=24, validation=18, test=30))
    cells = matrix(scene, [pair], protocol)
    store = cells.fresh_store()
    first = cells.run_in_new_process(store)
    assert first.counters["cells_run"] == 2
    assert first.scores == cells.run_here(cells.fresh_store()).scores
    assert cells.run_in_new_process(store).counters == {"cells_reused": 2}


def side(seconds, scores=None, **more):
    return Timed(seconds, seconds, 3, scores or {"a": 0.9, "b": 0.7}, {"sample_forwards": 10}, **more)


def a_row(**changes):
    row = Row("G1", "work: so much", "tuned", "peer", side(4.0), side(1.0), 3.0, ())
    return replace(row, **changes)


def test_a_ratio_without_its_gate_is_void():
    assert a_row().verdict == "met"
    void = a_row(gates=(Gate("difference of mean accuracy, points", 3.0, 2.0),))
    assert (void.ratio, void.verdict) == (4.0, "missed")
    assert "void, difference of mean accuracy, points: 3" in void.reason


def test_a_gate_that_compared_nothing_does_not_hold():
    assert not same_accuracy(side(1.0, {"a": 0.5}), side(1.0, {"b": 0.5}), 100.0).holds


def test_accuracy_is_compared_on_the_cells_that_both_ran():
    theirs, ours = side(1.0, {"a": 0.9}), side(1.0, {"a": 0.88, "b": 0.1})
    assert same_accuracy(theirs, ours, 2.1).holds
    assert not same_accuracy(theirs, ours, 1.9).holds
    assert no_worse(ours, theirs, 0.0).holds


def test_goals_that_are_missed_are_counted_and_told(here):
    rows = [a_row(), a_row(wanted=5.0), a_row(wanted=None)]
    assert sums(rows) == "goals: 1 met, 1 missed"
    told = plain(rows, here, "cpu")
    assert "4.00x of 5x" in told
    assert "4.00x of 5x" in markdown(rows, here, "2026-11-26", "results/bench")


def test_the_share_of_the_ceiling_is_ours_over_what_was_measured():
    assert a_row(ours=side(2.0, flops=4e9)).fraction_of(1e10) == pytest.approx(0.2)
    assert a_row().fraction_of(1e10) is None


def test_laps_alternate_after_one_of_ours_that_is_counted():
    order = []

    def contender(name):
        def lap():
            order.append(name)
            torch.ones(8, 8) @ torch.ones(8, 8)
            return Outcome({})

        return lap

    theirs, ours = contest(contender("theirs"), contender("ours"))
    assert order == ["ours", *["theirs", "ours"] * 3]
    assert (theirs.flops, ours.flops) == (0.0, 2 * 8**3)


def test_slow_strata_are_sampled_and_extrapolated(monkeypatch):
    monkeypatch.setattr("tests.benchmarks.contest.LONG_CELL", 0.0)
    ran = []
    cells = [
        lambda number=number: (ran.append(number), Outcome({str(number): 1.0}, {"n": 1}))[1]
        for number in range(9)
    ]
    theirs, ours = against_scripts({"a": cells}, lambda: Outcome({}), full=False)
    assert len(ran) == 3
    assert (theirs.extrapolated, theirs.counters["n"]) == ("3 of 9 cells run", 9)
    assert theirs.seconds == pytest.approx(9 * theirs.strata["a"])
    every, _ = against_scripts({"a": cells}, lambda: Outcome({}), full=True)
    assert not every.extrapolated
    assert ours.laps == 1


def test_everything_is_published(here, tmp_path):
    rows = [a_row(), a_row(wanted=5.0), a_row(wanted=None, ours=side(1.0, flops=1e9))]
    write_json(tmp_path / "bench.json", rows, here, "2026-11-26", "cpu")
    written = json.loads((tmp_path / "bench.json").read_text())
    assert [row["verdict"] for row in written["rows"]] == ["met", "missed", "beside"]
    assert written["rows"][0]["ours"]["counters"] == {"sample_forwards": 10}
    write_plot(tmp_path / "bench.svg", rows, here, "2026-11-26")
    assert "<svg" in (tmp_path / "bench.svg").read_text()
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- begin bench cpu -->\nold\n<!-- end bench cpu -->\nafter\n")
    put_into_readme(readme, markdown(rows, here, "2026-11-26", "results/bench"), "cpu")
    text = readme.read_text()
    assert "old" not in text
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    with pytest.raises(ValueError, match="no markers"):
        put_into_readme(readme, "", "cuda")
