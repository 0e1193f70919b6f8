"""The promotion of an adapted model before it is made: do its grounds hold together, and what would the record say?

In: what a person asked, grounds, signed evidence, policy, decision; keys and history. Out: the record that would be
appended, or a refusal. Pure.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evaluators.artifact_evidence import ArtifactEvidence
from evaluators.canonical import short
from evaluators.errors import Conflict, GateRefused, IntegrityError
from hub.adapted.gate import score_of
from hub.adapted.grounds import Grounds
from hub.adapted.history import (
    base_approval,
    incumbent_adapted,
    refuse_other_task,
    refuse_withdrawn_bytes,
)
from hub.decision import Decision
from hub.policy import Policy
from hub.promotion_checks import require_trusted, waived_rules, what_settles, wrong_citations
from hub.promotion_log import AdaptedFrom, ApprovedTask, History, Record, latest, utc
from hub.registry.exact_model import MODEL
from hub.signing import KeyRing

#: What an adapted model is loaded with.
LIBRARY = "basehub"


@dataclass(frozen=True)
class AskedToPromote:
    """What a person asked.

    Attributes:
        folder: The adapted model's folder.
        name: What it shall be called; None: as the folder.
        reason: Why, for the record.
        policy: Id of the rules.
        who: Who reads the locked test.
        now: When.
        results: Folder or URL of the result store, whose test-access log counts; None: HUB_RESULTS, or under HUB_HOME.
        device: `cpu`, `cuda` or `any`.
        despite_doubt: Append although the end of the log is damaged; what stands there counts no more afterwards.
    """

    folder: Path
    name: str | None
    reason: str
    policy: str
    who: str
    now: dt.datetime
    results: str | None = None
    device: str = "any"
    despite_doubt: bool = False


@dataclass(frozen=True, eq=False)
class AdaptedPromotion:
    """An adapted model that was measured and judged.

    Attributes:
        asked: What a person asked.
        grounds: The model, its task and its base.
        policy: The rules that were applied: the current ones.
        evidence: What was measured, signed.
        decision: What the gate says of that.
    """

    asked: AskedToPromote
    grounds: Grounds
    policy: Policy
    evidence: ArtifactEvidence
    decision: Decision


def check_adapted(request: AdaptedPromotion, keys: KeyRing) -> None:
    """Refuse what is not approved, or not about these bytes, this evidence and this policy. Touches no registry.

    Raises:
        GateRefused: If the decision is not an approval.
        IntegrityError: If something is not what the decision says.
    """
    if request.decision.verdict != "approved":
        raise refusal(request.decision)
    for problem in _mismatches(request):
        raise IntegrityError(problem, hint="promote again from the folder; nothing was promoted")
    require_trusted(request.evidence, keys, hint="this machine must trust its own key: hub trust show")


def refusal(decision: Decision) -> GateRefused:
    """Return the error for a decision that is no approval: its sentence, and what would settle it."""
    hint = what_settles(decision) or "nothing was promoted; adapt another way, then promote that"
    return GateRefused(decision.sentence, hint=hint)


def check_still_current(request: AdaptedPromotion, history: History) -> None:
    """Refuse evidence that the log has overtaken: another approved model, or a base that stands no more.

    Raises:
        Conflict: If it has, or the name became that of a model of another task.
        GateRefused: If the bytes were withdrawn meanwhile.
    """
    grounds, findings = request.grounds, request.evidence.findings
    refuse_other_task(grounds.name, grounds.task.id, history)
    refuse_withdrawn_bytes(grounds.artifact.digest, history)
    base = grounds.adapted.base
    if base_approval(history, base.name, base.digest, grounds.task.id) is None:
        raise Conflict(
            f"{base.name}@{short(base.digest)} is no longer approved for {grounds.task.id}",
            hint="nothing was promoted; look at `hub history`",
        )
    found = incumbent_adapted(history, grounds.task.id)
    if found is not None and found.model_digest not in {grounds.artifact.digest, findings.task.incumbent}:
        raise Conflict(
            f"{found.model} was approved for {grounds.task.id} meanwhile (record {found.sequence}), and this evidence "
            "is not compared with it",
            hint="run the same command again",
        )


def adapted_record(request: AdaptedPromotion, history: History, version: int, approver: str) -> Record:
    """Return the unsigned record of an adapted model's promotion.

    Args:
        request: What is to be promoted.
        history: The log that it is appended to.
        version: Version whose artifacts are the bytes.
        approver: Who signs it.
    """
    grounds, adapted = request.grounds, request.grounds.adapted
    mine, number = request.evidence.findings.candidate, history.next_number
    approved = ApprovedTask(
        task=grounds.task.id,
        task_digest=grounds.task.digest,
        strategy=adapted.strategy,
        labels_per_class=adapted.trained_on // len(adapted.labels),
        labels=adapted.trained_on,
        score=score_of(request.evidence)[:200],
        metric=grounds.task.metric,
        value=mine.estimate.value,
        subject=grounds.artifact.digest,
        findings_digest=request.evidence.findings.digest,
        since=number,
        waivers=waived_rules(request.decision.tasks[0], request.decision),
    )
    return Record(
        sequence=number,
        previous=history.head,
        model=grounds.name,
        version=version,
        model_digest=grounds.artifact.digest,
        files=grounds.artifact.files,
        artifact_root=MODEL,
        library=LIBRARY,
        tasks=(approved,),
        findings_digest=request.evidence.findings.digest,
        policy=request.policy.id,
        policy_digest=request.policy.digest,
        alias=request.policy.alias,
        approver=approver,
        reason=request.asked.reason.strip(),
        created=utc(request.asked.now),
        adapted=AdaptedFrom(
            base=adapted.base.name,
            base_digest=adapted.base.digest,
            base_record=grounds.base_record.digest,
            strategy=adapted.strategy,
        ),
    )


def promoted_before(grounds: Grounds, policy: Policy, history: History) -> Record | None:
    """Return the record that approves this very artifact under this policy, if it is what counts for the task now.

    Nothing is then left to measure: its locked test was read, and nobody was approved since whom it has not met.
    """
    record = latest(history, grounds.name)
    if (
        record is None
        or record.model_digest != grounds.artifact.digest
        or (record.policy_digest, record.alias) != (policy.digest, policy.alias)
        or (record.tasks[0].task_digest, record.tasks[0].metric) != (grounds.task.digest, grounds.task.metric)
    ):
        return None
    return record if incumbent_adapted(history, grounds.task.id) == record else None


def _mismatches(request: AdaptedPromotion) -> Iterator[str]:
    decision, findings, grounds = request.decision, request.evidence.findings, request.grounds
    if decision.model != grounds.name:
        yield f"the decision is about {decision.model}, not {grounds.name}"
    if not decision.model_digest == findings.candidate.digest == grounds.artifact.digest:
        yield "decision, evidence and folder are not about the same bytes"
    if (findings.task.metric, findings.task.margin) != (grounds.task.metric, grounds.task.margin):
        yield f"the evidence has another metric or margin than {grounds.task.id}"
    if findings.task.digest != grounds.task.digest:
        yield f"the evidence is not about the data of {grounds.task.id}"
    yield from wrong_citations(decision, request.evidence, request.policy)
