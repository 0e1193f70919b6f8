"""What must hold between the files of a catalog: tasks, protocols and policies. Cards are `hub.card_rules`.

In: one document, and what stands around it. Out: remarks; none where all is well. Pure but for the data files of the
catalog itself, whose bytes are compared with what the tasks say.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluators.data.locations import FileFacts, facts_of
from evaluators.data.mirrors import Mirror, parse_mirror
from evaluators.document import Document
from evaluators.errors import InvalidDocument
from evaluators.names import nearest
from evaluators.protocol import Protocol
from evaluators.strategy import STRATEGIES
from evaluators.task import DataFile, Task
from hub.lock import Lock
from hub.policy import NOT_WAIVABLE, Policy, Rule, Waiver

#: What stands in a draft where only a person can answer.
TODO = "TODO"
_RESERVED_ALIAS = re.compile(r"latest|v\d+|.*[^\w-].*|", re.IGNORECASE)
_NEEDS_BOUND = {
    "cost-cap": "at_most",
    "latency-cap": "at_most",
    "generalization-gap": "at_most",
    "shift-drop": "at_most",
    "forgetting-cap": "at_most",
}
# Optional where scikit-learn fits: without it the run's own seed is used.
_SEED = ("random_state",)
_NEEDS_LIST = {"licence", "measured-on"}
_SPDX = (
    "Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "CC-BY-4.0", "CC-BY-3.0", "CC-BY-SA-4.0",
    "CC-BY-NC-4.0", "CC-BY-NC-SA-4.0", "GPL-3.0-only", "AGPL-3.0-only", "LGPL-3.0-only", "MPL-2.0", "Unlicense",
    "ISC", "PDDL-1.0", "ODC-By-1.0", "CDLA-Permissive-2.0",
)  # fmt: skip


@dataclass(frozen=True)
class Remark:
    """One thing about a file.

    Attributes:
        text: What is wrong, with the field.
        hint: The next step, or None.
        warning: True: somebody should look, but the file may be merged.
    """

    text: str
    hint: str | None = None
    warning: bool = False


@dataclass(frozen=True)
class Around:
    """What stands around a document. Names count also where their file is broken."""

    folder: Path
    today: dt.date
    models: frozenset[str]
    tasks: frozenset[str]
    locks: Mapping[str, Lock]


def unanswered(document: Document) -> Iterator[Remark]:
    """Yield the fields where a draft still says TODO."""
    for field, value in document.model_dump(mode="json").items():
        if TODO in json.dumps(value, ensure_ascii=False):
            yield Remark(f"{field}: still says {TODO}", hint="only a person can answer it")


def task_remarks(task: Task, around: Around) -> Iterator[Remark]:
    """Yield what is wrong with a task among the others."""
    yield from unanswered(task)
    if TODO in task.licence:
        return
    yield from spdx_remarks("licence", task.licence)
    for name, file in task.files.items():
        if not file.mirrors:
            yield Remark(f"files.{name}.mirrors: at least one mirror is needed")
        for text in file.mirrors:
            yield from _mirror_remarks(f"files.{name}", text, file, around)


def protocol_remarks(protocol: Protocol) -> Iterator[Remark]:
    """Yield what is wrong with a protocol: strategies and settings that are not in the table."""
    rows = {row.id: row for row in STRATEGIES}
    for name in protocol.strategies:
        if name not in rows:
            yield _unknown("strategies", "strategy", name, rows)
    if len(set(protocol.strategies)) != len(protocol.strategies):
        yield Remark("strategies: one stands twice")
    if not protocol.strategies:
        yield Remark("strategies: at least one is needed")
    for name, settings in protocol.settings.items():
        if name not in rows:
            continue
        known = [*rows[name].defaults, *(_SEED if "max_iter" in rows[name].defaults else ())]
        for setting in settings:
            if setting not in known:
                yield _unknown(f"settings.{name}", "setting", setting, known)


def policy_remarks(policy: Policy, around: Around) -> Iterator[Remark]:
    """Yield what is wrong with a policy: rules that demand nothing, waivers of nothing."""
    ids = [rule.id for rule in policy.rules]
    for twice in sorted({name for name in ids if ids.count(name) > 1}):
        yield Remark(f"rules: {twice} stands twice")
    for rule in policy.rules:
        yield from _rule_remarks(rule)
    for waiver in policy.waivers:
        if waiver.rule not in ids:
            yield _unknown("waivers", "rule", waiver.rule, ids)
        yield from _waiver_remarks(waiver, policy)
        if waiver.model not in around.models:
            yield _waiver_of_no_card(waiver, around)
        if waiver.expires < around.today:
            text = f"waivers: the one of {waiver.rule} for {waiver.model} expired on {waiver.expires}; it is void"
            yield Remark(text, hint="remove it", warning=True)
    if policy.approvals_needed > 0:
        yield Remark(
            f"approvals_needed: {policy.approvals_needed} can never be met: no command records approvals yet",
            hint="approvals_needed: 0",
        )
    if _RESERVED_ALIAS.fullmatch(policy.alias):
        yield Remark(
            f"alias: MLflow does not accept {policy.alias!r}",
            hint="letters, digits, - and _; not latest, not v1",
        )


def spdx_remarks(field: str, licence: str) -> Iterator[Remark]:
    """Yield what is wrong with the name of a licence: a policy compares it letter by letter."""
    if licence.startswith("LicenseRef-") and re.fullmatch(r"LicenseRef-[A-Za-z0-9.-]+", licence):
        return
    known = {name.casefold(): name for name in _SPDX}
    if licence.casefold() in known and licence != known[licence.casefold()]:
        yield Remark(f"{field}: {licence!r} is written {known[licence.casefold()]} by SPDX")
    elif not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+-]*", licence):
        yield Remark(
            f"{field}: {licence!r} is no SPDX id", hint="an id of spdx.org/licenses, or LicenseRef-NAME"
        )
    elif licence not in _SPDX:
        yield Remark(f"{field}: {licence} is not among the common SPDX ids; check its spelling", warning=True)


def _waiver_of_no_card(waiver: Waiver, around: Around) -> Remark:
    """Return the remark for a waiver whose model has no card: a slip, unless it is about an adapted model."""
    remark = _unknown("waivers", "model", waiver.model, around.models)
    if remark.hint:
        return remark
    text = f"waivers: {waiver.model} has no card: the one of {waiver.rule} counts for an adapted model of that name"
    return Remark(text, warning=True)


def _unknown(
    field: str, what: str, name: str, known: Mapping[str, object] | frozenset[str] | list[str]
) -> Remark:
    close = nearest(name, known, limit=1)
    return Remark(f"{field}: unknown {what} {name!r}", hint=f"did you mean {close[0]!r}?" if close else None)


def unknown_reference(field: str, what: str, name: str, known: frozenset[str]) -> Remark:
    """Return the remark for a name that nothing has, with the nearest one."""
    return _unknown(field, what, name, known)


def _rule_remarks(rule: Rule) -> Iterator[Remark]:
    if not rule.why.strip():
        yield Remark(f"rules.{rule.id}: say why in one sentence")
    bound = _NEEDS_BOUND.get(rule.kind)
    if rule.enabled and bound and getattr(rule, bound) is None:
        yield Remark(f"rules.{rule.id}: a rule of kind {rule.kind} needs `{bound}`")
    if rule.enabled and rule.kind in _NEEDS_LIST and not rule.allow:
        yield Remark(f"rules.{rule.id}: a rule of kind {rule.kind} needs `allow`")


def _waiver_remarks(waiver: Waiver, policy: Policy) -> Iterator[Remark]:
    """Yield what is wrong with a waiver whatever the day: nobody answers for it, or its rule is none to waive."""
    name = f"waivers: the one of {waiver.rule} for {waiver.model}"
    for field, value in (("reason", waiver.reason), ("owner", waiver.owner)):
        if not value.strip():
            yield Remark(f"{name} has no {field}", hint="a waiver says why, and who answers for it")
    kind = next((rule.kind for rule in policy.rules if rule.id == waiver.rule), None)
    if kind in NOT_WAIVABLE:
        yield Remark(
            f"{name}: a rule of kind {kind} cannot be waived",
            hint="change the rule itself, for every model, if it asks too much",
        )


def _mirror_remarks(field: str, text: str, file: DataFile, around: Around) -> Iterator[Remark]:
    try:
        mirror = parse_mirror(text)
    except InvalidDocument as error:
        yield Remark(f"{field}: {error.message}", hint=error.hint)
        return
    if mirror.kind == "catalog":
        yield from _bytes_remarks(field, mirror, file, around)


def _bytes_remarks(field: str, mirror: Mirror, file: DataFile, around: Around) -> Iterator[Remark]:
    """Compare a file of the catalog with what the task says; other places are looked at when they are used."""
    path = around.folder / mirror.path
    if not path.exists():
        yield Remark(f"{field}: {mirror}: the catalog has no such file")
        return
    try:
        found = facts_of(path)
    except InvalidDocument as error:
        yield Remark(f"{field}: {mirror}: {error.message}", hint=error.hint)
        return
    if found != FileFacts(file.size, file.sha256):
        yield Remark(
            f"{field}: {mirror}: has {found.size:,} bytes with sha256 {found.sha256}; "
            f"the task says {file.size:,} bytes with sha256 {file.sha256}",
            hint="restore the file; data that changed on purpose are a new task",
        )
