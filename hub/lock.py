"""What was read from a model's bytes once: files with sizes and sha256, the resolved revision, the structure.

A lock stands beside its card (`ID.lock.json`), is written by `hub catalog lock` and reviewed with the card. A card
without a lock is only a proposal: it is never evaluated, promoted or pulled.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from evaluators.candidate import FileEntry, Structure, manifest_digest
from evaluators.document import Document
from evaluators.errors import EnvironmentProblem, InvalidDocument
from evaluators.names import Revision
from hub.staging import place_file, staged_file


class Lock(Document):
    """The pins of a card."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    revision: Revision | None = None
    """Commit of the Hub repository that the files are of, if one of the mirrors is one."""
    files: tuple[FileEntry, ...]
    structure: Structure

    @property
    def digest(self) -> str:
        """Identity of the model's bytes."""
        return manifest_digest(self.files)

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(entry.size for entry in self.files)


def read_lock(path: Path) -> Lock:
    """Read a lock file.

    Raises:
        InvalidDocument: If it is not one.
    """
    try:
        return Lock.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidDocument(
            f"{path}: {field}: {first['msg']}",
            hint=f"write it again: hub catalog lock {path.name.split('.')[0]}",
        ) from error


def write_lock(path: Path, lock: Lock) -> None:
    """Write a lock file, readable in a review: one field a line. Whole or not at all.

    Raises:
        EnvironmentProblem: If the catalog cannot be written.
    """
    text = lock.model_dump_json(indent=1, by_alias=True, exclude_none=True) + "\n"
    try:
        with staged_file(path.parent) as stream:
            stream.write(text.encode("utf-8"))
            place_file(stream, path, mode=0o644)
    except OSError as error:
        raise EnvironmentProblem(
            f"{path} cannot be written ({error.strerror})", hint="lock in a checkout that you may write"
        ) from error
