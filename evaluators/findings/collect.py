"""From the result store to measurements: the read side of a plan, which computes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from evaluators.canonical import digest_of_bytes
from evaluators.cell import CellResult, Failed, Skipped
from evaluators.data.samples import IntArray
from evaluators.data.task_data import TaskData
from evaluators.data.view import TRAIN, VALIDATION, draw, inputs, label_inputs
from evaluators.drift import drift_key, drifting, probe_of
from evaluators.drift_evidence import CellDrift
from evaluators.errors import IntegrityError
from evaluators.facts import CandidateFacts, TaskFacts, TaskValue
from evaluators.findings.decisive import Place
from evaluators.findings.measurements import CellMeasurement, Design, Encoded
from evaluators.origin import origin_of
from evaluators.plan import Plan, PlannedCandidate, PlannedCell
from evaluators.results import ResultStore
from evaluators.statistics.item_values import Vector
from evaluators.task import Task
from evaluators.test_access import TestAccess


@dataclass(frozen=True, eq=False)
class Reading:
    """Where a plan's measurements are read from.

    Attributes:
        plan: What was measured.
        data: The loaded tasks, by id.
        results: The store.
        outcomes: How each planned cell ended, by (cell key, candidate).
        access: Receipts of the test-access log, by task; needed for what a final plan opened.
        personal: Ids of tasks that can promote nothing.
        opened: Cells, with their candidates, that are scored on locked sets; all others are on validation alone. None:
            every cell of a final plan.
    """

    plan: Plan
    data: Mapping[str, TaskData]
    results: ResultStore
    outcomes: Mapping[tuple[str, str], CellResult]
    access: Mapping[str, TestAccess] = field(default_factory=dict)
    personal: frozenset[str] = field(default_factory=frozenset)
    opened: frozenset[Place] | None = None

    def reads(self, planned: PlannedCell) -> tuple[str, ...]:
        """Return the sets that a cell is scored on, its own labels among them, in their order."""
        locked = self.opened is not None and (planned.cell.key, planned.cell.candidate) not in self.opened
        return tuple(name for name in sorted(planned.predict) if not locked or name in (TRAIN, VALIDATION))


def measurements(reading: Reading) -> Iterator[CellMeasurement]:
    """Yield every planned cell as it was measured, in the plan's order."""
    asked = drifting(reading.plan)
    for planned in reading.plan.cells:
        outcome = reading.outcomes[planned.cell.key, planned.cell.candidate]
        if isinstance(outcome, Failed):
            yield CellMeasurement(planned.cell, "failed", outcome.reason)
        elif isinstance(outcome, Skipped):
            yield CellMeasurement(planned.cell, "skipped", outcome.reason)
        else:
            yield _scored(planned, reading, asked=planned.fit in asked)


def truths(reading: Reading) -> dict[tuple[str, str], IntArray]:
    """Return the labels of every set that the plan opened, by (task, set)."""
    sets = {
        (p.cell.task, name)
        for p in reading.plan.cells
        if not p.skipped
        for name in reading.reads(p)
        if name != TRAIN
    }
    return {
        (task, name): reading.data[task].open(name, reading.access.get(task)).labels
        for task, name in sorted(sets)
    }


def groups(reading: Reading) -> dict[tuple[str, str], IntArray]:
    """Return which samples of the sets that are scored belong together, by (task, set); of no set without groups."""
    sets = {(p.cell.task, name) for p in reading.plan.cells if not p.skipped for name in reading.reads(p)}
    found = {(task, name): reading.data[task].groups(name) for task, name in sorted(sets) if name != TRAIN}
    return {key: numbers for key, numbers in found.items() if numbers is not None}


def design(reading: Reading) -> Design:
    """Return the identities that the findings name."""
    request = reading.plan.request
    return Design(
        tasks=tuple(_task_facts(task, reading) for task in request.tasks),
        candidates=tuple(_candidate_facts(planned) for planned in request.candidates),
        protocol=request.protocol,
        plan_digest=reading.plan.digest,
        final=request.final,
        looks=request.looks,
    )


def distinct_samples(reading: Reading) -> int:
    """Return how many (base, distinct sample) pairs the plan demands: the forwards it cannot do without."""
    seen: set[tuple[str, str, str]] = set()
    views: set[tuple[str, ...]] = set()
    for planned in reading.plan.cells:
        if planned.trunk is None or planned.skipped:
            continue
        for name in planned.predict:
            size = (str(planned.cell.labels_per_class), str(planned.cell.run.draw)) if name == TRAIN else ()
            if (planned.trunk, planned.cell.task, name, *size) in views:
                continue
            views.add((planned.trunk, planned.cell.task, name, *size))
            samples = inputs(planned.cell, name, reading.data[planned.cell.task])
            # By base and not by tap: one pass gives the features and those of every block.
            base = (planned.cell.subject, planned.cell.dtype)
            seen.update((*base, digest) for digest in samples.digests)
            labels = label_inputs(planned.cell, reading.data[planned.cell.task])
            seen.update((*base, digest) for digest in labels.digests)
    return len(seen)


