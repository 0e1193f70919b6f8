"""Evaluations that are not in MLflow yet: what shall be logged, kept under HUB_HOME until it is.

In: evidence and the files that go with it. Out: a folder an evaluation, whole or not there. It is written before
anything is sent and removed after all was, so a process that is killed anywhere leaves what completes the logging.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from evaluators.document import Document
from evaluators.evidence import Evidence, evidence_from_json, evidence_to_json
from hub.home import Home
from hub.registry.address import without_credentials
from hub.staging import place_folder, staged_folder

_RECORD = "record.json"
_FILES = "files"
_EVIDENCE = "evidence.json"


class Record(Document):
    """What is to be logged where."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    findings_digest: str
    address: str
    """Without credentials."""
    created: str
    """When it was measured."""


@dataclass(frozen=True)
class Unlogged:
    """An evaluation that is not logged to its end."""

    folder: Path
    record: Record

    @property
    def files(self) -> Mapping[str, Path]:
        """What goes among the run's artifacts, by name."""
        return {path.name: path for path in sorted((self.folder / _FILES).iterdir())}

    def evidence(self) -> Evidence:
        """Read the document.

        Raises:
            InvalidDocument: If it is not evidence that this version reads.
        """
        path = self.folder / _FILES / _EVIDENCE
        return evidence_from_json(path.read_bytes(), where=str(path))


def keep_unlogged(evidence: Evidence, address: str, home: Home, write: Callable[[Path], None]) -> Unlogged:
    """Keep an evaluation until it is logged.

    Args:
        evidence: What was measured.
        address: Where it shall be logged.
        home: Where it is kept.
        write: Writes the pages that go with it into a folder.

    Raises:
        OSError: If HUB_HOME cannot be written.
    """
    record = Record(
        findings_digest=evidence.findings.digest,
        address=without_credentials(address),
        created=evidence.observations.created,
    )
    folder = home.unlogged / f"{evidence.findings.digest[:12]}-{evidence.observations.digest[:12]}"
    if not folder.exists():
        with staged_folder(home.unlogged) as staged:
            (staged / _FILES).mkdir()
            write(staged / _FILES)
            (staged / _FILES / _EVIDENCE).write_text(evidence_to_json(evidence), encoding="utf-8")
            (staged / _RECORD).write_text(record.model_dump_json(by_alias=True), encoding="utf-8")
            place_folder(staged, folder)
    return Unlogged(folder, record)


def all_unlogged(home: Home) -> tuple[Unlogged, ...]:
    """Return what is not logged yet, oldest first; a folder that this version cannot read is passed over."""
    found = []
    for path in sorted(home.unlogged.glob(f"*/{_RECORD}")):
        try:
            record = Record.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            continue  # removed by another process meanwhile, or written by a newer version
        found.append(Unlogged(path.parent, record))
    return tuple(sorted(found, key=lambda row: (row.record.created, row.folder.name)))


def forget(done: Unlogged) -> None:
    """Remove what is logged; its record goes first, so that half a folder is never taken for a whole one."""
    (done.folder / _RECORD).unlink(missing_ok=True)
    shutil.rmtree(done.folder, ignore_errors=True)
