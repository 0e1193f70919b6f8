"""From a rule's judgement to its row in a decision, and from rows to a verdict: the same for bases and adapted models.

Pure. A waiver that holds lifts a failure; one that does not is only mentioned.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hub.decision import Outcome, RuleResult
from hub.gate_rules.case import Judgement
from hub.policy import NOT_WAIVABLE, Policy, Rule, Waiver
from hub.verdict_sentence import Verdict

SWITCHED_OFF = Judgement(Outcome.NOT_APPLICABLE, "no demand", "the policy switched this rule off")
SETTLED = frozenset({Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.WAIVED})


@dataclass(frozen=True)
class Ruled:
    """A rule's result, and the clause for the sentence if it decides."""

    result: RuleResult
    because: str | None = None

    @property
    def reason(self) -> str:
        """Why it decided, in words."""
        row = self.result
        words = self.because or f"{row.rule}: {row.measured} (required: {row.required})"
        return f"{words}; {row.settles}" if row.settles else words


def waiver_of(policy: Policy, rule: Rule, name: str) -> Waiver | None:
    """Return the waiver of a rule for a model that holds longest."""
    found = [waiver for waiver in policy.waivers if (waiver.rule, waiver.model) == (rule.id, name)]
    return max(found, key=lambda waiver: waiver.expires, default=None)


def with_waiver(
    rule: Rule, judgement: Judgement, waiver: Waiver | None, today: dt.date, *, task: str | None = None
) -> Ruled:
    """Return a rule's result; a waiver that holds lifts a failure, one that does not is only mentioned."""
    outcome, measured = judgement.outcome, judgement.measured
    if waiver and outcome not in SETTLED:
        until = f"{waiver.expires.isoformat()} by {waiver.owner}: {waiver.reason}"
        if rule.kind in NOT_WAIVABLE:
            measured = f"{measured}; its waiver is void: a rule of kind {rule.kind} cannot be waived"
        elif today <= waiver.expires:
            measured = f"{measured}; {outcome.value}, waived until {until}"
            outcome = Outcome.WAIVED
        else:
            measured = f"{measured}; the waiver expired {waiver.expires.isoformat()}"
    waived = outcome is Outcome.WAIVED
    settles = None if waived else judgement.settles
    ruled = replace(judgement, outcome=outcome, measured=measured, settles=settles)
    plain = _result(rule.id, rule.kind, ruled, task=task, decisive=rule.required)
    result = plain.model_copy(update={"why": rule.why, "waiver": waiver if waived else None})
    return Ruled(result, judgement.because)


def built_in(name: str, judgement: Judgement, *, task: str | None = None, decisive: bool = True) -> Ruled:
    """Return the result of a demand that holds under every policy."""
    return Ruled(_result(name, name, judgement, task=task, decisive=decisive), judgement.because)


def verdict_of(rules: Sequence[Ruled]) -> Verdict:
    """Return what the decisive rules come to."""
    decisive = {row.result.outcome for row in rules if row.result.decisive}
    if Outcome.FAIL in decisive:
        return "refused"
    return "approved" if decisive <= SETTLED else "insufficient evidence"


def reason_of(rules: Sequence[Ruled]) -> str:
    """Return why the first deciding rule decided; "" if all are settled."""
    for outcome in (Outcome.FAIL, Outcome.INSUFFICIENT):
        decisive = [row for row in rules if row.result.decisive and row.result.outcome == outcome]
        if decisive:
            # A rule with a clause of its own says more than its name does.
            return next((row for row in decisive if row.because), decisive[0]).reason
    return ""


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
