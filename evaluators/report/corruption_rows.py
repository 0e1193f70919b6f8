"""Corruptions as a table: the error on clean inputs, on each family, and against the best baseline."""

from __future__ import annotations

from collections.abc import Mapping

from evaluators.corruption_names import ALL_FAMILIES, family_name
from evaluators.evidence import Diagnostic, Estimate, Findings
from evaluators.facts import TaskFacts
from evaluators.report.table import ResultTable
from evaluators.wording import amount, at_size, ladder_position, percent, score, title


def corruption_table(findings: Findings, task: TaskFacts) -> ResultTable:
    """Return a row for every arm at the largest size; empty where the task has no corruptions or none was opened."""
    rows = [
        row for row in findings.diagnostics if row.task == task.id and row.name.startswith("corruption-error")
    ]
    largest = max((row.labels_per_class for row in rows), default=0)
    arms: dict[tuple[str, str], dict[tuple[str, str], Diagnostic]] = {}
    for row in rows:
        if row.labels_per_class == largest:
            arms.setdefault((row.candidate, row.strategy), {})[row.name, row.set] = row
    texts = tuple(
        (title(strategy), candidate or "the data alone", *_numbers(found, task))
        for (candidate, strategy), found in sorted(
            arms.items(), key=lambda arm: (arm[0][0], ladder_position(arm[0][1]), arm[0][1])
        )
    )
    columns = (
        "strategy",
        "base",
        "clean",
        *task.corruptions,
        "all",
        "against the best baseline (mCE)",
        "what is added, against it",
    )
    at = f" at {at_size(largest)}" if rows else ""
    return ResultTable(
        f"{task.id}: error on corrupted inputs, mean over severities 1 to 5{at}", columns, texts
    )


def _numbers(found: Mapping[tuple[str, str], Diagnostic], task: TaskFacts) -> tuple[str, ...]:
    def value(name: str, set_name: str) -> Estimate | None:
        row = found.get((name, set_name))
        return row.estimate if row else None

    mean, added = value("corruption-error", ALL_FAMILIES), value("corruption-error-added", ALL_FAMILIES)
    families = [value("corruption-error", family_name(family)) for family in task.corruptions]
    ratios = [
        value(name, ALL_FAMILIES) for name in ("corruption-error-ratio", "corruption-error-ratio-relative")
    ]
    return (
        percent(mean.value - added.value) if mean and added else "",
        *(percent(row.value) if row else "" for row in families),
        score(mean) if mean else "",
        *(amount(row) + " %" if row else "" for row in ratios),
    )
