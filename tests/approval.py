"""A card, its lock, a policy and evidence that fit together: what a decision is made from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cache

from evaluators.candidate import Candidate, FileEntry, Structure, TextInput
from evaluators.canonical import digest_of_bytes
from evaluators.comparison_evidence import Comparison
from evaluators.evidence import Estimate, Evidence
from evaluators.facts import TaskFacts
from hub.card import Card, DirectoryMirror, Licence, Lifecycle, Sourced
from hub.decision import Decision, RuleResult
from hub.gate import decide
from hub.lock import Lock
from hub.policy import Policy, Rule
from hub.promotion_log import ApprovedTask, Record
from tests import synthetic
from tests.synthetic import World

TODAY = dt.date(2026, 11, 20)


def card(**changes: object) -> Card:
    """Return an active card of a text model."""
    values = {
        "schema": 1,
        "id": "mini",
        "title": "Mini",
        "summary": "A small encoder of English text.",
        "library": "transformers",
        "family": "encoder",
        "input": TextInput(max_tokens=128, pooling="mean"),
        "mirrors": (DirectoryMirror(kind="directory", path="data/mini"),),
        "files": ("config.json", "model.safetensors"),
        "languages": ("en",),
        "parameters": 22_713_216,
        "pretraining": Sourced(text="Sentence pairs.", source="https://example.org/mini"),
        "owner": "nlp-team",
        "licence": Licence(spdx="Apache-2.0", use="any", source="https://example.org/licence"),
        "intended_use": "Features for classifiers of short English texts.",
        "limits": ("English only.", "Texts over 128 tokens are cut."),
        "lifecycle": Lifecycle(state="active", since=dt.date(2026, 10, 1)),
        "review_by": dt.date(2027, 10, 1),
    }
    return Card.model_validate({**values, **changes})


def lock(*names: str) -> Lock:
    """Return a lock over files of these names."""
    files = tuple(
        FileEntry(path=name, size=1 << 20, sha256=digest_of_bytes(name.encode()))
        for name in names or ("config.json", "model.safetensors")
    )
    structure = Structure(
        architecture="BertModel", parameters=22_713_216, width=384, blocks=6, flops_per_input=10**9
    )
    return Lock(schema=1, files=files, structure=structure)


def world(a_card: Card | None = None, a_lock: Lock | None = None, **changes: object) -> World:
    """Return a world whose candidate is the card's, with the lock's bytes."""
    of_card, of_lock = a_card or card(), a_lock or lock()
    candidate = Candidate(
        name=of_card.id,
        library=of_card.library,
        input=of_card.input,
        structure=of_lock.structure,
        files=of_lock.files,
    )
    return World(
        candidate=of_card.id, digest=of_lock.digest, subject=candidate.subject, items=200, runs=5
    ).but(**changes)


@cache
def good_evidence() -> Evidence:
    """Return evidence that every rule of `policy()` accepts."""
    return synthetic.evidence(world())


def rule(kind: str, **changes: object) -> Rule:
    """Return one rule, named after its kind."""
    return Rule.model_validate({"id": kind, "kind": kind, "why": "It is a test.", **changes})


RULES = (
    rule("licence", allow=("any",)),
    rule("format"),
    rule("lifecycle"),
    rule("measured-on", allow=("cpu", "clean")),
    rule("final-scores"),
    rule("promotable-task"),
    rule("no-leak"),
    rule("minimum-runs", at_least=5.0),
    rule("baselines-present"),
    rule("gain-over-from-scratch"),
    rule("gain-over-best-baseline"),
    rule("gain-over-incumbent"),
    rule("generalization-gap", at_most=0.2),
    rule("shift-drop", at_most=0.1),
    rule("cost-cap", at_most=60.0),
)


def policy(*rules: Rule, **changes: object) -> Policy:
    """Return a policy of these rules, or of one rule of every kind."""
    values = {"schema": 1, "id": "default", "title": "Default", "rules": rules or RULES}
    return Policy.model_validate({**values, **changes})


def judged(
    *rules: Rule,
    evidence: Evidence | None = None,
    of: Card | None = None,
    locked: Lock | None = None,
    **changes: object,
) -> Decision:
    """Decide about a card under a policy of these rules."""
    return decide(
        of or card(), locked or lock(), evidence or good_evidence(), policy(*rules, **changes), today=TODAY
    )


def result(decision: Decision, name: str) -> RuleResult:
    """Return the result of one rule."""
    rows = [*decision.rules, *(row for task in decision.tasks for row in task.rules)]
    return next(row for row in rows if row.rule == name)


def with_comparisons(change: Callable[[Comparison], Comparison | None]) -> Evidence:
    """Return the good evidence with each comparison changed, or dropped where `change` returns None."""
    evidence = good_evidence()
    rows = (change(row) for row in evidence.findings.comparisons)
    kept = tuple(row for row in rows if row is not None)
    return evidence.model_copy(
        update={"findings": evidence.findings.model_copy(update={"comparisons": kept})}
    )


def with_difference(
    purpose: str, low: float | None, value: float, high: float | None, **changes: object
) -> Evidence:
    """Return the good evidence with another difference in every comparison of one purpose."""

    def change(row: Comparison) -> Comparison:
        if row.purpose != purpose:
            return row
        return row.model_copy(
            update={"difference": Estimate(value=value, low=low, high=high, n=5), **changes}
        )

    return with_comparisons(change)


def with_task(**changes: object) -> Evidence:
    """Return the good evidence with other facts of the task."""
    evidence = good_evidence()
    tasks: tuple[TaskFacts, ...] = tuple(row.model_copy(update=changes) for row in evidence.findings.tasks)
    return evidence.model_copy(update={"findings": evidence.findings.model_copy(update={"tasks": tasks})})


def with_observations(**changes: object) -> Evidence:
    """Return the good evidence with other observations."""
    evidence = good_evidence()
    return evidence.model_copy(update={"observations": evidence.observations.model_copy(update=changes)})


def computed_in(**changes: object) -> Evidence:
    """Return the good evidence, computed in another environment."""
    observed = good_evidence().observations
    place = next(iter(observed.environments.values())).model_copy(update=changes)
    costs = tuple(cost.model_copy(update={"environment": place.digest}) for cost in observed.costs)
    return with_observations(environments={place.digest: place}, costs=costs)


def record(**changes: object) -> Record:
    """Return a promotion of the card for one task."""
    approved = ApprovedTask(
        task="help-desk",
        task_digest="a" * 64,
        strategy="linear-probe",
        labels_per_class=8,
        labels=80,
        score="91.2 [90.1, 92.3] accuracy, 80 labels, 5 runs",
        metric="accuracy",
        value=0.912,
        subject="d" * 64,
        findings_digest="b" * 64,
        since=3,
    )
    values = {
        "sequence": 3,
        "previous": "0" * 64,
        "model": "mini",
        "version": 2,
        "model_digest": lock().digest,
        "files": lock().files,
        "library": "transformers",
        "tasks": (approved,),
        "findings_digest": "b" * 64,
        "policy": "default",
        "policy_digest": "c" * 64,
        "alias": "approved",
        "approver": "ada",
        "reason": "Better than TF-IDF at every size.",
        "created": "2026-11-20T09:00:00Z",
    }
    return Record.model_validate({**values, **changes})
