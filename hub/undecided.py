"""What of a decision more runs could settle, and which measurements that takes. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evaluators.comparison_evidence import Comparison
from evaluators.evidence import Evidence, Findings
from evaluators.looks import Looks, TaskLook
from evaluators.wording import is_baseline
from hub.decision import Decision, RuleResult, TaskVerdict

#: Kinds of rules that are undecided for want of runs.
_GAINS = frozenset({"gain-over-from-scratch", "gain-over-best-baseline", "gain-over-incumbent"})
_BY_RUNS = _GAINS | {"minimum-runs"}
#: Below this share of the width over runs and items, runs are not what is lacking.
_NARROW = 0.5
#: What a person's own data always fail: they ask what is better, not whether it may be approved.
_OF_PERSONAL_TASKS = frozenset({"promotable-task", "reviewed-task"})


@dataclass(frozen=True)
class Question:
    """A decisive rule about a model and a task that more runs could settle."""

    model: str
    task: str
    strategy: str
    rule: RuleResult


def open_questions(decisions: Sequence[Decision], evidence: Evidence) -> tuple[Question, ...]:
    """Return what more runs could settle: nothing of what is refused anyway, or where all runs agree already."""
    return tuple(
        question
        for decision in decisions
        if not _failed(decision.rules)
        for task in decision.tasks
        if task.strategy is not None and not _failed(task.rules)
        for question in _of_task(decision, task, task.strategy)
        if _runs_help(question, evidence.findings)
    )


def left_undecided(decisions: Sequence[Decision]) -> bool:
    """Whether a gain is undecided, of what is not refused anyway."""
    return any(
        rule.decisive and rule.outcome == "insufficient evidence" and rule.kind in _GAINS
        for decision in decisions
        for task in decision.tasks
        if not _failed(decision.rules) and not _failed(task.rules)
        for rule in task.rules
    )


def next_looks(looks: Looks, questions: Iterable[Question], findings: Findings) -> Looks | None:
    """Return the next look at what is open; None if every promised look at it was taken.

    It has more runs of what the open rules compare: the recommended strategy, the floors, and what is approved now.
    Other strategies keep the runs that they were chosen or left by.
    """
    wanted: dict[str, set[tuple[str, str]]] = {}
    for question in questions:
        if looks.look(question.task) < looks.most:
            wanted.setdefault(question.task, set()).add((question.model, question.strategy))
    if not wanted:
        return None
    again = dict(looks.again)
    for task, arms in wanted.items():
        models = {model for model, _ in arms}
        arms |= _floors(findings, task, models) | _approved(findings, task)
        again[task] = TaskLook(look=looks.look(task) + 1, arms=_by_candidate(arms))
    return Looks(most=looks.most, again=again)


def _failed(rules: Iterable[RuleResult]) -> bool:
    return any(
        rule.decisive and rule.outcome == "fail" and rule.kind not in _OF_PERSONAL_TASKS for rule in rules
    )


def _of_task(decision: Decision, task: TaskVerdict, strategy: str) -> list[Question]:
    return [
        Question(decision.model, task.task, strategy, rule)
        for rule in task.rules
        if rule.decisive and rule.outcome == "insufficient evidence" and rule.kind in _BY_RUNS
    ]


def _runs_help(question: Question, findings: Findings) -> bool:
    if question.rule.kind not in _GAINS:
        return True
    judged = "test" if findings.final else "validation"
    compared = [
        row
        for row in findings.comparisons
        if (row.purpose, row.task, row.candidate, row.strategy, row.set)
        == (question.rule.kind, question.task, question.model, question.strategy, judged)
    ]
    # Where all runs agree there is no spread that more of them would narrow; where nothing was compared, neither.
    return any(row.detectable != 0.0 and not _held_by_items(row) for row in compared)


def _held_by_items(row: Comparison) -> bool:
    """Whether the width over runs and items is that of the items: more runs on the same items would not narrow it."""
    low, high = row.difference.low, row.difference.high
    if row.crossed_low is None or row.crossed_high is None or low is None or high is None:
        return False
    return (high - low) < _NARROW * (row.crossed_high - row.crossed_low)


def _floors(findings: Findings, task: str, models: set[str]) -> set[tuple[str, str]]:
    return {
        (cell.candidate, cell.strategy)
        for cell in findings.cells
        if cell.task == task and is_baseline(cell.strategy) and cell.candidate in {"", *models}
    }


def _approved(findings: Findings, task: str) -> set[tuple[str, str]]:
    return {
        (facts.name, facts.incumbent_for[task])
        for facts in findings.candidates
        if facts.role == "incumbent" and task in facts.incumbent_for
    }


def _by_candidate(arms: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for candidate, strategy in sorted(arms):
        found.setdefault(candidate, []).append(strategy)
    return {candidate: tuple(names) for candidate, names in found.items()}
