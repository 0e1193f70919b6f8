"""Approves a base model: appends a signed record to the promotion log, then lets the registry show it.

In: a decision of the gate, the evidence it cites, the card's locked bytes. Out: the record. The record is the one
commit point: before it, nothing is approved and nothing is listed; after it, what is missing is only display. Killed
anywhere and run again, the end state is the same; promoting the same decision again writes nothing.
"""

from __future__ import annotations

from evaluators.errors import Conflict
from evaluators.wording import count
from hub.describe import describe_model, model_tags
from hub.fetch import candidate_of
from hub.promotion_log import History, PromotionLog, Record, incumbent, latest, read_history
from hub.promotion_request import PromotionRequest, check, record_of
from hub.promotion_steps import VersionPlan, check_log, check_name, read_back, version_around
from hub.registry.exact_model import build_version
from hub.registry.registry import ModelVersion, Registry
from hub.shown import desired
from hub.signing import KeyRing, Signer
from hub.sync import Tell, show


def promote(
    request: PromotionRequest,
    registry: Registry,
    *,
    log: PromotionLog,
    signer: Signer,
    keys: KeyRing,
    tell: Tell,
) -> Record:
    """Promote a base model.

    Args:
        request: What, and on what grounds.
        registry: Where the version is made and shown.
        log: Where the record is appended.
        signer: Whose approval it is.
        keys: The keys that this machine trusts.
        tell: Called with what is being done.

    Returns:
        The record that backs the approval; the one that stands already if this decision was promoted before.

    Raises:
        GateRefused: If the decision is not an approval.
        IntegrityError: If decision, evidence, policy and bytes are not about each other, or the log was altered.
        UsageProblem: If the reason is empty.
        Conflict: If somebody else promoted at the same time, or the name is taken by a model that is not the hub's.
    """
    check(request, keys)
    history = read_history(log.entries(), keys)
    check_log(history, signer, keys, despite_doubt=request.despite_doubt)
    _check_name(request, history, registry)
    record = _standing(request, history, registry)
    if record is not None:
        tell(f"already promoted: record {record.sequence}, version {record.version}")
    else:
        _check_incumbents(history, request)
        version = _version(request, registry, tell)
        record = _signed(request, history, version.number, signer)
        log.append(record, record.sequence)
        tell(f"record {record.sequence}: {record.model} version {record.version} is {record.alias}")
        history = read_back(record, log, keys)
    name = request.card.id
    changes = show(name, desired({name: request.card}, {name: request.lock}, history), registry)
    if changes:
        tell(f"{registry.uri} shows it ({count(len(changes), 'write')})")
    return record


def _check_name(request: PromotionRequest, history: History, registry: Registry) -> None:
    """Refuse a name that is somebody else's, or an adapted model's."""
    name = request.card.id
    check_name(name, registry, hint="rename or delete it there, or give the card another id")
    if any(record.model == name and record.adapted for record in history.records):
        raise Conflict(
            f"{name} is an adapted model in the promotion log", hint="give the card another id: hub history"
        )


def _check_incumbents(history: History, request: PromotionRequest) -> None:
    """Refuse evidence that was not compared with what is approved by now.

    Raises:
        Conflict: If another model was approved for a task since, or was not known where the evidence was made.
    """
    facts = {task.id: task for task in request.evidence.findings.tasks}
    for task in request.decision.approved_tasks:
        found = incumbent(history, task.task)
        if found and found[0].model_digest not in {request.lock.digest, facts[task.task].incumbent}:
            raise Conflict(
                f"{found[0].model} is approved for {task.task} (record {found[0].sequence}), and this evidence is not "
                "compared with it",
                hint=f"hub history --refresh, then hub evaluate {request.card.id} --task {task.task} --final",
            )


def _standing(request: PromotionRequest, history: History, registry: Registry) -> Record | None:
    """Return the record of this very decision, if it is the newest of the model and its version is there."""
    record = latest(history, request.card.id)
    if record is None or _grounds(record) != _grounds(
        record_of(request, history, record.version, record.approver)
    ):
        return None
    numbers = {version.number for version in registry.versions(request.card.id)}
    return record if record.version in numbers else None


def _grounds(record: Record) -> tuple[object, ...]:
    """Return what makes two promotions the same: not who, when or why."""
    tasks = tuple(row.model_copy(update={"since": 0}) for row in record.tasks)
    return (
        record.model_digest, record.files, tasks, record.findings_digest, record.policy_digest, record.alias,
    )  # fmt: skip


def _version(request: PromotionRequest, registry: Registry, tell: Tell) -> ModelVersion:
    """Return a version around the exact bytes."""
    card, lock = request.card, request.lock
    plan = VersionPlan(
        name=card.id,
        digest=lock.digest,
        size=lock.size,
        build=lambda into: build_version(candidate_of(card, lock), request.folder, into),
        description=describe_model(card, lock, None),
        tags=model_tags(card, None),
    )
    return version_around(plan, registry, tell)


def _signed(request: PromotionRequest, history: History, version: int, signer: Signer) -> Record:
    record = record_of(request, history, version, signer.owner)
    return record.model_copy(update={"signature": signer.sign(record.signed_bytes)})
