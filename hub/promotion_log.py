"""The promotion log: append-only, hash-chained, signed. What it says is what is approved; everything else displays it.

Records are values; reading the log is a fold over them (`approvals`). Where the log lives is behind a Protocol.
A sequence number is handed out by the place the log lives in (MLflow: version numbers of one reserved model), so a
record whose own number is not the one it stands at lost a race and is void.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from evaluators.candidate import FileEntry
from evaluators.canonical import canonical_json, digest_of
from evaluators.document import Document
from evaluators.errors import IntegrityError
from evaluators.signature import Signature
from hub.signing import KeyRing

GENESIS = "0" * 64


class WaivedRule(Document):
    """A decisive rule that did not hold, and was waived when the approval was made."""

    rule: str
    owner: str
    """Who answers for the waiver."""
    reason: str
    expires: str
    """Last day of the waiver, ISO 8601. An approval made until then stands after it."""

    @property
    def words(self) -> str:
        """The waiver for people."""
        return f"{self.rule}, waived until {self.expires} by {self.owner}: {self.reason.strip().rstrip('.')}"


class ApprovedTask(Document):
    """A task that a version is approved for."""

    task: str
    task_digest: str
    strategy: str
    labels_per_class: int
    labels: int
    score: Annotated[str, Field(max_length=200)]
    metric: str
    value: float
    subject: str
    """What was measured: the bytes, and how inputs are read."""
    findings_digest: str
    """The findings that this approval rests on; another's than the record's where it was carried over."""
    since: int
    """Sequence of the record that made this approval: carrying it over makes it no newer."""
    waivers: tuple[WaivedRule, ...] = ()
    """Rules about the model or the task that the approval could do without."""

    @model_serializer(mode="wrap")
    def _as_signed(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what an approval without waivers does not have: earlier versions signed it so."""
        value: dict[str, Any] = handler(self)
        if not self.waivers:
            value.pop("waivers", None)
        return value


class AdaptedFrom(Document):
    """Where an adapted model comes from: what its record says beside what every record says."""

    base: str
    """Name of the base."""
    base_digest: str
    """Digest of the base's bytes, which the adapted model carries below `base/`."""
    base_record: str
    """Digest of the record that approves the base for the task."""
    strategy: str

    @property
    def lineage(self) -> str:
        """`NAME@digest` of the base."""
        return f"{self.base}@{self.base_digest}"


