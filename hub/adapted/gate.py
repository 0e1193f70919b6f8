"""Decides whether an adapted model is approved for the task that it was adapted to.

Reads evidence about the artifact, its base's card and approval, and a policy; returns a `Decision`, as for bases.
Touches no disk, network or clock. Two demands hold under every policy: the base is approved for this task, and the
scores are of the locked test. Rules about strategies need runs: they judged the base, and say nothing of an artifact.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from evaluators.artifact_evidence import ArtifactEvidence, ArtifactFinding
from evaluators.facts import TaskFacts
from evaluators.wording import count, difference, metric_title, score, title
from hub.card import Card
from hub.decision import Decision, Outcome, TaskVerdict
from hub.gate_rules import artifact, model
from hub.gate_rules.artifact import ArtifactCase
from hub.gate_rules.case import CardCase, Judgement
from hub.policy import Policy, Rule
from hub.promotion_log import ApprovedTask, Record
from hub.ruling import SWITCHED_OFF, Ruled, built_in, reason_of, verdict_of, waiver_of, with_waiver
from hub.verdict_sentence import Verdict, waiver_sentence

BASE_RULES: Mapping[str, Callable[[Rule, CardCase], Judgement]] = {
    "licence": model.licence,
    "lifecycle": model.lifecycle,
}
ARTIFACT_RULES: Mapping[str, Callable[[Rule, ArtifactCase], Judgement]] = {
    "final-scores": artifact.final_scores,
    "no-leak": artifact.no_leak,
    "gain-over-best-baseline": artifact.gain_over_best_baseline,
    "gain-over-incumbent": artifact.gain_over_incumbent,
}
_PLACE = "measured-on"


@dataclass(frozen=True, eq=False)
class AdaptedCase:
    """An adapted model as the gate sees it.

    Attributes:
        evidence: What was measured.
        card: Its base's card.
        approval: What approves its base for the task now; None if nothing is known to.
        today: Waivers and reviews run out.
        best: As in `ArtifactCase`.
    """

    evidence: ArtifactEvidence
    card: Card
    approval: tuple[Record, ApprovedTask] | None
    today: dt.date
    best: tuple[Record, ApprovedTask] | None = None

    @property
    def model(self) -> ArtifactFinding:
        """The model, as it was measured."""
        return self.evidence.findings.candidate

    @property
    def task(self) -> TaskFacts:
        """The task that it was adapted to."""
        return self.evidence.findings.task


def decide_adapted(case: AdaptedCase, policy: Policy, *, approvals: tuple[str, ...] = ()) -> Decision:
    """Apply a policy to the evidence about an adapted model.

    Args:
        case: The model and its evidence.
        policy: The rules.
        approvals: Who approved, by name; equal names count once.
    """
    findings = case.evidence.findings
    about_base = _base_rules(case, policy, approvals)
    about_artifact = _artifact_rules(case, policy)
    every = [*about_base, *about_artifact]
    verdict = verdict_of(every)
    decision = Decision(
        model=case.model.name,
        model_digest=case.model.digest,
        verdict=verdict,
        sentence=_sentence(case, verdict, reason_of(every)),
        rules=tuple(row.result for row in about_base),
        tasks=(
            TaskVerdict(
                task=case.task.id,
                approved=verdict == "approved",
                strategy=case.model.strategy,
                labels_per_class=case.model.trained_on // len(case.task.labels),
                score=score_of(case.evidence),
                rules=tuple(row.result for row in about_artifact),
            ),
        ),
        findings_digest=findings.digest,
        observations_digest=case.evidence.observations.digest,
        policy=policy.id,
        policy_digest=policy.digest,
        decided_on=case.today.isoformat(),
    )
    return decision.model_copy(update={"sentence": decision.sentence + waiver_sentence(decision)})


def score_of(evidence: ArtifactEvidence) -> str:
    """Return `91.2 [88.0, 93.7] accuracy on 430 test items, 616 labels`."""
    mine, metric = evidence.findings.candidate, metric_title(evidence.findings.task.metric)
    items = count(mine.estimate.n, "test item")
    return f"{score(mine.estimate)} {metric} on {items}, {count(mine.trained_on, 'label')}"


def _base_rules(case: AdaptedCase, policy: Policy, approvals: tuple[str, ...]) -> list[Ruled]:
    ruled = [built_in("base-approved", _base_stands(case))]
    for rule in policy.rules:
        if rule.kind in BASE_RULES:
            judgement = BASE_RULES[rule.kind](rule, CardCase(case.card, case.today))
        elif rule.kind == _PLACE:
            judgement = model.measured_in(rule, [case.evidence.observations.environment])
        else:
            continue
        ruled.append(_ruled(rule, judgement, case, policy))
    if policy.approvals_needed:
        ruled.append(built_in("approvals", model.approvals_given(policy.approvals_needed, approvals)))
    return ruled


def _base_stands(case: AdaptedCase) -> Judgement:
    demand = f"its base, {case.card.id}, is approved for {case.task.id}"
    if case.approval is None:
        return Judgement(
            Outcome.FAIL, demand, "no record that is known here approves it", "hub history --refresh"
        )
    record, approved = case.approval
    return Judgement(Outcome.PASS, demand, f"record {record.sequence}: {approved.score}")


def _artifact_rules(case: AdaptedCase, policy: Policy) -> list[Ruled]:
    seen, task = ArtifactCase(case.evidence, case.best), case.task.id
    return [
        _ruled(rule, ARTIFACT_RULES[rule.kind](rule, seen), case, policy, task=task)
        for rule in policy.rules
        if rule.kind in ARTIFACT_RULES
    ]


def _ruled(
    rule: Rule, judgement: Judgement, case: AdaptedCase, policy: Policy, *, task: str | None = None
) -> Ruled:
    waiver = waiver_of(policy, rule, case.model.name)
    return with_waiver(rule, judgement if rule.enabled else SWITCHED_OFF, waiver, case.today, task=task)


def _sentence(case: AdaptedCase, verdict: Verdict, reason: str) -> str:
    name, task = case.model.name, case.task.id
    if verdict == "refused":
        return f"{name} is refused for {task}: {reason}."
    if verdict != "approved":
        return f"{name} is not approved for {task}, where the evidence does not suffice: {reason}."
    seen = ArtifactCase(case.evidence)
    words = f"{title(case.model.strategy)} on {case.card.id} {score_of(case.evidence)}"
    for purpose in ("gain-over-best-baseline", "gain-over-incumbent"):
        for row in seen.compared(purpose)[:1]:
            reference = seen.reference(row)
            other = title(reference.strategy) if reference.role == "baseline" else reference.name
            words += f", {difference(row.difference)} over {other}"
    return f"{name} is approved for {task}: {words}."
