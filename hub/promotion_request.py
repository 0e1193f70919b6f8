"""A promotion before it is made: what is to be approved, on what grounds, and whether these grounds hold together.

In: card, lock, decision, evidence, policy, keys. Out: the record that would be appended, or a refusal that names the
reason. Pure: touches no disk, network or clock.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evaluators.canonical import short
from evaluators.errors import GateRefused, IntegrityError
from evaluators.evidence import Evidence
from evaluators.facts import TaskFacts
from hub.card import Card
from hub.decision import Decision, TaskVerdict
from hub.fetch import candidate_of
from hub.lock import Lock
from hub.policy import Policy
from hub.promotion_checks import (
    require_reason,
    require_trusted,
    unsettled,
    waived_rules,
    what_settles,
    wrong_citations,
)
from hub.promotion_log import ApprovedTask, History, Record, latest, utc
from hub.registry.exact_model import MODEL
from hub.signing import KeyRing


@dataclass(frozen=True, eq=False)
class PromotionRequest:
    """What is to be promoted, and on what grounds.

    Attributes:
        card: The model.
        lock: Its pinned bytes.
        folder: Where its verified files lie.
        decision: What the gate said.
        evidence: What it said that about.
        policy: The rules it applied: the current ones.
        reason: Why, for the record.
        now: When, for the record.
        despite_doubt: Append although the end of the log is damaged; what stands there counts no more afterwards.
    """

    card: Card
    lock: Lock
    folder: Path
    decision: Decision
    evidence: Evidence
    policy: Policy
    reason: str
    now: dt.datetime
    despite_doubt: bool = False


def check(request: PromotionRequest, keys: KeyRing) -> None:
    """Refuse what is not approved, or not about these bytes, this evidence and this policy. Touches no registry.

    Raises:
        GateRefused: If the decision is not an approval.
        IntegrityError: If something is not what the decision says.
        UsageProblem: If the reason is empty.
    """
    require_reason(request.reason)
    if request.decision.verdict != "approved" or not request.decision.approved_tasks:
        raise _refused(request.decision)
    for problem in _mismatches(request):
        raise IntegrityError(
            problem, hint="decide again from the stored evidence: hub decide; nothing was promoted"
        )
    hint = "evidence counts if a trusted key signed it: hub trust add LINE, or evaluate here"
    require_trusted(request.evidence, keys, hint=hint)


def _refused(decision: Decision) -> GateRefused:
    lines = [
        f"  {rule.rule}{f' ({rule.task})' if rule.task else ''}: {rule.outcome}: "
        f"{rule.measured}; required {rule.required}"
        for rule in unsettled(decision)
    ]
    hint = what_settles(decision) or f"hub report {decision.model} shows all"
    return GateRefused("\n".join([decision.sentence, *lines]), hint=hint)


def _mismatches(request: PromotionRequest) -> Iterator[str]:
    decision, findings = request.decision, request.evidence.findings
    if decision.model != request.card.id:
        yield f"the decision is about {decision.model}, not {request.card.id}"
    if decision.model_digest != request.lock.digest:
        yield f"the decision is about other bytes ({short(decision.model_digest)}) than the lock pins"
    yield from wrong_citations(decision, request.evidence, request.policy)
    candidate = candidate_of(request.card, request.lock)
    measured = {(facts.name, facts.digest, facts.subject) for facts in findings.candidates}
    if (candidate.name, candidate.digest, candidate.subject) not in measured:
        yield f"the evidence is not about these bytes of {candidate.name} with this input"
    known = {facts.id for facts in findings.tasks}
    yield from (
        f"the evidence has no task {task.task}" for task in decision.approved_tasks if task.task not in known
    )


def record_of(request: PromotionRequest, history: History, version: int, approver: str) -> Record:
    """Return the unsigned record of a promotion: all that the model is approved for from then on.

    Approvals of the same bytes for tasks that this decision does not judge stand; they follow the new ones.

    Args:
        request: What is to be promoted.
        history: The log that it is appended to.
        version: Version whose artifacts are the bytes.
        approver: Who signs it.

    Raises:
        IntegrityError: If the evidence does not score what the decision approves.
    """
    tasks = {facts.id: facts for facts in request.evidence.findings.tasks}
    number = history.next_number
    approved = tuple(
        _approved(row, tasks[row.task], request, number) for row in request.decision.approved_tasks
    )
    return Record(
        sequence=number,
        previous=history.head,
        model=request.card.id,
        version=version,
        model_digest=request.lock.digest,
        files=request.lock.files,
        artifact_root=MODEL,
        library=request.card.library,
        tasks=approved + _carried_over(request, history),
        findings_digest=request.decision.findings_digest,
        policy=request.policy.id,
        policy_digest=request.policy.digest,
        alias=request.policy.alias,
        approver=approver,
        reason=request.reason.strip(),
        created=utc(request.now),
    )


def _carried_over(request: PromotionRequest, history: History) -> tuple[ApprovedTask, ...]:
    """Return the approvals that stand.

    Not a task that was judged now and not approved, and none that was measured with inputs read in another way.
    """
    standing = latest(history, request.card.id)
    if standing is None or standing.model_digest != request.lock.digest:
        return ()
    judged = {verdict.task for verdict in request.decision.tasks}
    subject = candidate_of(request.card, request.lock).subject
    return tuple(row for row in standing.tasks if row.task not in judged and row.subject == subject)


def _approved(verdict: TaskVerdict, facts: TaskFacts, request: PromotionRequest, since: int) -> ApprovedTask:
    findings = request.evidence.findings
    judged = "test" if findings.final else "validation"
    wanted = (request.card.id, verdict.strategy, verdict.task, verdict.labels_per_class, judged, facts.metric)
    for row in findings.summaries:
        if (row.candidate, row.strategy, row.task, row.labels_per_class, row.set, row.metric) == wanted:
            return ApprovedTask(
                task=verdict.task,
                task_digest=facts.digest,
                strategy=row.strategy,
                labels_per_class=row.labels_per_class,
                labels=row.labels,
                score=(verdict.score or "")[:200],
                metric=facts.metric,
                value=row.estimate.value,
                subject=candidate_of(request.card, request.lock).subject,
                findings_digest=request.decision.findings_digest,
                since=since,
                waivers=waived_rules(verdict, request.decision),
            )
    raise IntegrityError(
        f"the decision approves {verdict.strategy} on {verdict.task}, which the evidence does not score on {judged}",
        hint="decide again from the stored evidence: hub decide",
    )
