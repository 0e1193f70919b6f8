"""`hub promote --adapted`, without the printing: from a folder to a record, or to the decision that refused it.

In: what a person asked, the catalog, the registry. Out: an `Outcome`. The folder is copied first: what is measured,
uploaded and signed is one copy that nobody else writes to. The order is that of cost and trust: words, log, name and
base are refused before anything is measured; what was promoted before is not measured again; the locked test is opened
last. Then, as for a base (`hub.promote`): the record is the one commit point, and the version around the exact folder
comes before it, unlisted. Killed anywhere and run again, the end state is the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from evaluators.artifact_evidence import ArtifactEvidence
from evaluators.data.task_data import load_task
from evaluators.wording import count
from hub.adapted.description import describe_new_adapted, new_adapted_tags
from hub.adapted.evidence import Setting, measure, sign_and_keep
from hub.adapted.files import private_copy, private_room, read_artifact
from hub.adapted.gate import AdaptedCase, decide_adapted
from hub.adapted.grounds import Grounds, grounds_of
from hub.adapted.history import best_adapted, incumbent_adapted
from hub.adapted.record import (
    AdaptedPromotion,
    AskedToPromote,
    adapted_record,
    check_adapted,
    check_still_current,
    promoted_before,
)
from hub.blobs import BlobStore
from hub.catalog import Catalog
from hub.decision import Decision
from hub.deliver import Origin
from hub.home import Home
from hub.policy import Policy
from hub.preparation import located
from hub.promotion_checks import require_reason
from hub.promotion_log import ApprovedTask, History, PromotionLog, Record, read_history
from hub.promotion_steps import VersionPlan, check_log, check_name, read_back, version_around
from hub.registry.adapted_model import build_adapted
from hub.registry.mlflow_log import RegistryLog
from hub.registry.registry import ModelVersion, Registry
from hub.results_place import access_log, results_at
from hub.shown import desired
from hub.signing import KeyRing, Signer
from hub.sync import Tell, show

_RENAME = "give it another one: --name ID"


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
    check_name(grounds.name, registry, hint=_RENAME)
    standing = _standing(grounds, policy, history, registry, telling.done)
    if standing is not None:
        return Outcome(standing)
    data = load_task(grounds.task, located(grounds.task, catalog, home))
    setting = Setting(
        origin=Origin(registry, log, person.keys, BlobStore(home)),
        test_access=access_log(results_at(asked.results, home)),
        device=asked.device,
        who=asked.who,
        now=asked.now,
        tell=telling.doing,
    )
    measured = measure(grounds, data, incumbent_adapted(history, grounds.task.id), setting)
    evidence, path = sign_and_keep(measured, person.signer, home)
    best = best_adapted(history, grounds.task)
    decision = decide_adapted(_case(grounds, evidence, asked, best), policy)
    if decision.verdict != "approved":
        return Outcome(None, decision, path)
    request = AdaptedPromotion(asked, grounds, policy, evidence, decision)
    record = _append(request, registry, log=log, person=person, tell=telling.done)
    return Outcome(record, decision, path)


def _case(
    grounds: Grounds,
    evidence: ArtifactEvidence,
    asked: AskedToPromote,
    best: tuple[Record, ApprovedTask] | None,
) -> AdaptedCase:
    approval = (grounds.base_record, grounds.base_approval)
    return AdaptedCase(evidence, grounds.card, approval, asked.now.date(), best)


def _append(
    request: AdaptedPromotion, registry: Registry, *, log: PromotionLog, person: Person, tell: Tell
) -> Record:
    """Append the record and show it; the log is read again, because measuring takes its time."""
    check_adapted(request, person.keys)
    history = read_history(log.entries(), person.keys)
    check_log(history, person.signer, person.keys, despite_doubt=request.asked.despite_doubt)
    check_name(request.grounds.name, registry, hint=_RENAME)
    check_still_current(request, history)
    version = _version(request.grounds, registry, tell)
    unsigned = adapted_record(request, history, version.number, person.signer.owner)
    record = unsigned.model_copy(update={"signature": person.signer.sign(unsigned.signed_bytes)})
    log.append(record, record.sequence)
    tell(f"record {record.sequence}: {record.model} version {record.version} is {record.alias}")
    _show(record, read_back(record, log, person.keys), registry, tell)
    return record


def _standing(
    grounds: Grounds, policy: Policy, history: History, registry: Registry, tell: Tell
) -> Record | None:
    """Return the record that stands for this very artifact, shown again; None if it must be promoted, again or at all.

    It must, too, if the version of its record is gone.
    """
    record = promoted_before(grounds, policy, history)
    if record is None or record.version not in {row.number for row in registry.versions(grounds.name)}:
        return None
    tell(f"already promoted: record {record.sequence}, version {record.version}")
    _show(record, history, registry, tell)
    return record


def _show(record: Record, history: History, registry: Registry, tell: Tell) -> None:
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
