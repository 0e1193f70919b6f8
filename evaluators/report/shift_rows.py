"""Effective robustness as a table: how far a score on a shifted set is from what the score on the test predicts."""

from __future__ import annotations

from evaluators.evidence import Findings
from evaluators.facts import TaskFacts
from evaluators.report.table import ResultTable
from evaluators.wording import at_size, ladder_position, percent, signed, title


def robustness_table(findings: Findings, task: TaskFacts) -> ResultTable:
    """Return a row for every arm at the largest size and shifted set; empty where too few arms were measured."""
    rows = [row for row in findings.effective_robustness if row.task == task.id]
    largest = max((row.labels_per_class for row in rows), default=0)
    rows = [row for row in rows if row.labels_per_class == largest]
    rows.sort(key=lambda row: (row.set, row.candidate, ladder_position(row.strategy), row.strategy))
    texts = tuple(
        (
            title(row.strategy),
            row.candidate or "the data alone",
            row.set,
            percent(row.expected),
            signed(row.value),
            percent(row.residual_sd),
            str(row.references),
            ("above" if row.value > 0 else "below") + ", beyond noise" if row.beyond else "within noise",
        )
        for row in rows
    )
    at = f" at {at_size(largest)}" if rows else ""
    columns = (
        "strategy",
        "base",
        "set",
        "expected",
        "points above it",
        "others' sd",
        "arms",
        "effective robustness",
    )
    return ResultTable(f"{task.id}: accuracy under shift against what the test predicts{at}", columns, texts)
