"""The result store: whole or absent, the same on disk and behind a URL, nothing pickled."""

import uuid
from pathlib import Path

import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import known_implementations

from evaluators.errors import EnvironmentProblem, IntegrityError
from evaluators.results import ResultStore, Stored

KEY = "ab" + "0" * 62
USES = {
    "has": lambda store: store.has("predict", KEY),
    "read": lambda store: store.read("predict", KEY),
    "write": lambda store: store.write("predict", KEY, stored()),
    "feature_chunks": lambda store: list(store.feature_chunks(KEY)),
}


@pytest.fixture(params=["folder", "url"])
def store(request, tmp_path):
    return ResultStore(tmp_path if request.param == "folder" else f"memory://{uuid.uuid4().hex}/results")


def stored():
    return Stored(
        {"probabilities": np.arange(6, dtype=np.float32).reshape(3, 2)}, {"set": "test", "samples": 3}
    )


def test_what_is_written_is_read_back_bit_for_bit(store):
    assert not store.has("predict", KEY)
    store.write("predict", KEY, stored())
    assert store.has("predict", KEY)
    read = store.read("predict", KEY)
    np.testing.assert_array_equal(read.arrays["probabilities"], stored().arrays["probabilities"])
    assert read.facts == stored().facts


def test_chunks_of_a_trunk_are_found_in_order_of_their_names(store):
    for name in ("b", "a"):
        store.write("features", f"{KEY}/{name}", Stored({}, {"name": name}))
    assert [chunk.facts["name"] for chunk in store.feature_chunks(KEY)] == ["a", "b"]
    assert list(store.feature_chunks("cd" * 32)) == []


def test_a_damaged_object_is_named_and_not_used(tmp_path):
    store = ResultStore(tmp_path)
    store.write("predict", KEY, stored())
    path = next(tmp_path.rglob("*.npz"))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(IntegrityError, match=path.name):
        store.read("predict", KEY)


def test_objects_with_pickles_are_refused(tmp_path):
    path = tmp_path / "predict" / KEY[:2] / f"{KEY}.npz"
    path.parent.mkdir(parents=True)
    np.savez(path, probabilities=np.array([{"a": 1}], dtype=object))
    with pytest.raises(IntegrityError):
        ResultStore(tmp_path).read("predict", KEY)


def test_an_unwritable_place_is_an_environment_problem(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EnvironmentProblem, match="cannot be written"):
        ResultStore(tmp_path / "file" / "results").write("predict", KEY, stored())


def test_no_part_file_stays(tmp_path):
    ResultStore(tmp_path).write("predict", KEY, stored())
    assert [path.suffix for path in tmp_path.rglob("*") if path.is_file()] == [".npz"]


def test_a_file_url_is_its_folder(tmp_path):
    ResultStore(f"file://{tmp_path}").write("predict", KEY, stored())
    assert ResultStore(tmp_path).has("predict", KEY)


def test_others_of_the_team_may_read_what_is_written(tmp_path):
    ResultStore(tmp_path).write("predict", KEY, stored())
    assert [path.stat().st_mode & 0o777 for path in tmp_path.rglob("*.npz")] == [0o644]


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_place_of_an_unknown_kind_is_an_environment_problem(use):
    with pytest.raises(EnvironmentProblem, match="carrier-pigeon") as caught:
        use(ResultStore("carrier-pigeon://coop/results"))
    assert "--results" in caught.value.hint


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_place_without_its_driver_is_an_environment_problem(use, monkeypatch):
    # A documented fake: fsspec lists this kind, but the package that speaks it is not installed.
    missing = {"class": "no_such_driver.Files", "err": "install no-such-driver"}
    monkeypatch.setitem(known_implementations, "driverless", missing)
    with pytest.raises(EnvironmentProblem, match="no-such-driver"):
        use(ResultStore("driverless://bucket/results"))


class EndpointError(Exception):
    """What a driver's library raises: botocore's errors are no OSErrors."""


@pytest.mark.parametrize("kind", [OSError, EndpointError])
@pytest.mark.parametrize("name", ["has", "feature_chunks"])
def test_an_unreachable_place_is_an_environment_problem(name, kind, monkeypatch):
    def unreachable(system, path, **options):
        raise kind("the network is down")

    for way in ("exists", "ls", "find"):
        monkeypatch.setattr(MemoryFileSystem, way, unreachable)
    with pytest.raises(EnvironmentProblem, match="the network is down"):
        USES[name](ResultStore("memory://far/results"))


@pytest.fixture
def after_a_read(monkeypatch):
    """Give a list of what happens between a read of a place and what its reader does then, each once."""
    todo = []

    def watched(owner, name):
        method = getattr(owner, name)

        def read(*arguments, **options):
            data = method(*arguments, **options)
            if todo:
                todo.pop()()
            return data

        monkeypatch.setattr(owner, name, read)

    watched(MemoryFileSystem, "cat_file")
    watched(Path, "read_bytes")
    return todo


def damage(store, op, key):
    store.write(op, key, stored())
    path = store._path(op, key)
    if "://" in path:
        MemoryFileSystem().pipe_file(path, b"no archive")
    else:
        Path(path).write_bytes(b"no archive")


def test_what_another_machine_writes_again_meanwhile_is_not_lost(store, after_a_read):
    damage(store, "predict", KEY)
    other = ResultStore(store.location)
    after_a_read.append(lambda: other.write("predict", KEY, stored()))
    assert not store.intact("predict", KEY)  # it saw the damaged bytes
    assert after_a_read == []
    assert other.intact("predict", KEY)
    np.testing.assert_array_equal(
        other.read("predict", KEY).arrays["probabilities"], stored().arrays["probabilities"]
    )
    assert store.intact("predict", KEY)


def test_a_chunk_that_another_machine_writes_again_meanwhile_is_not_lost(store, after_a_read):
    damage(store, "features", f"{KEY}/a")
    after_a_read.append(lambda: ResultStore(store.location).write("features", f"{KEY}/a", stored()))
    assert list(store.feature_chunks(KEY)) == []
    assert len(list(store.feature_chunks(KEY))) == 1


def test_what_is_damaged_counts_as_absent_until_it_is_written_again(store):
    damage(store, "predict", KEY)
    assert not store.intact("predict", KEY)
    assert not ResultStore(store.location).intact("predict", KEY)
    store.write("predict", KEY, stored())
    assert store.intact("predict", KEY)
