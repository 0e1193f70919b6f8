"""What a reader of the verdict has to know beside it, in short: what was seen before, what advice is not met.

In: a decision, and the findings that it was made from where they are at hand. Out: a sentence each. It repeats what
stands in the rules and under the scores and adds nothing; waivers are part of the verdict's own sentence.
"""

from __future__ import annotations

from evaluators.evidence import Findings
from evaluators.pool_share import conditional_words, pool_share
from evaluators.wording import cut
from hub.decision import Decision, Outcome, RuleResult, TaskVerdict

#: Of a reason; the whole of it stands in the rule.
_LONGEST_REASON = 160
_ENDS = {Outcome.FAIL: "is not met", Outcome.INSUFFICIENT: "cannot be judged yet"}


def verdict_caveats(decision: Decision, findings: Findings | None = None) -> tuple[str, ...]:
    """Return the caveats, those about the model first, then task by task.

    Args:
        decision: Whose rules are looked at.
        findings: What it was made from; without them nothing is said of how far draws overlap.
    """
    found = [_of_rule(rule, "") for rule in decision.rules]
    for task in decision.tasks:
        found += [_of_rule(rule, f" on {task.task}") for rule in task.rules]
        if findings is not None:
            found.append(_of_draws(task, findings))
    return tuple(text for text in found if text)


def _of_rule(rule: RuleResult, where: str) -> str:
    if rule.kind == "contamination":
        return f"{_capital(cut(rule.measured, _LONGEST_REASON))} ({rule.task or 'its tasks'})"
    ends = None if rule.decisive else _ENDS.get(Outcome(rule.outcome))
    return f"The advice {rule.rule}{where} {ends}: {cut(rule.measured, _LONGEST_REASON)}" if ends else ""


def _of_draws(task: TaskVerdict, findings: Findings) -> str:
    facts = next((row for row in findings.tasks if row.id == task.task), None)
    if facts is None or task.labels_per_class is None:
        return ""
    words = conditional_words(pool_share(findings, facts, task.labels_per_class))
    return f"What is said of {task.task} is {words}" if words else ""


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
