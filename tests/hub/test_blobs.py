"""The content-addressed store: whole or not at all, whatever happens."""

import errno
import os
from pathlib import Path

import pytest

from evaluators.candidate import FileEntry
from evaluators.canonical import digest_of_bytes
from evaluators.errors import Conflict, EnvironmentProblem, IntegrityError
from hub import blobs, staging
from hub.blobs import BlobStore
from hub.home import Home
from tests.hub.killing import killed_at
from tests.hub.models import entries

FILES = {"config.json": b"{}", "sub/weights.safetensors": bytes(range(256)) * 40}
ENTRY = entries(FILES)[1]


@pytest.fixture
def store(tmp_path):
    return BlobStore(Home(tmp_path / "home"))


def fill(store):
    for entry, data in zip(entries(FILES), FILES.values(), strict=True):
        store.write([data], entry)
    return entries(FILES)


def names(store):
    return sorted(path.name for path in store.home.blobs.rglob("*") if path.is_file())


def test_bytes_are_found_by_their_digest_and_cannot_be_written(store):
    path = store.write([b"{", b"}"], entries(FILES)[0])
    assert path == store.path_of(digest_of_bytes(b"{}"))
    assert path.relative_to(store.home.blobs).parts == ("sha256", path.name[:2], digest_of_bytes(b"{}"))
    assert path.read_bytes() == b"{}"
    assert path.stat().st_mode & 0o777 == 0o444


@pytest.mark.parametrize(
    ("stream", "message"),
    [
        ([b"}{"], "other bytes than were locked"),
        ([b"{"], "ends after 1 of 2 bytes"),
        ([], "ends after 0 of 2 bytes"),
        ([b"{}", b" "], "more than the 2 bytes"),
    ],
)
def test_wrong_bytes_are_refused_and_leave_nothing(store, stream, message):
    with pytest.raises(IntegrityError, match=message):
        store.write(stream, entries(FILES)[0])
    assert names(store) == []


def test_an_endless_stream_is_cut_as_soon_as_it_is_too_long(store):
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield b"x" * 1000

    with pytest.raises(IntegrityError, match="more than"):
        store.write(endless(), ENTRY)
    assert len(taken) == ENTRY.size // 1000 + 1


def test_unknown_bytes_are_described(store):
    assert store.add([b"{", b"}"], "config.json") == entries(FILES)[0]


@pytest.mark.parametrize("where", range(5))
def test_a_turned_bit_is_found_moved_away_and_written_again(store, where):
    path = store.write([FILES[ENTRY.path]], ENTRY)
    data = bytearray(path.read_bytes())
    data[where * 2047] ^= 1
    status = path.stat()
    path.chmod(0o644)
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # as a rotten disk would leave it
    assert store.path_of(ENTRY.sha256) is None
    assert [found.name.split(".")[0] for found in store.quarantined] == [ENTRY.sha256]
    assert store.write([FILES[ENTRY.path]], ENTRY) == store.path_of(ENTRY.sha256)


def test_the_whole_store_can_be_verified(store):
    fill(store)
    bad = store.path_of(ENTRY.sha256)
    bad.chmod(0o644)
    bad.write_bytes(b"short")
    assert dict(store.verify()) == {digest_of_bytes(b"{}"): True, ENTRY.sha256: False}


def test_a_folder_has_exactly_the_files_as_hard_links(store, tmp_path):
    into = tmp_path / "home" / "cache" / "view"
    store.materialise(fill(store), into)
    found = {
        path.relative_to(into).as_posix(): path.read_bytes() for path in into.rglob("*") if path.is_file()
    }
    assert found == FILES
    assert (into / ENTRY.path).samefile(store.path_of(ENTRY.sha256))


def test_another_file_system_gets_copies(store, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EXDEV, "cross-device")

    monkeypatch.setattr(os, "link", refuse)
    store.materialise(fill(store), tmp_path / "view")
    copied = tmp_path / "view" / ENTRY.path
    assert copied.read_bytes() == FILES[ENTRY.path]
    assert copied.stat().st_mode & 0o777 == 0o444
    assert not copied.samefile(store.path_of(ENTRY.sha256))


def test_editing_a_linked_file_in_place_is_found_before_the_bytes_are_used_again(store, tmp_path):
    files = fill(store)
    store.materialise(files, tmp_path / "view")
    edited = tmp_path / "view" / ENTRY.path
    edited.chmod(0o644)
    with edited.open("r+b") as stream:
        stream.write(b"!")
    with pytest.raises(IntegrityError, match="not in the store"):
        store.materialise(files, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_an_existing_folder_is_left_as_it_is(store, tmp_path):
    into = tmp_path / "view"
    into.mkdir()
    (into / "mine.txt").write_text("mine")
    with pytest.raises(Conflict):
        store.materialise(fill(store), into)
    assert [path.name for path in into.iterdir()] == ["mine.txt"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(staging.PREFIX)] == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EACCES])
@pytest.mark.parametrize("call", ["fsync", "fchmod"])
def test_a_disk_that_fails_is_an_environment_problem_and_leaves_nothing(store, monkeypatch, code, call):
    def fail(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(EnvironmentProblem, match=r"HUB_HOME .* cannot be written") as caught:
        store.write([b"{}"], entries(FILES)[0])
    assert "HUB_HOME" in caught.value.hint
    monkeypatch.undo()
    assert names(store) == []


def test_a_home_that_cannot_be_written_is_told(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(EnvironmentProblem, match="cannot be written"):
        BlobStore(Home(blocked)).write([b"{}"], entries(FILES)[0])


def test_what_a_dead_process_left_is_swept_and_what_a_living_one_writes_is_not(store):
    incoming = store.home.blobs / "incoming"
    incoming.mkdir(parents=True)
    (incoming / f"{staging.PREFIX}dead").write_bytes(b"half")
    (incoming / "not-ours").write_bytes(b"")
    with staging.staged_file(incoming) as living:
        store.write([b"{}"], entries(FILES)[0])
        assert {path.name for path in incoming.iterdir()} == {"not-ours", Path(living.name).name}


def test_killed_before_any_line_a_write_is_whole_or_absent(store):
    line = 0
    while killed_at(line, lambda: store.write([FILES[ENTRY.path]], ENTRY), blobs, staging):
        assert dict(store.verify()) in ({}, {ENTRY.sha256: True})
        assert store.quarantined == ()
        if store.path_of(ENTRY.sha256):
            store.path_of(ENTRY.sha256).unlink()
        line += 1
    assert line > 30
    store.write([FILES[ENTRY.path]], ENTRY)
    assert names(store) == [ENTRY.sha256]


def test_killed_before_any_line_a_folder_is_whole_or_absent(store, tmp_path):
    files, into = fill(store), tmp_path / "view"
    line = 0
    while killed_at(line, lambda: store.materialise(files, into), blobs, staging):
        if into.exists():
            assert {
                p.relative_to(into).as_posix(): p.read_bytes() for p in into.rglob("*") if p.is_file()
            } == FILES
            into.rename(tmp_path / f"done-{line}")
        line += 1
    assert line > 40
    staging.sweep(tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(staging.PREFIX)]


def test_two_writers_of_the_same_bytes_disturb_nobody(store):
    first, second = iter([b"{", b"}"]), [b"{", b"}"]

    def slow():
        yield next(first)
        store.write(second, FileEntry(path="other.json", size=2, sha256=digest_of_bytes(b"{}")))
        yield next(first)

    store.write(slow(), entries(FILES)[0])
    assert names(store) == [digest_of_bytes(b"{}")]
