"""Promote and sync on real MLflow: what the UI shows, no needless write, uploads that go on where they were killed."""

from __future__ import annotations

from typing import Any

import pytest

from evaluators.errors import IntegrityError
from hub.published_catalog import read_published
from hub.registry import version_artifacts
from hub.registry.registry import CATALOG_NAME, LOG_NAME, OWNED, NewVersion
from hub.registry.rest_registry import RestRegistry
from hub.sync import sync
from tests.hub.office import Office

pytestmark = pytest.mark.slow

WRITES = ("create", "delete", "set", "describe", "list_model")


class Counting:
    """A registry, and the writes that went through it."""

    def __init__(self, registry: Any) -> None:
        self._registry = registry
        self.writes: list[str] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith(WRITES):
            self.writes.append(name)
        return getattr(self._registry, name)


@pytest.fixture
def counted(registry) -> Counting:
    for name in (LOG_NAME, CATALOG_NAME):
        if registry.model(name) is not None:
            registry.delete_model(name)
    return Counting(registry)


@pytest.fixture
def people(tmp_path, name) -> Office:
    return Office(tmp_path, names=(name,))


def synchronise(office: Office, registry: Any):
    return sync(office.catalog, registry, keys=office.keys, signer=office.signer)


def test_a_promoted_model_is_shown_and_a_second_sync_writes_nothing(counted, people, name):
    record = people.promote(counted, people.request(name))
    first = synchronise(people, counted)
    assert [change for change in first.changes if change.model == name] == []
    model = counted.model(name)
    assert (model.listed, model.aliases) == (True, {"approved": record.version})
    assert list(model.tags)[:3] == ["status", "task", "score"]
    counted.writes.clear()
    assert synchronise(people, counted).in_step
    assert people.promote(counted, people.request(name)) == record
    assert counted.writes == []


def test_a_tag_that_was_edited_by_hand_is_put_back(counted, people, name):
    people.promote(counted, people.request(name))
    synchronise(people, counted)
    counted.set_model_tag(name, "status", "champion")
    counted.set_alias(name, "production", 1)
    found = [change.sentence for change in synchronise(people, counted).changes]
    assert found == [
        f'{name}: alias production: "version 1" -> none',
        f'{name}: tag status: "champion" -> "approved"',
    ]


def test_the_published_catalog_is_read_back(both, people):
    registry, reader = both
    for reserved in (LOG_NAME, CATALOG_NAME):
        if registry.model(reserved) is not None:
            registry.delete_model(reserved)
    synchronise(people, registry)
    assert read_published(reader, people.keys) == {"models/mini.yaml": "id: mini\n"}


def test_a_pull_over_rest_sees_what_was_promoted(server, people, name):
    from hub.registry.mlflow_registry import MlflowRegistry

    registry = MlflowRegistry(server)
    if registry.model(LOG_NAME) is not None:
        registry.delete_model(LOG_NAME)
    record = people.promote(registry, people.request(name))
    reader = RestRegistry(server)
    for entry in record.files:
        data = b"".join(reader.artifact(name, record.version, f"{record.artifact_root}/{entry.path}"))
        assert len(data) == entry.size


@pytest.mark.parametrize("kind", ["database", "server"])
def test_an_upload_that_was_killed_is_continued_in_its_own_run(kind, request, name, tmp_path, monkeypatch):
    from hub.registry.mlflow_registry import MlflowRegistry

    registry = MlflowRegistry(request.getfixturevalue(kind))
    registry.create_model(name, description="", tags={OWNED: "true"})
    (tmp_path / "files").mkdir()
    for index in range(4):
        (tmp_path / "files" / f"{index}.bin").write_bytes(bytes([index]) * 1000)
    sent: list[str] = []
    store = version_artifacts.store_file

    def killed_at_the_third(connection, run, target, path):
        if len(sent) == 2:
            raise KeyboardInterrupt
        sent.append(target)
        store(connection, run, target, path)

    new = NewVersion(name, tmp_path / "files")
    with monkeypatch.context() as patched:
        patched.setattr(version_artifacts, "store_file", killed_at_the_third)
        with pytest.raises(KeyboardInterrupt):
            registry.create_version(new)
    assert list(registry.versions(name)) == []
    made = registry.create_version(new)
    experiment = registry._connection.runs.get_experiment_by_name(new.experiment).experiment_id
    runs = registry._connection.runs.search_runs([experiment], f"run_name LIKE '{name} %'")
    assert [run.info.run_id for run in runs] == [made.run_id]
    assert runs[0].info.status == "FINISHED"
    assert b"".join(registry.artifact(name, 1, "3.bin")) == b"\x03" * 1000


def test_bytes_that_the_store_changed_are_noticed_before_a_version_exists(
    database, name, tmp_path, monkeypatch
):
    from hub.registry.mlflow_registry import MlflowRegistry

    registry = MlflowRegistry(database)
    registry.create_model(name, description="", tags={OWNED: "true"})
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.bin").write_bytes(b"as sent")
    store = version_artifacts.store_file

    def spoiling(connection, run, target, path):
        (tmp_path / "other.bin").write_bytes(b"changed")
        store(connection, run, target, tmp_path / "other.bin")

    monkeypatch.setattr(version_artifacts, "store_file", spoiling)
    with pytest.raises(IntegrityError, match="not stored as it was sent"):
        registry.create_version(NewVersion(name, tmp_path / "files"))
    assert list(registry.versions(name)) == []
