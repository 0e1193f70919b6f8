"""`hub.lock`: what a project pulled, exactly, so that it can be restored and checked anywhere.

It lies in the project and is committed with it. It pins digests, not names: a moved alias changes nothing here.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from evaluators.candidate import FileEntry
from evaluators.document import Document
from evaluators.errors import InvalidDocument
from evaluators.names import SafeName, Sha256
from hub.staging import place_file, staged_file, sweep

FILE_NAME = "hub.lock"


class LockedModel(Document):
    """One pulled model."""

    name: SafeName
    version: Annotated[int, Field(ge=1)]
    alias: str | None
    """The alias it was asked by, if any."""
    model_digest: Sha256
    record_digest: Sha256
    """Digest of the promotion record that backs it."""
    into: str
    """Folder, relative to the lock."""
    files: tuple[FileEntry, ...]


class ProjectLock(Document):
    """All models of a project."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    registry: str
    """Where it was pulled from; without credentials."""
    models: tuple[LockedModel, ...] = ()

    def model_named(self, name: str) -> LockedModel | None:
        """Return one pulled model."""
        return next((model for model in self.models if model.name == name), None)

    def with_model(self, model: LockedModel) -> ProjectLock:
        """Return a lock in which `model` replaces the one of its name."""
        others = [other for other in self.models if other.name != model.name]
        models = tuple(sorted([*others, model], key=lambda item: item.name))
        return self.model_copy(update={"models": models})


def read_project_lock(folder: Path) -> ProjectLock | None:
    """Read `hub.lock` of a project folder, or None where there is none.

    Raises:
        InvalidDocument: If it is not valid.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return None
    try:
        return ProjectLock.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidDocument(
            f"{path}: {field}: {first['msg']}",
            hint="restore it from version control; it is not edited by hand",
        ) from error


def project_lock_text(lock: ProjectLock) -> str:
    """Return the lock as JSON text that reviews well."""
    return lock.model_dump_json(indent=1, by_alias=True) + "\n"


def find_project(start: Path) -> Path | None:
    """Return the nearest folder, from `start` upward, that has a `hub.lock`, or None."""
    start = start.absolute()
    return next((folder for folder in (start, *start.parents) if (folder / FILE_NAME).is_file()), None)


def write_project_lock(folder: Path, lock: ProjectLock) -> None:
    """Replace `hub.lock` of a project folder: after a crash it is the old one or the new one, whole.

    Raises:
        OSError: If it cannot be written; the old one still stands then.
    """
    sweep(folder)
    with staged_file(folder) as stream:
        stream.write(project_lock_text(lock).encode("utf-8"))
        place_file(stream, folder / FILE_NAME, mode=0o644)


@contextlib.contextmanager
def editing(folder: Path) -> Iterator[None]:
    """Let one process at a time change a project's models and lock, so that two pulls at once both stay in it.

    An advisory lock on the folder itself: a dead process holds nothing and leaves nothing. A file system without locks
    is used without; each file is then still whole, but the later of two pulls at once can drop the other's entry.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
