"""Rules about the model itself: are these the bytes that were measured, may we use them, in which form, measured where.

No score is read here. A rule of this file that fails refuses the model for every task.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from evaluators.candidate import Candidate
from evaluators.canonical import short
from evaluators.observations import Environment
from evaluators.wording import count
from hub.decision import Outcome
from hub.gate_rules.case import CardCase, Judgement, ModelCase
from hub.policy import Rule

#: Endings of files that hold weights, and of others that run code when they are loaded.
_WEIGHTS = (
    "safetensors",
    "bin",
    "pt",
    "pth",
    "ckpt",
    "h5",
    "keras",
    "msgpack",
    "onnx",
    "gguf",
    "tflite",
    "pb",
)
_CODE = ("pkl", "pickle", "joblib", "npz", "npy", "py", "so")
#: In `allow` of a measured-on rule: the working tree had no uncommitted changes.
CLEAN = "clean"


def identity(case: ModelCase) -> Judgement:
    """Whether the evidence is about the locked bytes, read as the card says."""
    required = f"evidence about {case.card.id} with digest {short(case.lock.digest)}, inputs as on the card"
    facts = case.facts
    if facts is None:
        names = ", ".join(row.name for row in case.evidence.findings.candidates) or "nothing"
        settles = f"hub evaluate {case.card.id}"
        return Judgement(Outcome.INSUFFICIENT, required, f"evidence about {names}", settles)
    candidate = Candidate(
        name=case.card.id,
        library=case.card.library,
        input=case.card.input,
        structure=case.lock.structure,
        files=case.lock.files,
    )
    if facts.digest != case.lock.digest:
        return Judgement(Outcome.FAIL, required, f"evidence about digest {short(facts.digest)}: other bytes")
    if facts.subject != candidate.subject:
        return Judgement(Outcome.FAIL, required, "evidence about the same bytes read in another way")
    return Judgement(Outcome.PASS, required, f"digest {short(facts.digest)}")


def licence(rule: Rule, case: CardCase) -> Judgement:
    """Whether the licence of the weights, or its use class, is one that the policy allows."""
    found = case.card.licence
    ok = found.use in rule.allow or found.spdx in rule.allow
    measured = f"{found.spdx}, use: {found.use}"
    return Judgement(Outcome.PASS if ok else Outcome.FAIL, f"one of: {_listed(rule.allow)}", measured)


def file_format(rule: Rule, case: ModelCase) -> Judgement:
    """Whether weights come in an allowed format, and no file of the model is code."""
    allowed = rule.allow or ("safetensors",)
    endings = {PurePosixPath(entry.path).suffix.lstrip(".").lower() for entry in case.lock.files}
    found = sorted(endings & {*_WEIGHTS, *_CODE})
    ok = bool(found) and set(found) <= set(allowed)
    measured = f"weights or code as: {_listed(found)}"
    return Judgement(Outcome.PASS if ok else Outcome.FAIL, f"only: {_listed(allowed)}", measured)


def lifecycle(rule: Rule, case: CardCase) -> Judgement:
    """Whether the card is in an allowed state and its review is not overdue."""
    allowed = rule.allow or ("active",)
    card = case.card
    overdue = card.review_by is not None and card.review_by < case.today
    measured: str = card.lifecycle.state
    if card.review_by is not None:
        measured += f", review {'was due' if overdue else 'due'} {card.review_by.isoformat()}"
    ok = card.lifecycle.state in allowed and not overdue
    required = f"{' or '.join(allowed)}, review not overdue"
    return Judgement(Outcome.PASS if ok else Outcome.FAIL, required, measured)


def measured_on(rule: Rule, case: ModelCase) -> Judgement:
    """Whether the fits ran on an allowed device and, for `clean`, from a committed working tree."""
    observed = case.evidence.observations
    used = {row.environment for row in observed.costs if row.candidate == case.card.id}
    return measured_in(rule, [place for digest, place in observed.environments.items() if digest in used])


def measured_in(rule: Rule, places: Sequence[Environment]) -> Judgement:
    """Whether all places are as a measured-on rule demands."""
    if not rule.allow:
        return Judgement(Outcome.NOT_APPLICABLE, "no demand", "the policy names no device")
    devices = sorted({place.device for place in places})
    dirty = _any_dirty(places)
    demanded = [name for name in rule.allow if name != CLEAN]
    required = f"measured on: {_listed(rule.allow)}"
    tree = {None: "no commit recorded", True: "uncommitted changes", False: "clean tree"}[dirty]
    measured = f"{_listed(devices)}; {tree}"
    if not devices or (CLEAN in rule.allow and dirty is None):
        return Judgement(Outcome.INSUFFICIENT, required, measured, "evaluate again, inside the repository")
    ok = (not demanded or set(devices) <= set(demanded)) and not (CLEAN in rule.allow and dirty)
    return Judgement(Outcome.PASS if ok else Outcome.FAIL, required, measured)


def _any_dirty(places: Sequence[Environment]) -> bool | None:
    """Return whether a tree had uncommitted changes; None if none had, and of some it is not known."""
    if any(place.dirty for place in places):
        return True
    return None if any(place.dirty is None for place in places) else False


def approvals_given(needed: int, approvals: Sequence[str]) -> Judgement:
    """Whether enough different people approved."""
    people = sorted(set(approvals))
    required = count(needed, "approval")
    measured = f"{count(len(people), 'approval')}{': ' + ', '.join(people) if people else ''}"
    if len(people) >= needed:
        return Judgement(Outcome.PASS, required, measured)
    return Judgement(Outcome.INSUFFICIENT, required, measured, f"{needed - len(people)} more by other people")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
