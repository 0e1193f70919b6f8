"""Approves a base model: appends a signed record to the promotion log, then lets the registry show it.

In: a decision of the gate, the evidence it cites, the card's locked bytes. Out: the record. The record is the one
commit point: before it, nothing is approved and nothing is listed; after it, what is missing is only display. Killed
anywhere and run again, the end state is the same; promoting the same decision again writes nothing.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from evaluators.canonical import digest_of_file
from evaluators.errors import Conflict, IntegrityError
from evaluators.wording import count
from hub.describe import describe_model, model_tags
from hub.fetch import candidate_of
from hub.promotion_log import History, PromotionLog, Record, incumbent, latest, read_history
from hub.promotion_request import PromotionRequest, check, record_of
from hub.registry.exact_model import build_version
from hub.registry.registry import OWNED, ModelVersion, NewVersion, Registry
from hub.shown import DIGEST_TAG, UNBACKED, desired
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
    _check_grounds(request, history, registry, signer, keys)
    record = _standing(request, history, registry)
    if record is not None:
        tell(f"already promoted: record {record.sequence}, version {record.version}")
    else:
        _check_incumbents(history, request)
        version = _version(request, registry, tell)
        record = _signed(request, history, version.number, signer)
        log.append(record, record.sequence)
        tell(f"record {record.sequence}: {record.model} version {record.version} is {record.alias}")
        history = _read_back(record, log, keys)
    name = request.card.id
    changes = show(name, desired({name: request.card}, {name: request.lock}, history), registry)
    if changes:
        tell(f"{registry.uri} shows it ({count(len(changes), 'write')})")
    return record


def _check_grounds(
    request: PromotionRequest, history: History, registry: Registry, signer: Signer, keys: KeyRing
) -> None:
    """Refuse before anything is written what could not be finished."""
    if signer.public.id not in keys.keys:
        raise IntegrityError(
            f"{signer.owner} would sign with {signer.public.id}, a key that this machine does not trust",
            hint="this machine must trust its own key: hub trust show",
        )
    if history.doubtful and not request.despite_doubt:
        raise IntegrityError(
            f"the end of the promotion log is damaged: {history.problems[-1]}",
            hint="use the version of basehub that the others use, trust the key of whoever made that entry (hub trust "
            "add), or restore it; `hub history` shows all; only if that entry is lost for good: --despite-doubt",
        )
    model = registry.model(request.card.id)
    if model is not None and model.tags.get(OWNED) != "true":
        raise Conflict(
            f"{registry.uri} has a registered model {request.card.id} that is not the hub's",
            hint="rename or delete it there, or give the card another id",
        )


def _read_back(record: Record, log: PromotionLog, keys: KeyRing) -> History:
    """Return the history with the new record in it."""
    history = read_history(log.entries(), keys)
    if record not in history.records:
        raise IntegrityError(
            f"record {record.sequence} is not in the log that was read back",
            hint="the registry lost it, or somebody changed it at once; look at `hub history`, then try again",
        )
    return history


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
    """Return a version around the exact bytes: one that is there and whole, or a new one."""
    name = request.card.id
    with tempfile.TemporaryDirectory(prefix="hub-version-") as folder:
        built = build_version(candidate_of(request.card, request.lock), request.folder, Path(folder))
        for version in registry.versions(name):
            if version.tags.get(DIGEST_TAG) == request.lock.digest and _is_whole(registry, version, built):
                tell(f"version {version.number} has these bytes already")
                return version
        if registry.model(name) is None:
            description = describe_model(request.card, request.lock, None)
            tags = {**model_tags(request.card, None), OWNED: "true"}
            # Not listed until a record stands: nothing is half visible.
            registry.create_model(name, description=description, tags=tags, listed=False)
        tell(f"uploading {request.lock.size / 2**20:,.1f} MiB to {registry.uri}")
        new = NewVersion(name, built, {DIGEST_TAG: request.lock.digest}, UNBACKED)
        return registry.create_version(new)


def _is_whole(registry: Registry, version: ModelVersion, built: Path) -> bool:
    """Whether a version's artifacts are, byte for byte, those that were built. Tags prove nothing."""
    for path in sorted(path for path in built.rglob("*") if path.is_file()):
        try:
            found = _digest(registry, version, path.relative_to(built).as_posix())
        except IntegrityError:
            return False
        if found != digest_of_file(path):
            return False
    return True


def _digest(registry: Registry, version: ModelVersion, path: str) -> str:
    sha = hashlib.sha256()
    for block in registry.artifact(version.name, version.number, path):
        sha.update(block)
    return sha.hexdigest()


def _signed(request: PromotionRequest, history: History, version: int, signer: Signer) -> Record:
    record = record_of(request, history, version, signer.owner)
    return record.model_copy(update={"signature": signer.sign(record.signed_bytes)})
