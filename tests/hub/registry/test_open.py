"""Opening the registry that the environment names: with as little as will do, and from several processes at once."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from evaluators.errors import EnvironmentProblem, UsageProblem
from hub.home import Home
from hub.registry.mlflow_registry import MlflowRegistry
from hub.registry.open import open_reader, open_registry, reader_at

ROOT = Path(__file__).parents[3]


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_reading_a_server_imports_no_mlflow(tmp_path, closed_port):
    code = f"""
import json, sys
from pathlib import Path
from evaluators.errors import EnvironmentProblem
from hub.home import Home
from hub.registry.open import open_reader
reader = open_reader({{"MLFLOW_TRACKING_URI": "http://127.0.0.1:{closed_port}"}}, Home(Path({str(tmp_path)!r})))
try:
    reader.model("m")
except EnvironmentProblem:
    print(json.dumps(sorted(name for name in sys.modules if "." not in name)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(json.loads(done.stdout))
    assert not {"mlflow", "torch", "sqlalchemy", "requests"} & loaded


@pytest.mark.parametrize("uri", ["databricks", "file:///tmp/x", "./mlruns", "postgresql://host/db"])
def test_what_cannot_be_a_registry_is_told(tmp_path, uri):
    with pytest.raises(UsageProblem, match="cannot be opened"):
        open_registry({"MLFLOW_TRACKING_URI": uri}, Home(tmp_path))


def test_a_registry_and_runs_of_different_kinds_are_told(tmp_path):
    environment = {"MLFLOW_TRACKING_URI": "sqlite:///x.db", "MLFLOW_REGISTRY_URI": "http://host"}
    with pytest.raises(UsageProblem, match="both be servers"):
        open_registry(environment, Home(tmp_path))


def test_a_server_that_is_not_there_is_told_at_once(closed_port):
    start = time.monotonic()
    with pytest.raises(EnvironmentProblem, match="does not answer"):
        MlflowRegistry(f"http://127.0.0.1:{closed_port}")
    assert time.monotonic() - start < 15


@pytest.mark.slow
def test_several_first_starts_at_once_make_one_database_under_home(tmp_path):
    code = (
        "import sys; from pathlib import Path; from hub.home import Home; from hub.registry.open import open_registry;"
        f"registry = open_registry({{}}, Home(Path({str(tmp_path)!r})));"
        "registry.create_model(sys.argv[1], description='', tags={'hub.managed': 'true'})"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, f"model-{index}"], stderr=subprocess.PIPE, cwd=ROOT)
        for index in range(3)
    ]
    errors = [process.communicate()[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors
    assert errors == ["", "", ""]
    reader = open_reader({}, Home(tmp_path))
    assert reader.uri == f"sqlite:///{tmp_path / 'registry' / 'mlflow.db'}"
    assert [reader.model(f"model-{index}") is not None for index in range(3)] == [True] * 3


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentProblem, match="cannot be written"):
        MlflowRegistry(f"sqlite:///{tmp_path / 'file' / 'mlflow.db'}")


def test_a_database_that_is_none_is_told(tmp_path):
    (tmp_path / "mlflow.db").write_bytes(b"this is not a database" * 100)
    with pytest.raises(EnvironmentProblem, match="is not a registry that can be read"):
        MlflowRegistry(f"sqlite:///{tmp_path / 'mlflow.db'}")


@pytest.mark.parametrize(
    ("configured", "shown"), [(None, "Bearer secret"), ("http://other", None), ("ITSELF", "Bearer secret")]
)
def test_what_gives_access_to_one_server_is_not_shown_to_another(tmp_path, configured, shown):
    address = "http://127.0.0.1:9"
    environment = {"MLFLOW_TRACKING_TOKEN": "secret"}
    if configured:
        environment["MLFLOW_TRACKING_URI"] = configured.replace("ITSELF", address)
    reader = reader_at(address, environment, Home(tmp_path))
    assert reader.server._headers.get("Authorization") == shown
    assert reader.uri == address
