"""Nothing is half visible: bytes are staged beside their destination and appear by one rename.

In: a folder that shall receive a file or a folder. Out: a staged path to fill, and the step that makes it appear:
flush, fsync, rename, fsync of the parent. Invariants: until the rename nobody sees anything; after it everything is
on disk; a process that dies in between leaves only a staged name, which the next one sweeps.

A staged name is held by an advisory lock of the living process, so sweeping needs no process ids, which mean nothing
in another container. Correctness does not rest on the lock: a wrongly swept name makes the rename fail, never lie.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

PREFIX = ".staged-"


@contextlib.contextmanager
def staged_file(folder: Path) -> Iterator[BinaryIO]:
    """Yield a new, empty file of `folder`, open for writing; it is removed unless `place_file` moved it.

    Raises:
        OSError: If the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, stream = _open_held(folder)
    with stream:
        try:
            yield stream
        finally:
            path.unlink(missing_ok=True)


def place_file(stream: BinaryIO, destination: Path, *, mode: int = 0o444) -> None:
    """Make a staged file appear as `destination`, replacing what was there, durably.

    Raises:
        OSError: If it could not be made durable; then `destination` is what it was before.
    """
    stream.flush()
    os.fchmod(stream.fileno(), mode)
    os.fsync(stream.fileno())
    destination.parent.mkdir(parents=True, exist_ok=True)
    Path(stream.name).replace(destination)
    sync_folder(destination.parent)


@contextlib.contextmanager
def staged_folder(parent: Path) -> Iterator[Path]:
    """Yield a new, empty folder inside `parent`; it is removed unless `place_folder` moved it.

    Raises:
        OSError: If `parent` cannot be written.
    """
    parent.mkdir(parents=True, exist_ok=True)
    path, descriptor = _make_held(parent)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(descriptor)


def place_folder(staged: Path, destination: Path) -> None:
    """Make a staged folder appear as `destination`, which must not exist (or be an empty folder), durably.

    Raises:
        OSError: If it exists, or could not be made durable.
    """
    for folder, _, _ in os.walk(staged):
        sync_folder(Path(folder))
    staged.rename(destination)
    sync_folder(destination.parent)


def sync_folder(folder: Path) -> None:
    """Make the names inside a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> int:
    """Remove what dead processes left staged in `folder`; return how many. What cannot be swept stays."""
    if not folder.is_dir():
        return 0
    return sum(_sweep_one(path) for path in folder.iterdir() if path.name.startswith(PREFIX))


def _sweep_one(path: Path) -> bool:
    """Remove a staged name if nobody holds it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
    except OSError:
        # Held by a living process, already gone, or not ours to remove: in each case it is left alone.
        return False
    finally:
        os.close(descriptor)
    return True


def _open_held(folder: Path) -> tuple[Path, BinaryIO]:
    """Open a new staged file and hold it; one that was swept before it was held is made anew."""
    while True:
        path = folder / f"{PREFIX}{secrets.token_hex(8)}"
        stream = path.open("xb")
        _hold(stream.fileno())
        if path.exists():
            return path, stream
        stream.close()


def _make_held(parent: Path) -> tuple[Path, int]:
    """Make a new staged folder and hold it; one that was swept before it was held is made anew."""
    while True:
        path = parent / f"{PREFIX}{secrets.token_hex(8)}"
        path.mkdir()
        try:
            descriptor = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue
        _hold(descriptor)
        if path.exists():
            return path, descriptor
        os.close(descriptor)


def _hold(descriptor: int) -> None:
    """Hold a staged name for as long as this process lives; a file system without locks is used without."""
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX)