def encoded(reading: Reading) -> tuple[Encoded, ...]:
    """Return what encoding each task's samples cost, by candidate and machine; of chunks that were timed.

    A chunk counts for a task if it holds any of its samples: most plans, which make the chunks, are about one task.
    """
    found: dict[tuple[str, str, str], Encoded] = {}
    for trunk, task, candidate in _trunks(reading):
        demanded = _demanded(reading, trunk, task)
        for stored in reading.results.feature_chunks(trunk):
            rows = {bytes(row).hex() for row in stored.arrays["digests"]}
            if "cost" not in stored.facts or demanded.isdisjoint(rows):
                continue
            made = origin_of(stored.facts)
            key = (task, candidate, made.environment.digest)
            known = found.get(key, Encoded(task, candidate, 0, 0.0, made.environment))
            found[key] = replace(
                known, samples=known.samples + len(rows), seconds=known.seconds + made.cost.seconds
            )
    return tuple(found[key] for key in sorted(found))


def _trunks(reading: Reading) -> list[tuple[str, str, str]]:
    cells = (planned for planned in reading.plan.cells if not planned.skipped)
    return sorted({(p.trunk, p.cell.task, p.cell.candidate) for p in cells if p.trunk is not None})


def _demanded(reading: Reading, trunk: str, task: str) -> set[str]:
    """Return the digests of a task's samples that a trunk encodes: those of the sets, which hold most of them."""
    readers = [p for p in reading.plan.cells if (p.trunk, p.cell.task) == (trunk, task) and not p.skipped]
    names = {name: planned for planned in readers for name in planned.predict}
    return {
        digest
        for name, planned in names.items()
        for digest in inputs(planned.cell, name, reading.data[task]).digests
    }


def _scored(planned: PlannedCell, reading: Reading, *, asked: bool) -> CellMeasurement:
    probabilities, digests = {}, {}
    for name in reading.reads(planned):
        key = planned.predict[name]
        stored = reading.results.read("predict", key)
        array = np.ascontiguousarray(stored.arrays["probabilities"], dtype=np.float32)
        probabilities[name] = array
        digests[name] = digest_of_bytes(str(array.shape).encode() + array.tobytes())
        if (stored.facts.get("cell"), stored.facts.get("set")) != (planned.cell.key, name):
            raise IntegrityError(
                f"the stored predictions {key[:12]} are of another cell or set than the plan's",
                hint="the result store was altered: compute into another one with --results",
            )
        origin = origin_of(stored.facts)
    train = probabilities.pop(TRAIN)
    digests.pop(TRAIN)
    labels = draw(planned.cell, reading.data[planned.cell.task]).labels
    drift, forgotten = _drift(planned, reading) if asked else (None, None)
    return CellMeasurement(
        cell=planned.cell,
        status="scored",
        probabilities=probabilities,
        digests=digests,
        train_probabilities=train,
        train_labels=labels,
        cost=origin.cost,
        environment=origin.environment,
        drift=drift,
        forgotten=forgotten,
    )


def _drift(planned: PlannedCell, reading: Reading) -> tuple[CellDrift | None, Vector | None]:
    """Return what adapting changed in a cell's base and what each sample lost, if that is stored."""
    probe = probe_of(planned, reading.plan, reading.data)
    if probe is None or not reading.results.intact("drift", drift_key(planned, probe)):
        return None, None
    stored = reading.results.read("drift", drift_key(planned, probe))
    return CellDrift.model_validate(stored.facts), stored.arrays.get("forgotten")


def facts_of_task(
    task: Task,
    data: TaskData,
    *,
    promotable: bool = True,
    incumbent: str | None = None,
    leaks_allowed: bool = False,
) -> TaskFacts:
    """Return a task's identity and what its data look like; see `TaskFacts`."""
    return TaskFacts(
        id=task.id,
        digest=task.digest,
        title=task.title,
        metric=task.metric,
        margin=task.margin,
        labels=data.labels,
        sizes=dict(data.sizes),
        duplicates=dict(data.duplicates),
        majority_share=data.majority_share,
        sensitivity=task.sensitivity,
        corruptions=task.corruptions,
        groups=data.group_counts,
        promotable=promotable,
        incumbent=incumbent,
        leaks_allowed=leaks_allowed,
        value=_value(task),
    )


def _value(task: Task) -> TaskValue | None:
    right, wrong, unit = task.right_answer_value or 0.0, task.wrong_answer_cost or 0.0, task.value_unit
    return TaskValue(right=right, wrong=wrong, unit=unit) if unit and (right or wrong) else None


def _task_facts(task: Task, reading: Reading) -> TaskFacts:
    return facts_of_task(
        task,
        reading.data[task.id],
        promotable=task.id not in reading.personal,
        incumbent=reading.plan.request.incumbents.get(task.id),
        leaks_allowed=task.id in reading.plan.request.leaks_allowed,
    )


def _candidate_facts(planned: PlannedCandidate) -> CandidateFacts:
    candidate = planned.candidate
    return CandidateFacts(
        name=candidate.name,
        digest=candidate.digest,
        subject=candidate.subject,
        parameters=candidate.structure.parameters,
        library=candidate.library,
        role=planned.role,
        incumbent_for=planned.incumbent_for,
        contamination=planned.contamination,
    )
