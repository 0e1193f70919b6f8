"""An append-only log of lines that survives a kill, in a folder of this machine or at any fsspec URL.

In a folder a log is one file, appended with O_APPEND and fsync under a lock; a last line without its line break was
torn by a kill and never acknowledged, so readers pass over it and the next append removes it. An object store cannot
append: there every append is a new object named by its content, and the log is their union.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from evaluators.canonical import digest_of_bytes
from evaluators.errors import EnvironmentProblem

Choose = Callable[[Sequence[str]], Sequence[str]]
"""Given the lines that stand, returns the lines to append."""


class LineLog(Protocol):
    """Named logs of lines in one place."""

    def read(self, name: str) -> tuple[str, ...]:
        """Return the complete lines of a log; none if there is no such log."""
        ...

    def extend(self, name: str, choose: Choose) -> tuple[str, ...]:
        """Append what `choose` returns for the lines that stand; return all lines. Durable on return."""
        ...


class FolderLog:
    """Logs as files of a folder: `NAME.jsonl`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, name: str) -> tuple[str, ...]:
        """Return the complete lines of a log."""
        try:
            return _complete((self._folder / f"{name}.jsonl").read_bytes())
        except FileNotFoundError:
            return ()

    def extend(self, name: str, choose: Choose) -> tuple[str, ...]:
        """Append under a lock; writers of other processes wait for each other."""
        path = self._folder / f"{name}.jsonl"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                return _extend(descriptor, path, choose)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise EnvironmentProblem(
                f"{path}: cannot be written ({error.strerror})",
                hint="make the folder writable, or choose another one",
            ) from error


class ObjectLog:
    """Logs as objects of an fsspec URL: `URL/NAME/SHA256.jsonl`, one object an append."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def read(self, name: str) -> tuple[str, ...]:
        """Return the complete lines of all objects, in order of the objects' names."""
        system, root = self._open(name)
        try:
            # A listing that another process has made stale must not hide its reads.
            system.invalidate_cache()
            found = sorted(system.find(root)) if system.exists(root) else []
            return tuple(line for path in found for line in _complete(system.cat_file(path)))
        except OSError as error:
            raise self._unreachable(error) from error

    def extend(self, name: str, choose: Choose) -> tuple[str, ...]:
        """Write one object. Two writers at once may both write a line; readers count distinct ones."""
        lines = self.read(name)
        added = tuple(choose(lines))
        if added:
            payload = _encode(added)
            system, root = self._open(name)
            try:
                system.makedirs(root, exist_ok=True)
                system.pipe_file(f"{root}/{digest_of_bytes(payload)}.jsonl", payload)
            except OSError as error:
                raise self._unreachable(error) from error
        return lines + added

    def _open(self, name: str) -> tuple[Any, str]:
        import fsspec

        try:
            system, root = fsspec.core.url_to_fs(f"{self._url}/{name}")
        except (ImportError, ValueError) as error:
            raise EnvironmentProblem(
                f"{self._url}: {error}", hint="install the fsspec package of this kind"
            ) from error
        return system, str(root)

    def _unreachable(self, error: OSError) -> EnvironmentProblem:
        return EnvironmentProblem(
            f"{self._url}: {error}", hint="check the URL, the network and your rights there"
        )


def line_log(place: str) -> LineLog:
    """Return the log at a place: a folder's path (or file:// URL), or any other fsspec URL."""
    if place.startswith("file://"):
        return FolderLog(Path(place.removeprefix("file://")))
    return ObjectLog(place) if "://" in place else FolderLog(Path(place))


def _extend(descriptor: int, path: Path, choose: Choose) -> tuple[str, ...]:
    """Drop a torn last line, append the chosen lines in one write, and wait for the disk."""
    data = path.read_bytes()
    lines = _complete(data)
    if not data.endswith(b"\n") and data:
        os.ftruncate(descriptor, data.rfind(b"\n") + 1)
    added = tuple(choose(lines))
    pending = _encode(added)
    while pending:
        pending = pending[os.write(descriptor, pending) :]
    os.fsync(descriptor)
    if not lines:
        _sync_folder(path.parent)
    return lines + added


def _sync_folder(folder: Path) -> None:
    """Make a new file's name durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _complete(data: bytes) -> tuple[str, ...]:
    text = data[: data.rfind(b"\n") + 1].decode("utf-8", errors="replace")
    return tuple(line for line in text.split("\n") if line)


def _encode(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8")
