"""Approves an adapted model: appends a signed record to the promotion log, then lets the registry show it.

As for a base (`hub.promote`): the record is the one commit point, and the version around the exact folder comes before
it, unlisted. Killed anywhere and run again, the end state is the same; promoting the same again measures and writes
nothing.
"""

from __future__ import annotations

from evaluators.wording import count
from hub.adapted_grounds import Grounds
from hub.adapted_promotion import AdaptedPromotion, adapted_record, check_adapted, check_still_current
from hub.describe_adapted import describe_new_adapted, new_adapted_tags
from hub.promotion_log import History, PromotionLog, Record, read_history
from hub.promotion_steps import VersionPlan, check_log, check_name, read_back, version_around
from hub.registry.adapted_model import build_adapted
from hub.registry.registry import ModelVersion, Registry
from hub.shown import desired
from hub.signing import KeyRing, Signer
from hub.sync import Tell, show


def promote_adapted(
    request: AdaptedPromotion,
    registry: Registry,
    *,
    log: PromotionLog,
    signer: Signer,
    keys: KeyRing,
    tell: Tell,
) -> Record:
    """Promote an adapted model.

    Args:
        request: What, and on what grounds.
        registry: Where the version is made and shown.
        log: Where the record is appended.
        signer: Whose approval it is.
        keys: The keys that this machine trusts.
        tell: Called with what is being done.

    Returns:
        The record that backs the approval.

    Raises:
        GateRefused: If the decision is not an approval.
        IntegrityError: If decision, evidence, policy and bytes are not about each other, or the log was altered.
        UsageProblem: If the reason is empty.
        Conflict: If somebody else promoted meanwhile, or the name is taken by a model that is not the hub's.
    """
    check_adapted(request, keys)
    history = read_history(log.entries(), keys)
    check_log(history, signer, keys, despite_doubt=request.despite_doubt)
    check_name(request.grounds.name, registry, hint="give it another one: --name ID")
    check_still_current(request, history)
    version = _version(request.grounds, registry, tell)
    unsigned = adapted_record(request, history, version.number, signer.owner)
    record = unsigned.model_copy(update={"signature": signer.sign(unsigned.signed_bytes)})
    log.append(record, record.sequence)
    tell(f"record {record.sequence}: {record.model} version {record.version} is {record.alias}")
    show_adapted(record, read_back(record, log, keys), registry, tell)
    return record


def show_again(
    record: Record, grounds: Grounds, registry: Registry, *, history: History, tell: Tell
) -> Record | None:
    """Let the registry show a record that stands; None if its version is gone, and the model must be promoted again."""
    if record.version not in {version.number for version in registry.versions(grounds.name)}:
        return None
    tell(f"already promoted: record {record.sequence}, version {record.version}")
    show_adapted(record, history, registry, tell)
    return record


def show_adapted(record: Record, history: History, registry: Registry, tell: Tell) -> None:
    """Make the registry show an adapted model as the log has it."""
    changes = show(record.model, desired({}, {}, history), registry)
    if changes:
        tell(f"{registry.uri} shows it ({count(len(changes), 'write')})")


def _version(grounds: Grounds, registry: Registry, tell: Tell) -> ModelVersion:
    plan = VersionPlan(
        name=grounds.name,
        digest=grounds.artifact.digest,
        size=grounds.artifact.size,
        build=lambda into: build_adapted(grounds.artifact, into),
        description=describe_new_adapted(grounds.name),
        tags=new_adapted_tags(grounds.adapted),
    )
    return version_around(plan, registry, tell)
