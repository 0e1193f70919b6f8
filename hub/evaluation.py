"""From a prepared plan to evidence: count the reads of locked tests, run, gather, sign, keep.

Only `carry_out` computes, and only `conclude` writes evidence. The command line and a notebook call the same functions.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluators.canonical import canonical_json
from evaluators.cell import CellResult, Scored
from evaluators.cost.fit_work import fit_works
from evaluators.evidence import Evidence
from evaluators.findings.collect import (
    Reading,
    design,
    distinct_samples,
    encoded,
    groups,
    measurements,
    truths,
)
from evaluators.findings.decisive import Place, decisive
from evaluators.findings.examples import wrong_examples
from evaluators.findings.gather import Spent, gather_findings, observe
from evaluators.findings.served import servings
from evaluators.observations import TestRead
from evaluators.plan import plan_to_json
from evaluators.report.example import Example
from evaluators.results import ResultStore
from evaluators.running.climb import Climber
from evaluators.running.executor import Executor, WorkerExecutor, WorkerSetup
from evaluators.running.run import Event, run_plan
from evaluators.test_access import TestAccess, summary
from hub.evidence_folder import keep_evidence
from hub.home import Home
from hub.preparation import Prepared
from hub.promotion_log import utc
from hub.results_place import access_log
from hub.signing import open_signer


def carry_out(
    prepared: Prepared,
    results: ResultStore,
    home: Home,
    *,
    device: str = "any",
    stored: frozenset[str] | None = None,
    climber: Climber | None = None,
) -> Iterator[Event]:
    """Run a prepared plan in a supervised worker, yielding what happens; see `run_plan` for `stored` and `climber`."""
    wanted = prepared.plan.request.protocol.device if device == "any" else device
    with tempfile.TemporaryDirectory(prefix="hub-plan-") as name:
        path = Path(name) / "plan.json"
        path.write_text(plan_to_json(prepared.plan), encoding="utf-8")
        setup = WorkerSetup(
            plan=str(path),
            data={task: {f: str(p) for f, p in files.items()} for task, files in prepared.files.items()},
            folders={candidate: str(folder) for candidate, folder in prepared.folders.items()},
            results=results.location,
            device=wanted,
        )
        executor: Executor = WorkerExecutor(setup, home.root / "logs" / "worker.log")
        try:
            yield from run_plan(prepared.plan, results, executor, stored, climber)
        finally:
            executor.close()


@dataclass(frozen=True)
class Opened:
    """The reads of locked tests, and the receipts that open their labels."""

    receipts: Mapping[str, TestAccess]
    reads: tuple[TestRead, ...]
    cells: frozenset[Place] = frozenset()
    """Cells, with their candidates, that are scored on locked sets."""


def open_tests(prepared: Prepared, ran: Ran, results: ResultStore, *, now: dt.datetime, who: str) -> Opened:
    """Write into the test-access log what a final evaluation reads, before a label is read.

    Only the cells that a decision needs are scored on locked sets. The log lies with the results, so those who share a
    store share one count.
    """
    plan = prepared.plan
    log = access_log(results)
    receipts: dict[str, TestAccess] = {}
    reads = []
    cells = _decisive(prepared, ran, results) if plan.request.final else frozenset()
    digests = {row.candidate.name: row.candidate.digest for row in plan.request.candidates}
    for task in plan.request.tasks:
        of_task = [
            p.cell for p in plan.cells if p.cell.task == task.id and (p.cell.key, p.cell.candidate) in cells
        ]
        if not of_task:
            reads.append(summary(task.id, log.records(task.splits_digest)))
            continue
        judged = {cell.key: digests[cell.candidate] for cell in of_task if cell.candidate}
        receipts[task.id] = log.record(
            task,
            [cell.key for cell in of_task],
            plan_digest=plan.digest,
            now=utc(now),
            who=who,
            candidates=judged,
        )
        reads.append(receipts[task.id].read)
    return Opened(receipts, tuple(reads), cells)


def _decisive(prepared: Prepared, ran: Ran, results: ResultStore) -> frozenset[Place]:
    """Return the cells that the decision needs, chosen with every locked set closed."""
    closed = Reading(prepared.plan, prepared.data, results, ran.outcomes, opened=frozenset())
    if prepared.plan.request.protocol.needs_final:
        return frozenset(place for place, result in ran.outcomes.items() if isinstance(result, Scored))
    return decisive(measurements(closed), truths=truths(closed), design=design(closed), groups=groups(closed))


@dataclass(frozen=True)
class Ran:
    """What running the plan came to.

    Attributes:
        outcomes: How each planned cell ended, by (cell key, candidate).
        counters: What the run counted.
        seconds: Wall time.
    """

    outcomes: Mapping[tuple[str, str], CellResult]
    counters: Mapping[str, int]
    seconds: float


def examples_of(
    prepared: Prepared, ran: Ran, evidence: Evidence, *, results: ResultStore
) -> tuple[Example, ...]:
    """Return items that the recommended strategies got wrong: for a page, never for a document."""
    return wrong_examples(Reading(prepared.plan, prepared.data, results, ran.outcomes), evidence.findings)


def conclude(
    prepared: Prepared, ran: Ran, opened: Opened, *, results: ResultStore, home: Home, now: dt.datetime
) -> tuple[Evidence, Path]:
    """Gather the evidence of a plan that ran, sign it and keep it.

    Returns:
        The signed evidence and where it lies.
    """
    personal = frozenset(prepared.plan.request.personal_tasks)
    reading = Reading(
        prepared.plan, prepared.data, results, ran.outcomes, opened.receipts, personal, opened.cells
    )
    rows = list(measurements(reading))
    findings = gather_findings(rows, truths=truths(reading), design=design(reading), groups=groups(reading))
    spent = Spent(
        created=utc(now),
        seconds=round(ran.seconds, 3),
        counters={**ran.counters, "samples_distinct": distinct_samples(reading)},
        test_reads=opened.reads,
        encoded=encoded(reading),
        served=servings(reading),
        work=fit_works(prepared.plan, prepared.data, prepared.folders),
    )
    evidence = Evidence(findings=findings, observations=observe(rows, spent))
    signature = open_signer(home.keys).sign(canonical_json(evidence.unsigned))
    signed = evidence.model_copy(update={"signature": signature})
    return signed, keep_evidence(signed, home)
