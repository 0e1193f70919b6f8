"""The promotion log in a registry: versions of one reserved model, whose numbers the registry hands out once.

In: a signed record and the number that it was made for. Out: a version whose tag carries the record. Invariants: a
record counts only at its own number, so of two writers at once exactly one is first, on any registry; nothing is ever
changed or deleted. Reading is no authority either: `read_history` checks numbers, chain and signatures.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence

from pydantic import ValidationError

from evaluators.canonical import short
from evaluators.errors import Conflict, InvalidDocument
from hub.promotion_log import Entry, Record
from hub.registry.registry import LOG_NAME, OWNED, ModelVersion, NewVersion, Registry, RegistryReader

RECORD_TAG = "hub.record"
#: Why a version of the log does not count. Believed only where there is no record to hide.
VOID_TAG = "hub.void"
#: How far the log had grown, kept by whoever shows it: tells when its last entries are deleted.
LENGTH_TAG = "hub.length"

MAX_RECORD = 100_000

_ABOUT = """# Promotion log

One version of this page for every promotion, in order. Each carries its signed record (tag `hub.record`); what it says
is what is approved. Written by `hub promote`, read by `hub history`. Do not edit, delete or add versions here:
a record that was changed no longer counts.
"""


class LogReader:
    """The log of a registry, for reading."""

    def __init__(self, reader: RegistryReader) -> None:
        self._reader = reader

    def entries(self) -> Sequence[Entry]:
        """Return all entries, lowest number first; a number whose version was deleted is one without a record."""
        versions = {version.number: version for version in self._reader.versions(LOG_NAME)}
        model = self._reader.model(LOG_NAME)
        length = model.tags.get(LENGTH_TAG, "") if model else ""
        newest = max(versions, default=0)
        # Bounded: anybody may have written any number into that tag.
        last = max(newest, min(int(length), newest + 100) if length.isdecimal() else 0)
        found = []
        for number in range(1, last + 1):
            version = versions.get(number)
            record = _record(version) if version else None
            if record is None and version is not None and VOID_TAG in version.tags:
                continue
            other = record is None and version is not None and _of_another_version(version)
            found.append(Entry(number, record, other))
        return found


class RegistryLog(LogReader):
    """The log of a registry, for reading and appending."""

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self._registry = registry

    def append(self, record: Record, expected_number: int) -> None:
        """Append a signed record at `expected_number`.

        Raises:
            Conflict: If somebody else appended first; the version that was made then carries a note that it is void.
            InvalidDocument: If the record is too large for a tag.
        """
        text = record.model_dump_json()
        if len(text) > MAX_RECORD:
            raise InvalidDocument(
                f"the promotion record of {record.model} has {len(text):,} characters; the log takes {MAX_RECORD:,}",
                hint="a model with so many files cannot be promoted as one version",
            )
        self._ensure()
        made = self._registry.create_version(NewVersion(LOG_NAME, None, {RECORD_TAG: text}, page(record)))
        if made.number == expected_number or self._stands(record, expected_number):
            return
        reason = f"lost the race for number {expected_number}"
        self._registry.set_version_tag(LOG_NAME, made.number, VOID_TAG, reason)
        self._registry.describe_version(
            LOG_NAME, made.number, f"# Void: {reason}\n\nThis record does not count.\n"
        )
        raise Conflict(
            f"somebody else promoted at the same time (record {expected_number} of {self._registry.uri})",
            hint="nothing was promoted; look at `hub history`, then run the same command again",
        )

    def _ensure(self) -> None:
        if self._registry.model(LOG_NAME) is not None:
            return
        # Another process may be first, which is as good.
        with contextlib.suppress(Conflict):
            self._registry.create_model(LOG_NAME, description=_ABOUT, tags={OWNED: "true"}, listed=False)

    def _stands(self, record: Record, number: int) -> bool:
        """Whether the record is there already: a request that timed out and was sent again makes two versions."""
        return any(
            version.number == number and _record(version) == record
            for version in self._registry.versions(LOG_NAME)
        )


def page(record: Record) -> str:
    """Return a record as a person reads it in the registry."""
    if record.action == "withdraw":
        title = f"{record.model} version {record.version} withdrawn"
    else:
        title = f"{record.model} version {record.version} promoted as {record.alias}"
    rows = [f"- {task.task}: {task.strategy}, {task.score}" for task in record.tasks]
    lines = [
        f"# {title}",
        "",
        f"{record.approver}, {record.created}",
        "",
        record.reason,
        "",
        *(["Approved for:", "", *rows, ""] if rows else []),
        "Rests on:",
        "",
        f"- bytes: {short(record.model_digest)}",
        f"- findings: {short(record.findings_digest)}",
        f"- policy: {record.policy} ({short(record.policy_digest)})",
        f"- record {record.sequence}: {short(record.digest)}, after {short(record.previous)}",
        "",
        "The signed record is in the tag `hub.record`.",
    ]
    return "\n".join(lines)


def _of_another_version(version: ModelVersion) -> bool:
    """Whether a version carries what has the shape of a signed record, though not one that is read here."""
    try:
        value = json.loads(version.tags.get(RECORD_TAG, ""))
    except ValueError:
        return False
    return isinstance(value, dict) and {"schema_version", "sequence", "signature"} <= value.keys()


def _record(version: ModelVersion) -> Record | None:
    try:
        return Record.model_validate_json(version.tags.get(RECORD_TAG, ""))
    except ValidationError:
        return None
