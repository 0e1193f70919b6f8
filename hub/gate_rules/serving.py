"""Rules about use: how long the recommended strategy takes to answer, on the machine that timed it."""

from __future__ import annotations

from evaluators.wording import count, machine_words, milliseconds, title
from hub.decision import Outcome
from hub.gate_rules.case import Judgement, TaskCase
from hub.policy import Rule


def latency_cap(rule: Rule, case: TaskCase) -> Judgement:
    """Whether 95 of 100 calls with one input are answered within `at_most` milliseconds."""
    if rule.at_most is None:
        words = "the policy sets no at_most for this rule"
        return Judgement(Outcome.INSUFFICIENT, "a bound", words, "set at_most in the policy")
    required = f"p95 of one input at most {rule.at_most:g} ms"
    chosen, observed = case.recommendation, case.evidence.observations
    row = next(
        (
            one
            for one in observed.serving
            if chosen
            and (one.task, one.candidate, one.strategy) == (case.task.id, case.card.id, chosen.strategy)
        ),
        None,
    )
    if row is None or chosen is None:
        settles = "evaluate into a fresh store (--results NEW): answers are timed where a strategy is trained"
        return Judgement(Outcome.INSUFFICIENT, required, "answers were not timed", settles)
    where = f"{title(chosen.strategy)} on {machine_words(observed.environments[row.environment])}"
    if row.p95 is None:
        measured = f"p50 {milliseconds(row.p50)} ms of {count(row.calls, 'call')}, too few for a p95; {where}"
        if 1000.0 * row.p50 > rule.at_most:
            return Judgement(Outcome.FAIL, required, measured)
        return Judgement(Outcome.INSUFFICIENT, required, measured, "time it on a faster machine")
    measured = f"p95 {milliseconds(row.p95)} ms of {count(row.calls, 'call')}, {where}"
    ok = 1000.0 * row.p95 <= rule.at_most
    return Judgement(Outcome.PASS if ok else Outcome.FAIL, required, measured)
