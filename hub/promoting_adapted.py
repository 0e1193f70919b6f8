"""`hub promote --adapted`, without the printing: from a folder to a record, or to the decision that refused it.

In: what a person asked, the catalog, the registry. Out: an `Outcome`. The order is that of cost and trust: words, log,
name and base are refused before anything is measured; what was promoted before is not measured again; the locked test
is opened last.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from evaluators.data import load_task
from hub.adapted_evidence import Setting, measure, sign_and_keep
from hub.adapted_gate import AdaptedCase, decide_adapted
from hub.adapted_grounds import grounds_of
from hub.adapted_history import incumbent_adapted
from hub.adapted_promotion import AdaptedPromotion, promoted_before, require_reason
from hub.blobs import BlobStore
from hub.catalog import Catalog
from hub.decision import Decision
from hub.deliver import Origin
from hub.home import Home
from hub.preparation import located
from hub.promote_adapted import promote_adapted, show_again
from hub.promotion_log import Record, read_history
from hub.promotion_steps import check_log, check_name
from hub.registry.mlflow_log import RegistryLog
from hub.registry.registry import Registry
from hub.signing import KeyRing, Signer
from hub.sync import Tell


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
        Conflict: If somebody else promoted meanwhile, or has the name.
        EnvironmentProblem: If registry, data or HUB_HOME cannot be used.
    """
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
    decision = decide_adapted(AdaptedCase(grounds, evidence, asked.now.date()), policy)
    if decision.verdict != "approved":
        return Outcome(None, decision, path)
    request = AdaptedPromotion(
        grounds, decision, evidence, policy, asked.reason, asked.now, asked.despite_doubt
    )
    record = promote_adapted(
        request, registry, log=log, signer=person.signer, keys=person.keys, tell=telling.done
    )
    return Outcome(record, decision, path)
