"""Judges every file of a catalog: does it parse, and does it fit the others?

In: the folder, and today's date. Out: one `Problem` for every file, good or bad, so that continuous integration says
which card is wrong and why. Invariants: nothing is fetched; every file is judged, however many others are broken; a
warning (a review that is due) never fails a file. The rules themselves are `hub.catalog_rules`.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from evaluators.document import Document
from evaluators.errors import InvalidDocument
from evaluators.protocol import Protocol
from evaluators.task import Task
from hub.card import Card
from hub.card_rules import card_remarks, lock_remarks
from hub.catalog import LOCK_SUFFIX, document_paths, lock_id, read_named
from hub.catalog_rules import Around, Remark, policy_remarks, protocol_remarks, task_remarks
from hub.lock import Lock, read_lock
from hub.policy import Policy

_FOLDERS: tuple[tuple[str, type[Document]], ...] = (
    ("models", Card),
    ("tasks", Task),
    ("protocols", Protocol),
    ("policies", Policy),
)


@dataclass(frozen=True)
class Problem:
    """What was found about one file.

    Attributes:
        file: Its path, relative to the catalog.
        ok: Whether it may be merged.
        message: What is wrong, one thing a line; "" if nothing is.
        hint: The next step, or None.
        warnings: What somebody should look at, but that fails nothing.
    """

    file: str
    ok: bool
    message: str = ""
    hint: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass
class _Reading:
    """Everything that could be read, and why the rest could not."""

    documents: dict[Path, Document] = field(default_factory=dict)
    broken: dict[Path, InvalidDocument] = field(default_factory=dict)

    def read(self, path: Path, read: Callable[[], Document]) -> None:
        try:
            self.documents[path] = read()
        except InvalidDocument as error:
            self.broken[path] = error


def check_catalog(folder: Path, *, today: dt.date) -> tuple[Problem, ...]:
    """Judge every file of a catalog.

    Args:
        folder: The catalog.
        today: Dates of review, retirement and waivers are compared with it.

    Returns:
        One result a file, sorted by path.
    """
    reading = _read(folder)
    around = _around(folder, reading, today)
    results = [
        _of_remarks(folder, path, _remarks(path, doc, around)) for path, doc in reading.documents.items()
    ]
    results += [
        Problem(_relative(folder, path), ok=False, message=error.message, hint=error.hint)
        for path, error in reading.broken.items()
    ]
    results += list(_strangers(folder))
    return tuple(sorted(results, key=lambda result: result.file))


def _read(folder: Path) -> _Reading:
    reading = _Reading()
    for name, model in _FOLDERS:
        for path in document_paths(folder / name):
            reading.read(path, functools.partial(_document, path, model))
    for path in (folder / "models").glob(f"*{LOCK_SUFFIX}"):
        reading.read(path, functools.partial(read_lock, path))
    return reading


def _document(path: Path, model: type[Document]) -> Document:
    return read_named(path, model)[1]


def _around(folder: Path, reading: _Reading, today: dt.date) -> Around:
    documents = reading.documents.items()
    return Around(
        folder=folder,
        today=today,
        models=frozenset(path.stem for path in document_paths(folder / "models")),
        tasks=frozenset(path.stem for path in document_paths(folder / "tasks")),
        locks={lock_id(path): lock for path, lock in documents if isinstance(lock, Lock)},
    )


def _remarks(path: Path, document: Document, around: Around) -> Iterator[Remark]:
    match document:
        case Card():
            return card_remarks(document, around)
        case Lock():
            return lock_remarks(lock_id(path), document, around)
        case Task():
            return task_remarks(document, around)
        case Protocol():
            return protocol_remarks(document)
        case Policy():
            return policy_remarks(document, around)
    raise AssertionError(f"no rules for {type(document).__name__}")


def _of_remarks(folder: Path, path: Path, remarks: Iterator[Remark]) -> Problem:
    found = list(remarks)
    errors = [remark for remark in found if not remark.warning]
    name = _relative(folder, path)
    return Problem(
        file=name,
        ok=not errors,
        message="\n".join(f"{name}: {remark.text}" for remark in errors),
        hint=next((remark.hint for remark in errors if remark.hint), None),
        warnings=tuple(remark.text for remark in found if remark.warning),
    )


def _strangers(folder: Path) -> Iterator[Problem]:
    """Yield files that nobody would read, because their name is not one that is looked for."""
    for name, _ in _FOLDERS:
        for path in sorted((folder / name).glob("*")) if (folder / name).is_dir() else ():
            known = path.suffix == ".yaml" or (name == "models" and path.name.endswith(LOCK_SUFFIX))
            if not known and path.name != "README.md":
                hint = (
                    f"rename it to {path.stem}.yaml"
                    if path.suffix == ".yml"
                    else "move it to data/, or remove it"
                )
                relative = _relative(folder, path)
                yield Problem(relative, ok=False, message=f"{relative}: is read by nothing", hint=hint)


def _relative(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()
