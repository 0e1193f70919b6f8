"""What every registry does, whatever it is made of."""

from __future__ import annotations

import pytest

from evaluators.errors import Conflict, EnvironmentProblem, IntegrityError
from hub.registry.registry import OWNED, NewVersion

OURS = {"status": "approved", "task": "t", "score": "0.9", OWNED: "true"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "files" / "model" / "sub").mkdir(parents=True)
    (tmp_path / "files" / "model" / "weights.bin").write_bytes(bytes(range(256)) * 5000)
    (tmp_path / "files" / "model" / "sub" / "a b.json").write_text("{}")
    (tmp_path / "files" / ".hub").mkdir()
    (tmp_path / "files" / ".hub" / "candidate.json").write_text("[]")
    return tmp_path / "files"


def test_what_does_not_exist_is_none_or_empty(both, name):
    _, reader = both
    assert reader.model(name) is None
    assert list(reader.versions(name)) == []
    assert list(reader.versions("no' such or 'x'='x")) == []


def test_a_model_is_read_as_it_was_written(both, name):
    registry, reader = both
    registry.create_model(name, description="# A", tags=OURS)
    registry.describe_model(name, "# B\n\ntext")
    registry.set_model_tag(name, "status", "deprecated")
    registry.set_model_tag(name, "extra", "1")
    registry.delete_model_tag(name, "task")
    model = reader.model(name)
    assert model is not None
    assert model.description == "# B\n\ntext"
    assert model.tags == {"status": "deprecated", "score": "0.9", OWNED: "true", "extra": "1"}
    assert model.listed


def test_tags_keep_the_order_in_which_they_were_set(both, name):
    registry, reader = both
    registry.create_model(name, description="", tags=OURS)
    registry.set_model_tag(name, "status", "other")
    assert list(reader.model(name).tags) == list(OURS)


def test_a_taken_name_is_a_conflict(registry, name):
    registry.create_model(name, description="", tags=OURS)
    with pytest.raises(Conflict):
        registry.create_model(name, description="", tags=OURS)


def test_only_our_models_are_returned(registry, name):
    registry.create_model(name, description="", tags=OURS)
    registry.create_model(f"{name}-foreign", description="", tags={"status": "approved"})
    registry.create_model(f"{name}-hidden", description="", tags=OURS, listed=False)
    found = {model.name: model.listed for model in registry.models() if model.name.startswith(name)}
    assert found == {name: True, f"{name}-hidden": False}


def test_a_model_is_listed_and_unlisted(both, name):
    registry, reader = both
    registry.create_model(name, description="", tags=OURS, listed=False)
    assert not reader.model(name).listed
    registry.list_model(name, listed=True)
    assert reader.model(name).listed
    assert reader.model(name).tags == OURS
    registry.list_model(name, listed=False)
    assert not reader.model(name).listed


def test_versions_are_numbered_and_read_with_their_tags(both, name, folder):
    registry, reader = both
    registry.create_model(name, description="", tags=OURS, listed=False)
    first = registry.create_version(NewVersion(name, folder, {"hub.digest": "x"}, "first"))
    second = registry.create_version(NewVersion(name, folder, {}, "second"))
    registry.set_version_tag(name, first.number, "hub.digest", "y")
    registry.describe_version(name, second.number, "changed")
    found = reader.versions(name)
    assert [version.number for version in found] == [1, 2]
    assert [version.tags for version in found] == [{"hub.digest": "y"}, {}]
    assert [version.description for version in found] == ["first", "changed"]


def test_artifacts_are_streamed_as_they_were_uploaded(both, name, folder):
    registry, reader = both
    registry.create_model(name, description="", tags=OURS)
    registry.create_version(NewVersion(name, folder))
    for path in ("model/weights.bin", "model/sub/a b.json", ".hub/candidate.json"):
        assert b"".join(reader.artifact(name, 1, path)) == (folder / path).read_bytes()


@pytest.mark.parametrize("path", ["model/missing.bin", "../../etc/passwd", "/etc/passwd", ""])
def test_an_artifact_that_is_not_there_is_an_integrity_error(both, name, folder, path):
    registry, reader = both
    registry.create_model(name, description="", tags=OURS)
    registry.create_version(NewVersion(name, folder))
    with pytest.raises(IntegrityError, match=f"{name} version 1 has no artifact"):
        list(reader.artifact(name, 1, path))


def test_an_artifact_of_no_version_is_an_integrity_error(both, name):
    _, reader = both
    with pytest.raises(IntegrityError):
        list(reader.artifact(name, 1, "model/weights.bin"))


def test_a_version_needs_a_model(registry, name, folder):
    with pytest.raises(EnvironmentProblem):
        registry.create_version(NewVersion(name, folder))


def test_a_version_without_files_is_for_the_books_only(registry, name):
    registry.create_model(name, description="", tags=OURS)
    with pytest.raises(Conflict):
        registry.create_version(NewVersion(name, None))


def test_aliases_move_and_go(both, name, folder):
    registry, reader = both
    registry.create_model(name, description="", tags=OURS)
    for _ in range(2):
        registry.create_version(NewVersion(name, folder))
    registry.set_alias(name, "approved", 1)
    registry.set_alias(name, "approved", 2)
    registry.set_alias(name, "candidate", 1)
    assert reader.model(name).aliases == {"approved": 2, "candidate": 1}
    registry.delete_alias(name, "approved")
    assert reader.model(name).aliases == {"candidate": 1}


def test_a_number_is_handed_out_once_and_an_alias_goes_with_its_version(both, name, folder, drop):
    registry, reader = both
    registry.create_model(name, description="", tags=OURS)
    for _ in range(2):
        registry.create_version(NewVersion(name, folder))
    registry.set_alias(name, "approved", 2)
    drop(registry, name, 2)
    assert reader.model(name).aliases == {}
    assert registry.create_version(NewVersion(name, folder)).number == 3
    assert [version.number for version in reader.versions(name)] == [1, 3]


def test_an_alias_of_a_missing_version_is_an_error(registry, name):
    registry.create_model(name, description="", tags=OURS)
    with pytest.raises(EnvironmentProblem):
        registry.set_alias(name, "approved", 7)


def test_a_deleted_model_is_gone(registry, name):
    registry.create_model(name, description="", tags=OURS)
    registry.delete_model(name)
    assert registry.model(name) is None
