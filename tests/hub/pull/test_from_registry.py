"""Pull from what the registry really keeps: the log is the versions of a reserved model, the bytes are artifacts."""

import pytest

from evaluators.errors import IntegrityError
from hub.blobs import BlobStore
from hub.deliver import Origin
from hub.home import Home
from hub.pulling import PullRequest, pull
from hub.reference import parse_reference
from hub.registry.mlflow_log import LogReader, RegistryLog
from hub.registry.registry import NewVersion
from hub.signing import KeyRing
from tests.fakes import FakeRegistry


@pytest.fixture
def registry(shelf, first, tmp_path) -> FakeRegistry:
    """`minilm` version 1 with its artifacts, its alias, and its record in the log."""
    for path, data in first.items():
        target = tmp_path / "version" / "model" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    registry = FakeRegistry()
    registry.create_model("minilm", description="", tags={})
    registry.create_version(NewVersion("minilm", tmp_path / "version"))
    RegistryLog(registry).append(shelf.promote("minilm", first), 1)
    registry.set_alias("minilm", "approved", 1)
    return registry


@pytest.fixture
def project(tmp_path):
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def pulled(text, registry, shelf, project):
    keys = KeyRing({shelf.signer.public.id: shelf.signer.public})
    origin = Origin(registry, LogReader(registry), keys, BlobStore(Home(project.parent / "home")))
    return pull(PullRequest(parse_reference(text), project), origin)


@pytest.mark.parametrize("text", ["minilm", "minilm@approved", "minilm:1"])
def test_what_was_promoted_arrives(text, registry, shelf, project, first):
    folder = pulled(text, registry, shelf, project).folder
    assert {path: (folder / path).read_bytes() for path in first} == first


def test_a_version_that_was_added_by_hand_is_not_delivered_under_the_alias(
    registry, shelf, project, tmp_path
):
    registry.create_version(NewVersion("minilm", tmp_path / "version"))
    registry.set_alias("minilm", "approved", 2)
    with pytest.raises(IntegrityError, match="points at version 2, which no signed promotion backs"):
        pulled("minilm@approved", registry, shelf, project)
    assert pulled("minilm", registry, shelf, project).version == 1