class Record(Document):
    """One promotion (or withdrawal) of one version of one model."""

    schema_version: Literal[1] = 1
    sequence: int
    previous: str
    """Digest of the record before; 64 zeros for the first."""
    action: Literal["promote", "withdraw"] = "promote"
    model: str
    version: int
    """Version number in the registry whose artifacts carry the bytes."""
    model_digest: str
    files: tuple[FileEntry, ...]
    """The exact file set: path, size and sha256."""
    artifact_root: str = "model"
    """Folder of the version's artifacts that holds the file set."""
    library: str
    tasks: tuple[ApprovedTask, ...]
    """All that stand from then on: those that the findings are about, then those carried over from the promotion before
    of the same bytes."""
    findings_digest: str
    """What this record's own decision was made from."""
    policy: str
    policy_digest: str
    alias: str
    approver: str
    reason: str
    created: str
    """UTC, ISO 8601."""
    adapted: AdaptedFrom | None = None
    """Of an adapted model; None of a base."""
    signature: Signature | None = None

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what a record of a base does not have: version 0.1.0 signed such records without it."""
        value: dict[str, Any] = handler(self)
        if self.adapted is None:
            value.pop("adapted", None)
        return value

    @property
    def unsigned(self) -> dict[str, Any]:
        """The JSON-able value that the signature covers."""
        return self.model_dump(mode="json", exclude={"signature"})

    @property
    def digest(self) -> str:
        """What the next record cites as `previous`."""
        return digest_of(self.model_dump(mode="json"))

    @property
    def signed_bytes(self) -> bytes:
        """The bytes that the signature covers."""
        return canonical_json(self.unsigned)


@dataclass(frozen=True)
class Entry:
    """A place in the log.

    Attributes:
        number: Its number.
        record: The record that stands there; None if it cannot be read as one.
        other_version: Whether what stands there looks like a record that another version of this program wrote.
    """

    number: int
    record: Record | None
    other_version: bool = False


@dataclass(frozen=True)
class History:
    """The valid records in order, and what is wrong with the others.

    Attributes:
        records: What counts, lowest number first.
        problems: Entries that do not count and did not merely lose a race.
        next_number: Where the next record belongs.
        doubtful: Whether a problem stands after the last valid record: it may be a record that was altered or removed.
    """

    records: tuple[Record, ...]
    problems: tuple[str, ...]
    next_number: int
    doubtful: bool = False

    @property
    def head(self) -> str:
        """Digest of the newest valid record."""
        return self.records[-1].digest if self.records else GENESIS


class ReadableLog(Protocol):
    """Where the log lives, for those who only read it."""

    def entries(self) -> Sequence[Entry]:
        """Return all entries, lowest number first, readable or not."""
        ...


class PromotionLog(ReadableLog, Protocol):
    """Where the log lives."""

    def append(self, record: Record, expected_number: int) -> None:
        """Append a signed record at `expected_number`.

        Raises:
            Conflict: If somebody else appended first; nothing is then changed that a reader would see.
        """
        ...


def read_history(entries: Iterable[Entry], keys: KeyRing) -> History:
    """Fold the log: keep the records that stand at their own number, cite the one before and are signed by a known key.

    Args:
        entries: All entries, lowest number first.
        keys: The public keys that this machine trusts.

    Returns:
        The valid records. A void record (lost race) is passed over in silence; a record that was altered, unsigned or
        signed by an unknown key is a problem and is not counted.
    """
    records: list[Record] = []
    problems: list[str] = []
    number, doubtful = 0, False
    for entry in entries:
        number = max(number, entry.number)
        problem = _problem(entry, records, keys)
        if problem is None and entry.record is not None:
            records.append(entry.record)
            doubtful = False
        elif problem:
            problems.append(problem)
            doubtful = True
    return History(tuple(records), tuple(problems), number + 1, doubtful)


def _problem(entry: Entry, before: Sequence[Record], keys: KeyRing) -> str | None:
    """Say why an entry does not count: None if it counts, "" if it only lost a race."""
    record = entry.record
    if record is None:
        written = (
            " (another version of this program wrote it, or it was altered)" if entry.other_version else ""
        )
        return f"entry {entry.number} cannot be read as a record{written}"
    if record.sequence != entry.number:
        return ""
    if record.signature is None:
        return f"entry {entry.number} is not signed"
    if not keys.verifies(record.signed_bytes, record.signature):
        return f"entry {entry.number} is not signed by a key that this machine trusts ({record.signature.key_id})"
    head = before[-1].digest if before else GENESIS
    if record.previous != head:
        return f"entry {entry.number} does not follow the record before it: the log was altered"
    return None


def latest(history: History, model: str) -> Record | None:
    """Return the newest promotion of a model whose version was not withdrawn since."""
    withdrawn: set[int] = set()
    for record in reversed(history.records):
        if record.model != model:
            continue
        if record.action == "withdraw":
            withdrawn.add(record.version)
        elif record.version not in withdrawn:
            return record
    return None


def backing(history: History, model: str, version: int) -> Record:
    """Return the promotion that backs a version.

    Raises:
        IntegrityError: If no signed record does.
    """
    for record in reversed(history.records):
        if record.model == model and record.version == version and record.action == "promote":
            return record
    detail = f" ({history.problems[-1]})" if history.problems else ""
    raise IntegrityError(
        f"no signed promotion backs {model} version {version}{detail}",
        hint=f"it was never approved here, or the alias was moved by hand; see `hub history {model}`",
    )


def incumbent(history: History, task: str) -> tuple[Record, ApprovedTask] | None:
    """Return the newest valid approval for a task over all bases: what a new base must beat."""
    standing = [
        (record, approved)
        for record in history.records
        if record.adapted is None and latest(history, record.model) is record
        for approved in record.tasks
        if approved.task == task
    ]
    return max(standing, key=lambda found: found[1].since, default=None)


def utc(now: dt.datetime) -> str:
    """Return a time as records write it."""
    return now.astimezone(dt.UTC).replace(microsecond=0).isoformat().replace("+00:00", "Z")
