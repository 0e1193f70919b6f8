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
from dataclasses import dataclass, replace

from evaluators.evidence import Evidence
from hub.card import Card
from hub.decision import Decision, Outcome, RuleResult, TaskVerdict
from hub.gate_rules import comparisons, diagnostics, model
from hub.gate_rules.case import Judgement, ModelCase, TaskCase
from hub.lock import Lock
from hub.policy import NOT_WAIVABLE, Policy, Rule, Waiver
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
    "cost-cap": diagnostics.cost_cap,
    "final-scores": diagnostics.final_scores,
    "no-leak": diagnostics.no_leak,
    "promotable-task": diagnostics.promotable_task,
}
_SWITCHED_OFF = Judgement(Outcome.NOT_APPLICABLE, "no demand", "the policy switched this rule off")
_SETTLED = frozenset({Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.WAIVED})


@dataclass(frozen=True)
class _Ruled:
    """A rule's result, and the clause for the sentence if it decides."""

    result: RuleResult
    because: str | None = None

    @property
    def reason(self) -> str:
        row = self.result
        words = self.because or f"{row.rule}: {row.measured} (required: {row.required})"
        return f"{words}; {row.settles}" if row.settles else words


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
    about_model = _model_rules(ModelCase(card, lock, evidence, today), policy, approvals)
    model_verdict = _verdict(about_model)
    ruled = [(case, _task_rules(case, policy, today)) for case in _cases(card, evidence)]
    outcomes = [TaskOutcome(case, _verdict(rules), _reason(rules)) for case, rules in ruled]
    verdict = _overall(model_verdict, [outcome.verdict for outcome in outcomes])
    reason = _reason(about_model) if verdict == model_verdict != "approved" else ""
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


def _model_rules(case: ModelCase, policy: Policy, approvals: tuple[str, ...]) -> list[_Ruled]:
    ruled = [_built_in("identity", model.identity(case))]
    for rule in policy.rules:
        if rule.kind in MODEL_RULES:
            judgement = MODEL_RULES[rule.kind](rule, case) if rule.enabled else _SWITCHED_OFF
            ruled.append(_with_waiver(rule, judgement, _waiver(policy, rule, case.card), case.today))
    if policy.approvals_needed:
        ruled.append(_built_in("approvals", model.approvals_given(policy.approvals_needed, approvals)))
    return ruled


def _task_rules(case: TaskCase, policy: Policy, today: dt.date) -> list[_Ruled]:
    ruled: list[_Ruled] = []
    if case.score is None:
        required = f"a transfer strategy scored on {case.judged_set}"
        missing = Judgement(Outcome.INSUFFICIENT, required, "none", "evaluate again")
        ruled.append(_built_in("recommendation", missing, task=case.task.id))
    for rule in policy.rules:
        if rule.kind in TASK_RULES:
            judgement = TASK_RULES[rule.kind](rule, case) if rule.enabled else _SWITCHED_OFF
            waiver = _waiver(policy, rule, case.card)
            ruled.append(_with_waiver(rule, judgement, waiver, today, task=case.task.id))
    if not case.task.promotable:
        # No policy and no waiver makes a personal CSV a reason to approve a model for everybody.
        ruled.append(_built_in("reviewed-task", diagnostics.reviewed_task(case), task=case.task.id))
    ruled += _contamination(case)
    return ruled


def _contamination(case: TaskCase) -> list[_Ruled]:
    """Note what the card says about this task's data: shown, never judged."""
    return [
        _built_in(
            "contamination",
            Judgement(Outcome.NOT_APPLICABLE, "shown, not judged", f"known contamination: {row.reason}"),
            task=case.task.id,
            decisive=False,
        )
        for row in case.card.contamination
        if row.task == case.task.id
    ]


def _waiver(policy: Policy, rule: Rule, card: Card) -> Waiver | None:
    """Return the waiver of a rule for a model that holds longest."""
    found = [waiver for waiver in policy.waivers if (waiver.rule, waiver.model) == (rule.id, card.id)]
    return max(found, key=lambda waiver: waiver.expires, default=None)


def _with_waiver(
    rule: Rule, judgement: Judgement, waiver: Waiver | None, today: dt.date, *, task: str | None = None
) -> _Ruled:
    """Return a rule's result; a waiver that holds lifts a failure, one that does not is only mentioned."""
    outcome, measured = judgement.outcome, judgement.measured
    if waiver and outcome not in _SETTLED:
        until = f"{waiver.expires.isoformat()} by {waiver.owner}: {waiver.reason}"
        if rule.kind in NOT_WAIVABLE:
            measured = f"{measured}; its waiver is void: a rule of kind {rule.kind} cannot be waived"
        elif today <= waiver.expires:
            measured = f"{measured}; {outcome.value}, waived until {until}"
            outcome = Outcome.WAIVED
        else:
            measured = f"{measured}; the waiver expired {waiver.expires.isoformat()}"
    waived = outcome is Outcome.WAIVED
    ruled = replace(
        judgement, outcome=outcome, measured=measured, settles=None if waived else judgement.settles
    )
    plain = _result(rule.id, rule.kind, ruled, task=task, decisive=rule.required)
    result = plain.model_copy(update={"why": rule.why, "waiver": waiver if waived else None})
    return _Ruled(result, judgement.because)


def _built_in(name: str, judgement: Judgement, *, task: str | None = None, decisive: bool = True) -> _Ruled:
    return _Ruled(_result(name, name, judgement, task=task, decisive=decisive), judgement.because)


def _result(name: str, kind: str, judgement: Judgement, *, task: str | None, decisive: bool) -> RuleResult:
    return RuleResult(
        rule=name,
        kind=kind,
        outcome=judgement.outcome.value,
        required=judgement.required,
        measured=judgement.measured,
        settles=judgement.settles,
        decisive=decisive,
        task=task,
    )


def _verdict(rules: Sequence[_Ruled]) -> Verdict:
    decisive = {row.result.outcome for row in rules if row.result.decisive}
    if Outcome.FAIL in decisive:
        return "refused"
    return "approved" if decisive <= _SETTLED else "insufficient evidence"


def _overall(about_model: Verdict, tasks: Sequence[Verdict]) -> Verdict:
    """Combine: a model is approved if it is approved for one task, refused if for none it could still be."""
    if about_model == "refused" or (tasks and set(tasks) == {"refused"}):
        return "refused"
    return "approved" if about_model == "approved" and "approved" in tasks else "insufficient evidence"


def _reason(rules: Sequence[_Ruled]) -> str:
    """Return why the first deciding rule decided; "" if all are settled."""
    for outcome in (Outcome.FAIL, Outcome.INSUFFICIENT):
        decisive = [row for row in rules if row.result.decisive and row.result.outcome == outcome]
        if decisive:
            # A rule with a clause of its own says more than its name does.
            return next((row for row in decisive if row.because), decisive[0]).reason
    return ""


def _task_verdict(case: TaskCase, rules: Sequence[_Ruled], about_model: Verdict) -> TaskVerdict:
    chosen = case.recommendation
    # A base that may not be used at all may not be used for this task either.
    approved = about_model == "approved" and _verdict(rules) == "approved"
    return TaskVerdict(
        task=case.task.id,
        approved=approved,
        strategy=chosen.strategy if chosen else None,
        labels_per_class=chosen.labels_per_class if chosen else None,
        score=score_words(case),
        rules=tuple(row.result for row in rules),
    )
