"""Files of a run: none outside it, and an end to every list, whatever a server or a store says."""

from __future__ import annotations

import itertools
import json

import pytest

from evaluators.errors import EnvironmentProblem
from hub.registry.connection import Connection
from hub.registry.mlflow_run_files import MlflowRunFiles
from hub.registry.rest_registry import RestRegistry
from hub.registry.rest_run_files import RestRunFiles
from hub.registry.run_files import MAX_FILES, Missing, Place, RunFacts
from hub.registry.version_artifacts import read_file
from tests.hub.registry.stub import as_json, listening

RUN = Place(run="0" * 32)


@pytest.fixture
def store(tmp_path):
    """The artifacts of a run, a secret beside them, and links to it."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "config.json").write_text("{}")
    root = tmp_path / "store" / "artifacts"
    (root / "model").mkdir(parents=True)
    (root / "model" / "config.json").write_text("{}")
    (root / "linked").symlink_to(secret)
    (root / "model" / "inner").symlink_to(secret)
    (root / "model" / "link.json").symlink_to(secret / "config.json")
    return root


class LocalRunFiles(MlflowRunFiles):
    """Runs of a database that is not asked: every run has its files in one folder."""

    def __init__(self, root):
        self._connection = Connection("sqlite:///x", None, None, None, None)
        self._folder = root

    def run(self, run_id):
        return RunFacts(run_id, "e", "u", 0, self._folder.as_uri())


def test_links_in_a_store_are_not_followed(store):
    files = LocalRunFiles(store)
    assert dict(files.files(RUN)) == {"model/config.json": 2}
    assert dict(files.files(Place(run="0" * 32, folder="model"))) == {"config.json": 2}
    assert files.files(Place(run="0" * 32, folder="linked")) == {}


@pytest.mark.parametrize("path", ["linked/config.json", "model/link.json", "model/inner/config.json"])
def test_what_lies_behind_a_link_is_not_read(store, path):
    files = LocalRunFiles(store)
    assert b"".join(files.stream(RUN, "model/config.json")) == b"{}"
    with pytest.raises(Missing, match="has no file"):
        next(iter(files.stream(RUN, path)))


@pytest.mark.parametrize("path", ["../../secret/config.json", "model/../../../secret/config.json"])
def test_a_path_out_of_a_location_is_not_read(store, path):
    connection = Connection("sqlite:///x", None, None, None, None)
    with pytest.raises(FileNotFoundError):
        next(read_file(connection, store.as_uri(), path))


def test_a_proxied_location_stays_among_the_artifacts_of_the_database(store):
    connection = Connection("sqlite:///x", None, None, None, store)
    assert next(read_file(connection, "mlflow-artifacts:/model", "config.json")) == b"{}"
    with pytest.raises(FileNotFoundError):
        next(read_file(connection, "mlflow-artifacts:/%2e%2e/%2e%2e/secret", "config.json"))


def test_a_store_with_more_files_than_a_model_has_is_told(store, monkeypatch):
    monkeypatch.setattr("hub.registry.mlflow_run_files.MAX_FILES", 1)
    (store / "model" / "second").write_text("x")
    with pytest.raises(EnvironmentProblem, match=f"more than {MAX_FILES:,} files"):
        LocalRunFiles(store).files(RUN)


def listing(token):
    return lambda _path: as_json({"files": [{"path": "a", "is_dir": False}], "next_page_token": token()})


def test_a_list_of_files_whose_next_page_is_itself_ends():
    with listening() as stub:
        stub.answer = listing(lambda: "again")
        with pytest.raises(EnvironmentProblem, match="without an end"):
            RestRunFiles(stub.url).files(RUN)
        assert len(stub.requests) == 2


def test_a_list_of_ever_new_pages_ends(monkeypatch):
    monkeypatch.setattr("hub.registry.rest._MOST_PAGES", 5)
    numbers = itertools.count(1)
    with listening() as stub:
        stub.answer = listing(lambda: str(next(numbers)))
        with pytest.raises(EnvironmentProblem, match="without an end"):
            RestRunFiles(stub.url).files(RUN)
        assert len(stub.requests) == 5


def test_versions_whose_next_page_is_itself_end():
    page = {"model_versions": [{"name": "m", "version": "1"}], "next_page_token": "again"}
    with listening() as stub:
        stub.answer = lambda _path: as_json(page)
        with pytest.raises(EnvironmentProblem, match="without an end"):
            RestRegistry(stub.url).versions("m")


def test_pages_are_read_to_the_last_one():
    def answer(path):
        last = "page_token=second" in path
        rows = [{"path": "b" if last else "a", "is_dir": False, "file_size": "1"}]
        return (
            200,
            "application/json",
            json.dumps({"files": rows, "next_page_token": "" if last else "second"}).encode(),
        )

    with listening() as stub:
        stub.answer = answer
        assert dict(RestRunFiles(stub.url).files(RUN)) == {"a": 1, "b": 1}
