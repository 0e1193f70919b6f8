"""What labels buy, as tables: labels that a transfer saves, and between which sizes a strategy gets ahead.

In: findings. Out: `ResultTable`s of a task, empty where they hold no such rows. What lies beyond the sizes is a bound.
"""

from __future__ import annotations

from evaluators.curve_evidence import LabelSaving, Overtaking
from evaluators.evidence import Findings
from evaluators.facts import TaskFacts
from evaluators.report.table import ResultTable, common_set
from evaluators.wording import at_size, title


def savings_table(findings: Findings, task: TaskFacts) -> ResultTable:
    """Return how many labels a class each floor needs for what a transfer reaches, sizes across."""
    rows = [row for row in findings.label_savings if row.task == task.id]
    sizes = sorted({row.labels_per_class for row in rows})
    arms: dict[tuple[str, str, str], dict[int, LabelSaving]] = {}
    for row in rows:
        key = (row.candidate, row.strategy, row.reference_strategy)
        arms.setdefault(key, {})[row.labels_per_class] = row
    texts = tuple(
        (title(name), candidate, title(reference), *(_saving(by_size.get(size)) for size in sizes))
        for (candidate, name, reference), by_size in arms.items()
    )
    heading = (
        f"{task.id}: labels a class that a floor needs for the same score ({common_set(findings, task.id)})"
    )
    columns = ("strategy", "base", "floor", *(f"for {at_size(size)}" for size in sizes))
    return ResultTable(heading, columns, texts)


def overtakings_table(findings: Findings, task: TaskFacts) -> ResultTable:
    """Return from which size each strategy is ahead: of the floors, and around the recommended one."""
    rows = [row for row in findings.overtakings if row.task == task.id]
    texts = tuple(
        (title(row.strategy), row.candidate, title(row.reference_strategy), _bracket(row), str(row.runs))
        for row in rows
    )
    judged = common_set(findings, task.id)
    heading = f"{task.id}: from how many labels a class a strategy is ahead beyond noise ({judged})"
    return ResultTable(heading, ("strategy", "base", "ahead of", "from", "runs"), texts)


def _saving(row: LabelSaving | None) -> str:
    if row is None:
        return ""
    sign = {"exact": "", "above": "> ", "below": "<= "}[row.bound]
    labels = f"{row.reference_labels:.1f}".removesuffix(".0")
    return f"{sign}{labels} ({sign}x{row.multiplier:.1f})"


def _bracket(row: Overtaking) -> str:
    if row.up_to is None:
        return f"not up to {row.above}"
    words = f"{row.up_to} or fewer" if row.above is None else f"between {row.above} and {row.up_to}"
    return words if row.holds else f"{words}, but not at every larger size"
