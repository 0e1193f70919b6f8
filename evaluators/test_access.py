"""Who read a locked test: an append-only log, counted by distinct cell, and the receipt that opens a test.

Every look at a test makes the next result on it a little less honest, so looks are counted, for ever and over all
evaluations. A `LockedSet` hands out its labels only against a `TestAccess`, and only `TestAccessLog.record` issues one:
the line is on disk before a label is in memory. The same cells recorded again (a rerun, a resume) count once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, ValidationError, model_serializer

from evaluators.canonical import canonical_json
from evaluators.data.samples import IntArray, LabelledSet, Samples
from evaluators.document import Document
from evaluators.errors import IntegrityError, UsageProblem
from evaluators.line_log import LineLog, line_log
from evaluators.names import Sha256
from evaluators.observations import TestOpening, TestRead
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
    candidate: Sha256 | Literal[""] | None = None
    """Digest of the model that was judged by it; "" for a baseline on the data alone, None in lines of earlier
    versions, which did not write it."""

    @model_serializer(mode="wrap")
    def _as_earlier_versions_wrote_it(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        if self.candidate is None:
            written.pop("candidate", None)
        return written


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
        groups: (n,) which of them belong together; None where each stands for itself.
    """

    name: str
    splits_digest: str
    samples: Samples
    _labels: IntArray = field(repr=False)
    groups: IntArray | None = None

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
        return LabelledSet(self.name, self.samples, self._labels, self.groups)


class TestAccessLog:
    """The log at one place: a folder, or an fsspec URL that a team shares."""

    __test__ = False  # pytest must not take it for a test

    def __init__(self, place: Path | str) -> None:
        self._log: LineLog = line_log(str(place))

    def record(
        self,
        task: Task,
        cells: Iterable[str],
        *,
        plan_digest: str,
        now: str,
        who: str,
        candidates: Mapping[str, str] | None = None,
    ) -> TestAccess:
        """Record that cells read the locked sets of a task; durable on return.

        Args:
            task: The task.
            cells: Keys of the cells that will be scored on them; at least one.
            plan_digest: Digest of the plan that they belong to.
            now: Time of the read, UTC, ISO 8601.
            who: Who asked for it.
            candidates: Cell -> digest of the model that it judges; baselines on the data alone have none. None: it is
                not known, so the plan counts as one.

        Returns:
            The receipt, with the counts.

        Raises:
            EnvironmentProblem: If the log cannot be written; the test then stays closed.
            IntegrityError: If the log holds a line that is no record.
            UsageProblem: If there is no cell: such a read would not be counted.
        """
        digest = task.splits_digest
        fresh = [
            AccessRecord(
                splits_digest=digest,
                task=task.id,
                cell=cell,
                plan=plan_digest,
                who=who,
                when=now,
                candidate=None if candidates is None else candidates.get(cell, ""),
            )
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
        return TestAccess(digest, summary(task.id, records, cells_this_evaluation=len(fresh)))

    def records(self, splits_digest: str) -> tuple[AccessRecord, ...]:
        """Return who read the locked test of a task, when and for which cell."""
        return _parse(self._log.read(splits_digest), splits_digest)

    def count(self, splits_digest: str) -> int:
        """Return how many distinct cells ever read the locked test of a task."""
        return _distinct(self.records(splits_digest))


def summary(task: str, records: Sequence[AccessRecord], *, cells_this_evaluation: int = 0) -> TestRead:
    """Return the counts of a log, as evidence shows them, and each opening: one a plan, oldest first."""
    openings: dict[str, list[AccessRecord]] = {}
    for record in records:
        openings.setdefault(record.plan, []).append(record)
    return TestRead(
        task=task,
        cells_this_evaluation=cells_this_evaluation,
        cells_ever=_distinct(records),
        candidates_ever=len(_candidates(records)),
        looks=_looks(records),
        openings=tuple(
            TestOpening(
                when=of_plan[0].when,
                who=of_plan[0].who,
                plan=plan,
                cells=_distinct(of_plan),
                candidates=len(_candidates(of_plan)),
            )
            for plan, of_plan in openings.items()
        ),
    )


def _candidates(records: Iterable[AccessRecord]) -> set[str]:
    """Return the models that were judged; where earlier versions did not write which, every plan counts as one."""
    by_plan: dict[str, set[str]] = {}
    for record in records:
        of_plan = by_plan.setdefault(record.plan, set())
        of_plan.add(f"plan {record.plan}" if record.candidate is None else record.candidate)
    return {name for names in by_plan.values() for name in names if name}


def _looks(records: Iterable[AccessRecord]) -> dict[str, int]:
    """Return in how many plans each model was judged, where it is known which."""
    plans: dict[str, set[str]] = {}
    for record in records:
        if record.candidate:
            plans.setdefault(record.candidate, set()).add(record.plan)
    return {candidate: len(plans[candidate]) for candidate in sorted(plans)}


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
