"""Content-addressed store of verified bytes: `sha256/ab/abcdef...`, mode 0444, under HUB_HOME/blobs.

In: streams of bytes with the size and sha256 they must have. Out: paths of bytes that were checked, and folders of
hard links to them. Invariants: a name in the store appears whole or not at all; every use hashes the bytes again,
because hard links share them with folders that people can edit; bytes that are not what their name says are moved to
`quarantine/` and count as absent, so that they are fetched again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from evaluators.candidate import FileEntry
from evaluators.canonical import digest_of_file
from evaluators.errors import Conflict, IntegrityError
from hub.home import Home
from hub.staging import place_file, place_folder, staged_file, staged_folder, sweep


@dataclass(frozen=True)
class BlobStore:
    """The store of one home."""

    home: Home

    def write(self, stream: Iterable[bytes], expected: FileEntry) -> Path:
        """Store the bytes of one file, checked while they stream; return their path.

        Raises:
            IntegrityError: If they are not what was expected; nothing was stored.
            EnvironmentProblem: If the store cannot be written.
        """
        with self._writable(), self._staged() as staged:
            size, sha256 = _copy(stream, staged, limit=expected.size)
            if (size, sha256) != (expected.size, expected.sha256):
                raise IntegrityError(f"{expected.path}: {_mismatch(size, sha256, expected)}")
            return self._place(staged, sha256)

    def add(self, stream: Iterable[bytes], path: str) -> FileEntry:
        """Store bytes that nobody has described yet; return what they are. For locking only.

        Raises:
            EnvironmentProblem: If the store cannot be written.
        """
        with self._writable(), self._staged() as staged:
            size, sha256 = _copy(stream, staged, limit=None)
            self._place(staged, sha256)
            return FileEntry(path=path, size=size, sha256=sha256)

    def path_of(self, sha256: str) -> Path | None:
        """Return the path of bytes that were hashed just now, or None where the store lacks them.

        Raises:
            IntegrityError: If they are corrupt and cannot be moved away.
        """
        path = self._name(sha256)
        if not path.is_file():
            return None
        if digest_of_file(path) == sha256:
            return path
        self._quarantine(path)
        return None

    def materialise(self, files: Iterable[FileEntry], into: Path) -> None:
        """Make a new folder with exactly these files: hard links, or copies on another file system.

        Raises:
            IntegrityError: If the store lacks one of them.
            Conflict: If the folder exists.
            OSError: If it cannot be written; whose folder it is, the caller knows.
        """
        sweep(into.parent)
        with staged_folder(into.parent) as staged:
            for entry in files:
                self._link(entry, staged / entry.path)
            try:
                place_folder(staged, into)
            except OSError as error:
                if into.exists():
                    raise Conflict(f"{into} exists already; it was left as it is") from error
                raise

    def verify(self) -> Iterator[tuple[str, bool]]:
        """Hash the whole store: yield (sha256, whether its bytes are right). Wrong ones are quarantined."""
        for path in sorted((self.home.blobs / "sha256").glob("??/*")):
            yield path.name, self.path_of(path.name) is not None

    @property
    def quarantined(self) -> tuple[Path, ...]:
        """Bytes that were found corrupt, kept for whoever wants to know why."""
        folder = self.home.blobs / "quarantine"
        return tuple(sorted(folder.iterdir())) if folder.is_dir() else ()

    def _name(self, sha256: str) -> Path:
        return self.home.blobs / "sha256" / sha256[:2] / sha256

    @contextlib.contextmanager
    def _staged(self) -> Iterator[BinaryIO]:
        incoming = self.home.blobs / "incoming"
        sweep(incoming)
        with staged_file(incoming) as stream:
            yield stream

    def _place(self, staged: BinaryIO, sha256: str) -> Path:
        path = self._name(sha256)
        place_file(staged, path)
        return path

    def _link(self, entry: FileEntry, target: Path) -> None:
        source = self.path_of(entry.sha256)
        if source is None:
            raise IntegrityError(
                f"{entry.path}: its bytes are not in the store", hint="fetch the model again"
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:
            # Another file system, or one without hard links. The copy must survive a power cut as the blob does.
            with source.open("rb") as reader, target.open("xb") as writer:
                shutil.copyfileobj(reader, writer, 1 << 20)
                writer.flush()
                os.fchmod(writer.fileno(), 0o444)
                os.fsync(writer.fileno())

    def _quarantine(self, path: Path) -> None:
        folder = self.home.blobs / "quarantine"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.rename(folder / f"{path.name}.{secrets.token_hex(4)}")
        except OSError as error:
            raise IntegrityError(
                f"{path} is corrupt and cannot be moved away ({error.strerror})",
                hint="delete it, then fetch again",
            ) from error

    @contextlib.contextmanager
    def _writable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self.home.unwritable(error) from error


def _copy(stream: Iterable[bytes], into: BinaryIO, *, limit: int | None) -> tuple[int, str]:
    """Copy and hash; stop as soon as there is more than `limit`, so that an endless body fills no disk."""
    size, sha = 0, hashlib.sha256()
    for block in stream:
        size += len(block)
        if limit is not None and size > limit:
            break
        sha.update(block)
        into.write(block)
    return size, sha.hexdigest()


def _mismatch(size: int, sha256: str, expected: FileEntry) -> str:
    if size > expected.size:
        return f"delivers more than the {expected.size:,} bytes that are locked"
    if size < expected.size:
        return f"ends after {size:,} of {expected.size:,} bytes"
    return f"has other bytes than were locked (sha256 {sha256[:12]} instead of {expected.sha256[:12]})"
