"""Who read a locked test: an append-only log, counted by distinct cell, and the receipt that opens a test.

Every look at a test makes the next result on it a little less honest, so looks are counted, for ever and over all
evaluations. A `LockedSet` hands out its labels only against a `TestAccess`, and only `TestAccessLog.record` issues one:
the line is on disk before a label is in memory. The same cells recorded again (a rerun, a resume) count once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from evaluators.canonical import canonical_json
from evaluators.data.samples import IntArray, LabelledSet, Samples
from evaluators.document import Document
from evaluators.errors import IntegrityError, UsageProblem
from evaluators.line_log import LineLog, line_log
from evaluators.names import Sha256
from evaluators.observations import TestRead
from evaluators.task import Task


class AccessRecord(Document):
    """One line of the log: one cell read one locked test."""

    splits_digest: Sha256
    task: str
    cell: Sha256
    """Key of the cell."""
    plan: Sha256
    """Digest of the plan that read first."""
    who: Annotated[str, Field(min_length=1)]
    when: str
    """UTC, ISO 8601."""


@dataclass(frozen=True)
class TestAccess:
    """The receipt of a recorded read: it opens the locked sets of one task.

    Attributes:
        splits_digest: Identity of its splits.
        read: The counts, as evidence shows them.
    """

    __test__ = False  # pytest must not take it for a test

    splits_digest: str
    read: TestRead


@dataclass(frozen=True, eq=False)
class LockedSet:
    """A set whose inputs are free to encode and whose labels open only against a receipt.

    Attributes:
        name: `test`, or the id of a shifted set.
        splits_digest: Identity of the splits it belongs to.
        samples: n inputs, without labels.
    """

    name: str
    splits_digest: str
    samples: Samples
    _labels: IntArray = field(repr=False)

    def __len__(self) -> int:
        return len(self.samples)

    def open(self, access: TestAccess | None) -> LabelledSet:
        """Return the samples with their labels.

        Raises:
            UsageProblem: If there is no receipt, or it is for another task.
        """
        if access is None or access.splits_digest != self.splits_digest:
            raise UsageProblem(
                f"the set {self.name!r} is locked"
                + (
                    ""
                    if access is None
                    else f", and the recorded read is for another task ({access.read.task})"
                ),
                hint="only a final evaluation opens it: it records its cells in the test-access log first",
            )
        return LabelledSet(self.name, self.samples, self._labels)


class TestAccessLog:
    """The log at one place: a folder, or an fsspec URL that a team shares."""

    __test__ = False  # pytest must not take it for a test

    def __init__(self, place: Path | str) -> None:
        self._log: LineLog = line_log(str(place))

    def record(self, task: Task, cells: Iterable[str], *, plan_digest: str, now: str, who: str) -> TestAccess:
        """Record that cells read the locked sets of a task; durable on return.

        Args:
            task: The task.
            cells: Keys of the cells that will be scored on them; at least one.
            plan_digest: Digest of the plan that they belong to.
            now: Time of the read, UTC, ISO 8601.
            who: Who asked for it.

        Returns:
            The receipt, with the counts.

        Raises:
            EnvironmentProblem: If the log cannot be written; the test then stays closed.
            IntegrityError: If the log holds a line that is no record.
            UsageProblem: If there is no cell: such a read would not be counted.
        """
        digest = task.splits_digest
        fresh = [
            AccessRecord(splits_digest=digest, task=task.id, cell=cell, plan=plan_digest, who=who, when=now)
            for cell in dict.fromkeys(cells)
        ]
        if not fresh:
            raise UsageProblem(
                f"no cell of the plan would be scored on the locked test of {task.id}, so it stays closed",
                hint="its cells are all skipped: plan a smaller train size, or leave the task out",
            )

        def unrecorded(lines: Sequence[str]) -> list[str]:
            known = {record.cell for record in _parse(lines, digest)}
            return [_line(record) for record in fresh if record.cell not in known]

        records = _parse(self._log.extend(digest, unrecorded), digest)
        read = TestRead(task=task.id, cells_this_evaluation=len(fresh), cells_ever=_distinct(records))
        return TestAccess(digest, read)

    def records(self, splits_digest: str) -> tuple[AccessRecord, ...]:
        """Return who read the locked test of a task, when and for which cell."""
        return _parse(self._log.read(splits_digest), splits_digest)

    def count(self, splits_digest: str) -> int:
        """Return how many distinct cells ever read the locked test of a task."""
        return _distinct(self.records(splits_digest))


def _distinct(records: Iterable[AccessRecord]) -> int:
    return len({record.cell for record in records})


def _line(record: AccessRecord) -> str:
    return canonical_json(record.model_dump(mode="json")).decode("utf-8")


def _parse(lines: Sequence[str], splits_digest: str) -> tuple[AccessRecord, ...]:
    try:
        records = tuple(AccessRecord.model_validate_json(line) for line in lines)
    except ValidationError as error:
        raise IntegrityError(
            f"the test-access log of task {splits_digest[:12]} holds a line that is no record",
            hint="it was altered: restore it from a backup, because it says how often the test was read",
        ) from error
    if any(record.splits_digest != splits_digest for record in records):
        raise IntegrityError(
            f"the test-access log of task {splits_digest[:12]} holds records of another task"
        )
    return records
