"""Logging to MLflow never stops an evaluation, and what could not be logged is completed later, exactly once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hub.evaluation_logging import complete_logs, log_to_mlflow, unlogged_words
from hub.home import Home
from hub.registry.connection import connect
from hub.tracking.experiment import EXPERIMENT
from hub.unlogged import all_unlogged, keep_unlogged
from tests.hub.boards import measured
from tests.hub.hanging import hanging_server
from tests.synthetic import World

SMALL = World(runs=2, items=40, sizes=(4,), accuracy={"majority": 0.25, "linear-probe": 0.8, "lora": 0.9})
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def document():
    return measured(SMALL)


@pytest.fixture
def home(tmp_path) -> Home:
    return Home(tmp_path / "home").ready()


def test_a_server_that_accepts_and_never_answers_costs_a_bounded_wait(document, home, monkeypatch):
    with hanging_server() as address:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
        began = time.monotonic()
        sentence, warning = log_to_mlflow(document, (), home, patience=0.5)
        took = time.monotonic() - began
    assert warning
    assert "did not end within" in sentence
    assert "hub evaluate --resume" in sentence
    # Rendering the pages and importing mlflow are ours; the wait is bounded.
    assert took < 30
    assert [row.record.findings_digest for row in all_unlogged(home)] == [document.findings.digest]


def test_a_refused_connection_is_told_at_once_and_remembered(document, home, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9")
    sentence, warning = log_to_mlflow(document, (), home)
    assert warning
    assert "does not answer" in sentence
    (row,) = all_unlogged(home)
    assert row.record.address == "http://127.0.0.1:9"
    assert "secret" not in "".join(path.read_text("utf-8", "ignore") for path in row.folder.rglob("*.json"))
    assert row.evidence() == document
    assert unlogged_words(home) == "1 evaluation not logged to http://127.0.0.1:9: hub evaluate --resume"


def test_what_is_for_another_server_is_left_alone_and_told(document, home, monkeypatch):
    keep_unlogged(document, "http://elsewhere", home, lambda _folder: None)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    ((sentence, warning),) = complete_logs(home)
    assert warning
    assert "MLFLOW_TRACKING_URI=http://elsewhere" in sentence
    assert len(all_unlogged(home)) == 1


def test_keeping_is_whole_or_not_there(document, home):
    def cut(folder):
        (folder / "page.html").write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keep_unlogged(document, "http://elsewhere", home, cut)
    assert all_unlogged(home) == ()


@pytest.mark.slow
def test_what_is_logged_is_no_longer_kept(document, home, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{home.root / 'mlflow.db'}")
    sentence, warning = log_to_mlflow(document, (), home)
    assert not warning, sentence
    assert all_unlogged(home) == ()
    assert unlogged_words(home) is None
    assert complete_logs(home) == ()


#: Logs what is kept and is killed at its n-th request.
KILLED = """
import os, signal, sys
from pathlib import Path
from hub.evaluation_logging import complete_logs
from hub.home import Home
from hub.tracking import mlflow_runs
from dataclasses import replace
left = int(sys.argv[2])
opened = mlflow_runs.connect
class Killing:
    def __init__(self, client): self._client = client
    def __getattr__(self, name):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return getattr(self._client, name)
def connect(uri):
    found = opened(uri)
    return replace(found, runs=Killing(found.runs))
mlflow_runs.connect = connect
print(complete_logs(Home(Path(sys.argv[1]))))
print("requests", int(sys.argv[2]) - left)
"""


def log_and_die(home: Home, request: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-c", KILLED, str(home.root), str(request)]
    return subprocess.run(command, env={**os.environ}, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_killed_at_any_request_and_resumed_there_is_one_run_with_all_of_it(document, home, monkeypatch):
    uri = f"sqlite:///{home.root / 'mlflow.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    earlier = measured(SMALL.but(accuracy={"lora": 0.5, "knn": 0.7}), day=1)
    keep_unlogged(earlier, uri, home, lambda _folder: None)
    whole = log_and_die(home, 10**6)
    assert whole.returncode == 0, whole.stderr
    requests = int(whole.stdout.split()[-1])
    keep_unlogged(document, uri, home, lambda folder: (folder / "page.html").write_text("page"))
    for moment in (1, 4, requests // 2, requests - 2):
        died = log_and_die(home, moment)
        assert died.returncode == -signal.SIGKILL, died.stderr
        assert len(all_unlogged(home)) == 1
    ((sentence, warning),) = complete_logs(home)
    assert not warning, sentence
    connection = connect(uri)
    experiment = connection.runs.get_experiment_by_name(EXPERIMENT).experiment_id
    wanted = f"tags.`hub.findings` = '{document.findings.digest}'"
    (run,) = connection.runs.search_runs([experiment], wanted)
    assert run.info.status == "FINISHED"
    assert {item.path for item in connection.runs.list_artifacts(run.info.run_id)} == {
        "evidence.json",
        "page.html",
    }
    models = connection.runs.search_logged_models([experiment])
    shown = sorted((model.params["strategy"], model.status.value) for model in models)
    assert shown == [(name, "READY") for name in ("knn", "linear-probe", "lora", "majority")]
    lora = next(model for model in models if model.params["strategy"] == "lora")
    expected = next(
        round(s.estimate.value, 6)
        for s in document.findings.summaries
        if (s.strategy, s.set, s.metric) == ("lora", "test", "accuracy")
    )
    assert [
        m.value for m in lora.metrics if (m.key, m.dataset_name) == ("accuracy", "help-desk test, 4 a class")
    ] == [expected]


@pytest.mark.slow
def test_requests_do_not_grow_with_measurements(home, tmp_path):
    counted = []
    for runs in (2, 6):
        place = Home(tmp_path / f"home-{runs}").ready()
        uri = f"sqlite:///{place.root / 'mlflow.db'}"
        keep_unlogged(measured(SMALL.but(runs=runs)), uri, place, lambda _folder: None)
        environment = {**os.environ, "MLFLOW_TRACKING_URI": uri}
        command = [sys.executable, "-W", "ignore", "-c", KILLED, str(place.root), str(10**6)]
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        counted.append(int(done.stdout.split()[-1]))
    rows = len(SMALL.accuracy)
    assert counted[0] == counted[1]
    assert counted[0] <= 15 + 3 * rows
