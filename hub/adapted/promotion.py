"""`hub promote --adapted`, without the printing: from a folder to a record, or to the decision that refused it.

In: what a person asked, the catalog, the registry. Out: an `Outcome`. The folder is copied first: what is measured,
uploaded and signed is one copy that nobody else writes to. The order is that of cost and trust: words, log, name and
base are refused before anything is measured; what was promoted before is not measured again; the locked test is opened
last. Then, as for a base (`hub.promote`): the record is the one commit point, and the version around the exact folder
comes before it, unlisted. Killed anywhere and run again, the end state is the same.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

from evaluators.data import load_task
from evaluators.wording import count
from hub.adapted.description import describe_new_adapted, new_adapted_tags
from hub.adapted.evidence import Setting, measure, sign_and_keep
from hub.adapted.files import private_copy, private_room, read_artifact
from hub.adapted.gate import AdaptedCase, decide_adapted
from hub.adapted.grounds import Grounds, grounds_of
from hub.adapted.history import best_adapted, incumbent_adapted
from hub.adapted.record import (
    AdaptedPromotion,
    adapted_record,
    check_adapted,
    check_still_current,
    promoted_before,
    require_reason,
)
from hub.blobs import BlobStore
from hub.catalog import Catalog
from hub.decision import Decision
from hub.deliver import Origin
from hub.home import Home
from hub.preparation import located
from hub.promotion_log import History, PromotionLog, Record, read_history
from hub.promotion_steps import VersionPlan, check_log, check_name, read_back, version_around
from hub.registry.adapted_model import build_adapted
from hub.registry.mlflow_log import RegistryLog
from hub.registry.registry import ModelVersion, Registry
from hub.shown import desired
from hub.signing import KeyRing, Signer
from hub.sync import Tell, show


@dataclass(frozen=True)
class AskedToPromote:
    """What a person asked.

    Attributes:
        folder: The adapted model's folder.
        name: What it shall be called; None: as the folder.
        reason: Why, for the record.
        policy: Id of the rules.
        test_access: Place of the test-access log.
        who: Who reads the locked test.
        now: When.
        device: `cpu`, `cuda` or `any`.
        despite_doubt: Append although the end of the log is damaged.
    """

    folder: Path
    name: str | None
    reason: str
    policy: str
    test_access: str
    who: str
    now: dt.datetime
    device: str = "any"
    despite_doubt: bool = False


@dataclass(frozen=True)
class Person:
    """Whose approval it is, and whom they trust."""

    signer: Signer
    keys: KeyRing


@dataclass(frozen=True, eq=False)
class Telling:
    """Who is told: `doing` what is being done now, `done` what was done."""

    doing: Tell
    done: Tell


@dataclass(frozen=True)
class Outcome:
    """What a promotion came to.

    Attributes:
        record: What backs the approval; None if the gate did not approve.
        decision: What the gate said; None if it was promoted before, and nothing was measured.
        evidence: Where the evidence lies; None likewise.
    """

    record: Record | None
    decision: Decision | None = None
    evidence: Path | None = None


def promote_folder(
    asked: AskedToPromote,
    catalog: Catalog,
    registry: Registry,
    home: Home,
    *,
    person: Person,
    telling: Telling,
) -> Outcome:
    """Measure an adapted model's folder on its locked test, judge it, and promote it if it is approved.

    Args:
        asked: What a person asked.
        catalog: The task, the base's card, the policy.
        registry: Where it is made and shown.
        home: Store and evidence of this machine.
        person: Whose approval it is.
        telling: Who is told.

    Raises:
        UsageProblem: If the folder is no adapted model, or name or reason cannot be used.
        GateRefused: If the task is not of the catalog, or the base is not approved for it; nothing was measured.
        IntegrityError: If bytes, lineage or log are not what they should be.
        Conflict: If somebody else promoted meanwhile, or another model has the name.
        EnvironmentProblem: If registry, data or HUB_HOME cannot be used.
    """
    with private_room() as room:
        copy = private_copy(read_artifact(asked.folder), Path(room) / "model")
        ours = replace(asked, folder=copy.folder, name=asked.name or asked.folder.absolute().name)
        return _promote(ours, catalog, registry, home, person=person, telling=telling)


def _promote(
    asked: AskedToPromote,
    catalog: Catalog,
    registry: Registry,
    home: Home,
    *,
    person: Person,
    telling: Telling,
) -> Outcome:
    """Promote a folder that nobody else writes to."""
    require_reason(asked.reason)
    policy, log = catalog.policy(asked.policy), RegistryLog(registry)
    history = read_history(log.entries(), person.keys)
    check_log(history, person.signer, person.keys, despite_doubt=asked.despite_doubt)
    grounds = grounds_of(asked.folder, asked.name, catalog, history)
    check_name(grounds.name, registry, hint="give it another one: --name ID")
    before = promoted_before(grounds, policy, history)
    if before is not None:
        shown = show_again(before, grounds, registry, history=history, tell=telling.done)
        if shown is not None:
            return Outcome(shown)
    data = load_task(grounds.task, located(grounds.task, catalog, home))
    setting = Setting(
        origin=Origin(registry, log, person.keys, BlobStore(home)),
        test_access=asked.test_access,
        device=asked.device,
        who=asked.who,
        now=asked.now,
        tell=telling.doing,
    )
    measured = measure(grounds, data, incumbent_adapted(history, grounds.task.id), setting)
    evidence, path = sign_and_keep(measured, person.signer, home)
    best = best_adapted(history, grounds.task)
    decision = decide_adapted(AdaptedCase(grounds, evidence, asked.now.date(), best), policy)
    if decision.verdict != "approved":
        return Outcome(None, decision, path)
    request = AdaptedPromotion(
        grounds, decision, evidence, policy, asked.reason, asked.now, asked.despite_doubt
    )
    record = promote_adapted(
        request, registry, log=log, signer=person.signer, keys=person.keys, tell=telling.done
    )
    return Outcome(record, decision, path)


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
