"""Decides whether evidence is enough to approve a base model, and for which tasks.

Reads a card, its lock, evidence and a policy; returns a `Decision`. Touches no disk, network or clock:
`today` is an argument, so deciding again from the stored documents gives the same bytes. Every rule ends as
pass, fail, insufficient evidence, not applicable or waived, with what was required beside what was measured.
Three demands hold under every policy: the evidence is about these bytes, something was recommended and
scored, and the task is a reviewed one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from evaluators.evidence import Evidence
from hub.card import Card
from hub.decision import Decision, Outcome, TaskVerdict
from hub.gate_rules import comparisons, diagnostics, model, serving
from hub.gate_rules.case import Judgement, ModelCase, TaskCase
from hub.lock import Lock
from hub.policy import Policy, Rule
from hub.ruling import SWITCHED_OFF, Ruled, built_in, reason_of, verdict_of, waiver_of, with_waiver
from hub.verdict_sentence import TaskOutcome, Verdict, score_words, verdict_sentence, waiver_sentence

MODEL_RULES: Mapping[str, Callable[[Rule, ModelCase], Judgement]] = {
    "licence": model.licence,
    "format": model.file_format,
    "lifecycle": model.lifecycle,
    "measured-on": model.measured_on,
}
TASK_RULES: Mapping[str, Callable[[Rule, TaskCase], Judgement]] = {
    "baselines-present": comparisons.baselines_present,
    "gain-over-from-scratch": comparisons.gain_over_from_scratch,
    "gain-over-best-baseline": comparisons.gain_over_best_baseline,
    "gain-over-incumbent": comparisons.gain_over_incumbent,
    "minimum-runs": comparisons.minimum_runs,
    "generalization-gap": diagnostics.generalization_gap,
    "shift-drop": diagnostics.shift_drop,
    "forgetting-cap": diagnostics.forgetting_cap,
    "cost-cap": diagnostics.cost_cap,
    "latency-cap": serving.latency_cap,
    "final-scores": diagnostics.final_scores,
    "no-leak": diagnostics.no_leak,
    "promotable-task": diagnostics.promotable_task,
}


def decide(
    card: Card,
    lock: Lock,
    evidence: Evidence,
    policy: Policy,
    *,
    approvals: tuple[str, ...] = (),
    today: dt.date,
) -> Decision:
    """Apply a policy to the evidence about a card.

    Args:
        card: The model.
        lock: Its pinned bytes.
        evidence: What was measured; other candidates in it are ignored.
        policy: The rules.
        approvals: Who approved, by name; equal names count once.
        today: For waivers and review dates.

    Returns:
        The verdict, rule by rule. A task is approved only if every decisive rule about the model and about
        the task passes, is waived or does not apply.
    """
    about_model = _model_rules(
        ModelCase(card=card, today=today, lock=lock, evidence=evidence), policy, approvals
    )
    model_verdict = verdict_of(about_model)
    ruled = [(case, _task_rules(case, policy, today)) for case in _cases(card, evidence)]
    outcomes = [TaskOutcome(case, verdict_of(rules), reason_of(rules)) for case, rules in ruled]
    verdict = _overall(model_verdict, [outcome.verdict for outcome in outcomes])
    reason = reason_of(about_model) if verdict == model_verdict != "approved" else ""
    decision = Decision(
        model=card.id,
        model_digest=lock.digest,
        verdict=verdict,
        sentence=verdict_sentence(card.id, verdict, model_reason=reason, tasks=outcomes),
        rules=tuple(row.result for row in about_model),
        tasks=tuple(_task_verdict(case, rules, model_verdict) for case, rules in ruled),
        findings_digest=evidence.findings.digest,
        observations_digest=evidence.observations.digest,
        policy=policy.id,
        policy_digest=policy.digest,
        decided_on=today.isoformat(),
    )
    return decision.model_copy(update={"sentence": decision.sentence + waiver_sentence(decision)})


def _cases(card: Card, evidence: Evidence) -> list[TaskCase]:
    """Return the tasks that this card's candidate was measured on: evidence may be about others too."""
    measured = {cell.task for cell in evidence.findings.cells if cell.candidate == card.id}
    return [TaskCase(card, evidence, facts) for facts in evidence.findings.tasks if facts.id in measured]


def _model_rules(case: ModelCase, policy: Policy, approvals: tuple[str, ...]) -> list[Ruled]:
    ruled = [built_in("identity", model.identity(case))]
    for rule in policy.rules:
        if rule.kind in MODEL_RULES:
            judgement = MODEL_RULES[rule.kind](rule, case) if rule.enabled else SWITCHED_OFF
            ruled.append(with_waiver(rule, judgement, waiver_of(policy, rule, case.card.id), case.today))
    if policy.approvals_needed:
        ruled.append(built_in("approvals", model.approvals_given(policy.approvals_needed, approvals)))
    return ruled


def _task_rules(case: TaskCase, policy: Policy, today: dt.date) -> list[Ruled]:
    ruled: list[Ruled] = []
    if case.score is None:
        required = f"a transfer strategy scored on {case.judged_set}"
        missing = Judgement(Outcome.INSUFFICIENT, required, "none", "evaluate again")
        ruled.append(built_in("recommendation", missing, task=case.task.id))
    for rule in policy.rules:
        if rule.kind in TASK_RULES:
            judgement = TASK_RULES[rule.kind](rule, case) if rule.enabled else SWITCHED_OFF
            waiver = waiver_of(policy, rule, case.card.id)
            ruled.append(with_waiver(rule, judgement, waiver, today, task=case.task.id))
    if not case.task.promotable:
        # No policy and no waiver makes a personal CSV a reason to approve a model for everybody.
        ruled.append(built_in("reviewed-task", diagnostics.reviewed_task(case), task=case.task.id))
    ruled += _contamination(case)
    return ruled


def _contamination(case: TaskCase) -> list[Ruled]:
    """Note what the card says about this task's data: shown, never judged."""
    return [
        built_in(
            "contamination",
            Judgement(Outcome.NOT_APPLICABLE, "shown, not judged", f"known contamination: {row.reason}"),
            task=case.task.id,
            decisive=False,
        )
        for row in case.card.contamination
        if row.task == case.task.id
    ]


def _overall(about_model: Verdict, tasks: Sequence[Verdict]) -> Verdict:
    """Combine: a model is approved if it is approved for one task, refused if for none it could still be."""
    if about_model == "refused" or (tasks and set(tasks) == {"refused"}):
        return "refused"
    return "approved" if about_model == "approved" and "approved" in tasks else "insufficient evidence"


def _task_verdict(case: TaskCase, rules: Sequence[Ruled], about_model: Verdict) -> TaskVerdict:
    chosen = case.recommendation
    # A base that may not be used at all may not be used for this task either.
    approved = about_model == "approved" and verdict_of(rules) == "approved"
    return TaskVerdict(
        task=case.task.id,
        approved=approved,
        strategy=chosen.strategy if chosen else None,
        labels_per_class=chosen.labels_per_class if chosen else None,
        score=score_words(case),
        rules=tuple(row.result for row in rules),
    )
