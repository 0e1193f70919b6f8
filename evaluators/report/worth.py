"""What a gain is worth in the task's own unit: the comparison's interval, in what its owner counts in.

In: findings. Out: sentences; none where the owner gave no value, or where the metric is no share of right answers. A
right answer instead of a wrong one brings its value and saves the other's cost.
"""

from __future__ import annotations

from evaluators.comparison_evidence import Comparison
from evaluators.evidence import Findings
from evaluators.facts import TaskFacts
from evaluators.wording import title

#: Answers that a value is told for.
PER = 1000
_TOLD = ("gain-over-best-baseline", "gain-over-incumbent")


def worth_sentences(findings: Findings, task: TaskFacts) -> tuple[str, ...]:
    """Return what each candidate's recommended strategy is worth against the best baseline and the incumbent.

    At the train size that was recommended, per 1,000 answers; where the interval holds 0 it may be worth nothing.
    """
    if task.value is None or task.metric != "accuracy":
        return ()
    chosen = {
        (row.candidate, row.strategy, row.labels_per_class)
        for row in findings.recommendations
        if row.task == task.id
    }
    return tuple(
        _sentence(row, task)
        for row in findings.comparisons
        if row.task == task.id
        and row.purpose in _TOLD
        and (row.candidate, row.strategy, row.labels_per_class) in chosen
    )


def _sentence(row: Comparison, task: TaskFacts) -> str:
    assert task.value is not None
    each = PER * (task.value.right + task.value.wrong)
    reference = title(row.reference_strategy)
    if row.reference_candidate not in {"", row.candidate}:
        reference += f" on {row.reference_candidate}"
    low, high = row.difference.low, row.difference.high
    ends = "" if low is None or high is None else f" [{_amount(each * low)}, {_amount(each * high)}]"
    return (
        f"{row.candidate} with {title(row.strategy)} is worth {_amount(each * row.difference.value)}{ends} "
        f"{task.value.unit} per {PER:,} answers against {reference}."
    )


def _amount(number: float) -> str:
    return f"{number:+,.0f}" if abs(number) >= 10 else f"{number:+,.1f}"
