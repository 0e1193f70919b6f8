"""The verdict in one sentence with numbers, for people who read nothing else.

In: what each task came to, and why. Out: a sentence. It repeats numbers that stand in the rules and adds
none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from evaluators.wording import count, difference, metric_title, score, title
from hub.decision import Decision
from hub.gate_rules.case import TaskCase
from hub.gate_rules.looking import at_level
from hub.policy import Waiver

Verdict = Literal["approved", "refused", "insufficient evidence"]


@dataclass(frozen=True)
class TaskOutcome:
    """What a task came to.

    Attributes:
        case: The task's case.
        verdict: Approved, refused or undecided.
        reason: The deciding rule in words; "" if approved.
    """

    case: TaskCase
    verdict: Verdict
    reason: str


def verdict_sentence(model: str, verdict: Verdict, *, model_reason: str, tasks: Sequence[TaskOutcome]) -> str:
    """Return the sentence.

    Args:
        model: Name of the model.
        verdict: The verdict on it.
        model_reason: The rule about the model itself that decided, in words; "" if none did.
        tasks: What each task came to.
    """
    if model_reason:
        if verdict == "refused":
            return f"{model} is refused: {model_reason}."
        passed = [task for task in tasks if task.verdict == "approved"]
        scores = "".join(f"; its scores suffice for {_scores(task)}" for task in passed)
        return f"{model} is not approved yet: {model_reason}{scores}."
    if not tasks:
        return f"{model} is not approved: the evidence has no task."
    order: tuple[Verdict, ...] = ("approved", "refused", "insufficient evidence")
    ranked = sorted(tasks, key=lambda task: order.index(task.verdict))
    return f"{model} {'; '.join(_clause(task) for task in ranked)}."


def waiver_sentence(decision: Decision) -> str:
    """Return what an approval rests on beside its scores, to follow the sentence; "" if on no waiver."""
    found: dict[str, Waiver] = {}
    for task in decision.approved_tasks:
        found |= {waiver.rule: waiver for waiver in decision.waivers_of(task)}
    words = "; ".join(
        f"{waiver.rule}, until {waiver.expires.isoformat()} by {waiver.owner}: {waiver.reason.strip().rstrip('.')}"
        for waiver in found.values()
    )
    return f" It rests on {'a waiver' if len(found) == 1 else 'waivers'} of {words}." if found else ""


def score_words(case: TaskCase) -> str | None:
    """Return `91.2 [90.1, 92.3] accuracy, 80 labels, 5 runs`, or None where nothing was scored."""
    chosen, estimate = case.recommendation, case.score
    row = case.summary(chosen.strategy, chosen.labels_per_class) if chosen else None
    if row is None or estimate is None:
        return None
    where = "" if case.evidence.findings.final else ", validation"
    extent = f"{count(row.labels, 'label')}, {count(estimate.n, 'run')}{where}"
    return f"{score(estimate)} {metric_title(case.task.metric)}, {extent}"


def _clause(task: TaskOutcome) -> str:
    name = task.case.task.id
    if task.verdict == "approved":
        return f"is approved for {_scores(task)}"
    if task.verdict == "refused":
        return f"is refused for {name}: {task.reason}"
    return f"is not approved for {name}, where the evidence does not suffice: {task.reason}"


def _scores(task: TaskOutcome) -> str:
    return f"{task.case.task.id}: {_evidence(task.case)}"


def _evidence(case: TaskCase) -> str:
    chosen, estimate = case.recommendation, case.score
    row = case.summary(chosen.strategy, chosen.labels_per_class) if chosen else None
    if chosen is None or estimate is None or row is None:
        return "no demand of the policy needs a score"
    where = "" if case.evidence.findings.final else " (validation)"
    words = f"{title(chosen.strategy)} {score(estimate)} {metric_title(case.task.metric)}{where}"
    words += f" with {count(row.labels, 'label')}"
    for purpose in ("gain-over-best-baseline", "gain-over-from-scratch", "gain-over-incumbent"):
        compared = case.comparison(purpose, chosen.labels_per_class)
        if compared:
            other = "" if purpose != "gain-over-incumbent" else f" on {compared.reference_candidate}"
            gain = difference(at_level(compared.difference, case))
            words += f", {gain} over {title(compared.reference_strategy)}{other}"
    return words
