"""Computing a prepared plan: what is left is said before, what it took after, and the machine's pace is kept."""

import pytest

from evaluators.errors import EnvironmentProblem
from evaluators.recall import Recall
from evaluators.results import ResultStore
from hub.computing import appraise, compute
from hub.home import Home
from hub.preparation import Prepared
from hub.results_place import shown
from tests.evaluators.toy_plans import toy_plan, toy_protocol
from tests.hub.listening import Listening

DATA_ONLY = toy_protocol(strategies=("majority", "tfidf-logreg"))


@pytest.fixture
def prepared(tmp_path):
    plan, data = toy_plan(tmp_path, protocol=DATA_ONLY)
    return Prepared(plan, data, {"colours": {"all": tmp_path / "colours.csv"}}, {})


@pytest.fixture
def results(tmp_path):
    return ResultStore(tmp_path / "results", Recall())


def test_planning_measures_this_machine_and_computes_nothing(prepared, results, tmp_path):
    home = Home(tmp_path / "home")
    found = appraise(prepared, results, home, device="cpu").cost
    assert (found.stored, found.cells, found.passes) == (0, 8, 8)
    assert found.seconds > 0
    assert found.calibrated == 0.0
    assert not home.root.exists()


@pytest.mark.slow
def test_what_a_run_took_is_told_and_is_what_the_next_estimate_says(prepared, results, tmp_path):
    home, teller = Home(tmp_path / "home"), Listening()
    carried = compute(prepared, results, home, teller, device="cpu")
    assert any("8 measurements to compute, in about" in note for note in teller.notes)
    assert carried.reckoning.took > 0
    start = next(row for row in carried.reckoning.phases if row.phase == "start")
    assert start.took > 0.1
    known = appraise(prepared, ResultStore(tmp_path / "elsewhere"), home, device="cpu")
    assert known.cost.calibrated == pytest.approx(1.0)
    busy = known.cost.free / carried.reckoning.free
    assert known.cost.seconds == pytest.approx(carried.reckoning.took / busy, rel=0.01)


@pytest.mark.slow
def test_a_second_run_says_what_is_there_and_starts_no_worker(prepared, results, tmp_path, monkeypatch):
    compute(prepared, results, Home(tmp_path / "home"), Listening(), device="cpu")

    def never(executor):
        raise AssertionError("nothing is to be computed")

    monkeypatch.setattr("evaluators.running.executor.WorkerExecutor._started", never)
    teller = Listening()
    carried = compute(prepared, ResultStore(results.location), Home(tmp_path / "other"), teller, device="cpu")
    assert teller.notes == [f"8 of 8 already measured, in {results.location}"]
    assert (carried.cost, carried.reckoning) == (None, None)
    assert not (tmp_path / "other" / "calibration.json").exists()


@pytest.mark.slow
def test_a_place_for_the_pace_that_cannot_be_written_is_a_warning(prepared, results, tmp_path):
    home, teller = Home(tmp_path / "home"), Listening()
    (home.calibration / "in the way").mkdir(parents=True)
    assert compute(prepared, results, home, teller, device="cpu").reckoning
    assert "could not be kept" in teller.warnings[0]


def test_a_place_is_shown_without_what_opens_it():
    assert shown(ResultStore("ftp://me:secret@files.example/results")) == "ftp://files.example/results"
    assert shown(ResultStore("s3://bucket/results")) == "s3://bucket/results"
    assert shown(ResultStore("/a/b@c")) == "/a/b@c"


def test_a_place_that_cannot_be_read_ends_before_anything_is_measured(prepared, tmp_path):
    with pytest.raises(EnvironmentProblem, match="carrier-pigeon"):
        appraise(prepared, ResultStore("carrier-pigeon://coop"), Home(tmp_path), device="cpu")
