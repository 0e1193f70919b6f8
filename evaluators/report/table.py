"""Result tables as values: the terminal and Markdown render the same rows.

In: findings. Out: frozen `ResultTable`s, strategies lightest first. `compact` tables fit 80 columns: at most
four sizes, and half the interval instead of its ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluators.evidence import CellFinding, Diagnostic, Evidence, Findings, Summary
from evaluators.observations import CellCost
from evaluators.report.marks import tie_mark
from evaluators.wording import (
    amount,
    at_size,
    compact,
    ladder_position,
    metric_title,
    millions,
    score,
    title,
)

_COMPACT_SIZES = 4
#: Beside a score where the locked test stayed closed for it.
VALIDATION_MARK = " v"
#: Nats, and a sum of squares that reaches 2.
_NO_SHARES = ("log-loss", "log-loss-scaled", "brier-score", "brier-score-scaled")
#: Differences in points, and ratios: their intervals may lie beyond 0 and 100.
_UNBOUNDED = (
    "generalization-gap",
    "shift-drop",
    "selection-optimism",
    "forgetting",
    # Estimated without bias, so it may fall a little below 0.
    "feature-alignment",
    "corruption-error-added",
    "corruption-error-ratio",
    "corruption-error-ratio-relative",
)


@dataclass(frozen=True)
class ResultTable:
    """Text in rows and columns.

    Attributes:
        title: What it shows, with the set and the number of runs.
        columns: Headings; the first is the row's name.
        rows: As many texts a row as there are columns.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def judged_set(findings: Findings) -> str:
    """Return the set that the findings' claims rest on."""
    return "test" if findings.final else "validation"


def common_set(findings: Findings, task: str) -> str:
    """Return the set on which every arm of a task was scored: the judged one, or validation.

    A final evaluation opens the locked test for the arms that its decision needs; pictures compare all arms.
    """
    judged = judged_set(findings)
    cells = [row for row in findings.cells if row.task == task and row.scores]
    return judged if all(any(s.set == judged for s in row.scores) for row in cells) else "validation"


def result_table(evidence: Evidence, task: str, candidate: str, *, narrow: bool = False) -> ResultTable:
    """Return the scores of one candidate on one task: strategies down, sizes across, then what a fit costs.

    Args:
        evidence: The document.
        task: Id of a task in it.
        candidate: Name of a candidate in it; baselines on the data alone are always shown.
        narrow: For a terminal of 80 columns.
    """
    findings = evidence.findings
    cells = [cell for cell in findings.cells if cell.task == task and cell.candidate in {"", candidate}]
    measured = [cell for cell in cells if cell.status != "skipped"]
    # A size that was skipped throughout stands under "not measured", with its reason.
    all_sizes = sorted({cell.labels_per_class for cell in measured or cells})
    sizes = _spread(all_sizes) if narrow else all_sizes
    strategies = sorted({cell.strategy for cell in cells}, key=ladder_position)
    recommended = {
        row.strategy for row in findings.recommendations if (row.task, row.candidate) == (task, candidate)
    }
    rows = []
    for name in strategies:
        of_strategy = [cell for cell in cells if cell.strategy == name]
        scores = [_score_cell(findings, of_strategy, size, narrow=narrow) for size in sizes]
        label = (name if narrow else title(name)) + (" *" if name in recommended else "")
        rows.append((label, *scores, *_cost_cells(evidence, of_strategy, sizes[-1], narrow=narrow)))
    headings = [str(size) if narrow else at_size(size) for size in sizes]
    cost = ("fit",) if narrow else ("seconds a fit", "trained parameters")
    return ResultTable(_title(findings, task, candidate), ("strategy", *headings, *cost), tuple(rows))


def diagnostic_table(findings: Findings, task: str, candidate: str) -> ResultTable:
    """Return the diagnostics of the recommended strategy, and everybody's area under the learning curve."""
    chosen = {
        (row.strategy, row.labels_per_class)
        for row in findings.recommendations
        if (row.task, row.candidate) == (task, candidate)
    }
    rows = [
        row
        for row in findings.diagnostics
        if row.task == task
        and row.candidate in {"", candidate}
        and ((row.strategy, row.labels_per_class) in chosen or row.name == "sample-efficiency")
    ]
    rows.sort(key=lambda row: (row.name, ladder_position(row.strategy), row.set))
    texts = tuple(
        (
            plain_name(row.name),
            title(row.strategy),
            str(row.labels_per_class),
            row.set,
            diagnostic_value(row),
        )
        for row in rows
    )
    columns = ("diagnostic", "strategy", "labels a class", "set", "value")
    return ResultTable(f"{candidate} on {task}: diagnostics", columns, texts)


def diagnostic_value(row: Diagnostic) -> str:
    """Return a diagnostic with its interval: in points, but for what is no share."""
    if row.name in _UNBOUNDED:
        return amount(row.estimate)
    if row.name not in _NO_SHARES:
        return score(row.estimate)
    ends = row.estimate.low, row.estimate.high
    interval = "(one run, no interval)" if None in ends else f"[{ends[0]:.3f}, {ends[1]:.3f}]"
    return f"{row.estimate.value:.3f} {interval}"


def failures(findings: Findings) -> ResultTable:
    """Return the cells that failed or were skipped, one row for each reason."""
    grouped: dict[tuple[str, str, str, str, str], list[CellFinding]] = {}
    for cell in findings.cells:
        if cell.status != "scored":
            key = (cell.task, cell.candidate, cell.strategy, cell.status, cell.reason or "")
            grouped.setdefault(key, []).append(cell)
    rows = []
    for (task, candidate, name, status, reason), cells in grouped.items():
        sizes = sorted({cell.labels_per_class for cell in cells})
        extent = f"{len(cells)} at {', '.join(map(str, sizes))} labels a class"
        rows.append((task, candidate or "(data)", title(name), f"{status}: {extent}", reason))
    return ResultTable("Not measured", ("task", "candidate", "strategy", "cells", "reason"), tuple(rows))


def plain_name(name: str) -> str:
    """Return the name of a diagnostic or a purpose for people."""
    words = name.replace("-", " ").replace("auroc", "AUROC").replace("fpr", "false positives at 95 %")
    return words.replace("scaled", "after temperature")


def _title(findings: Findings, task: str, candidate: str) -> str:
    facts = next(row for row in findings.tasks if row.id == task)
    runs = max((row.estimate.n for row in findings.summaries if row.task == task), default=0)
    return f"{candidate} on {task}: {metric_title(facts.metric)} on {judged_set(findings)}, {runs} runs"


def _score_cell(findings: Findings, cells: Sequence[CellFinding], size: int, *, narrow: bool) -> str:
    here = [cell for cell in cells if cell.labels_per_class == size]
    if not here:
        return ""
    summary = _summary(findings, here[0])
    failed = sum(cell.status == "failed" for cell in here)
    if summary is None:
        return "failed" if failed else "skipped"
    text = compact(summary.estimate) if narrow else score(summary.estimate)
    if summary.set != judged_set(findings):
        text += VALIDATION_MARK
    if not narrow:
        text += tie_mark(findings, here[0], shown=summary.set)
    return f"{text} !{failed}" if failed else text


def _summary(findings: Findings, cell: CellFinding) -> Summary | None:
    metric = next(row.metric for row in findings.tasks if row.id == cell.task)
    wanted = (cell.task, cell.candidate, cell.strategy, cell.labels_per_class, metric)
    found = {
        row.set: row
        for row in findings.summaries
        if (row.task, row.candidate, row.strategy, row.labels_per_class, row.metric) == wanted
    }
    return found.get(judged_set(findings)) or found.get("validation")


def _cost_cells(
    evidence: Evidence, cells: Sequence[CellFinding], size: int, *, narrow: bool
) -> tuple[str, ...]:
    keys = {cell.key for cell in cells if cell.labels_per_class == size and cell.status == "scored"}
    costs: dict[str, CellCost] = {row.key: row for row in evidence.observations.costs if row.key in keys}
    if not costs:
        return ("",) if narrow else ("", "")
    seconds = sum(row.seconds for row in costs.values()) / len(costs)
    trained = max(row.trained_parameters for row in costs.values())
    text = f"{seconds:.1f}" if seconds < 100 else f"{seconds:.0f}"
    company = max(row.beside for row in costs.values()) + 1
    if narrow:
        return (f"{text} s",)
    return (f"{text} ({company} at once)" if company > 1 else text, millions(trained))


def _spread(sizes: Sequence[int]) -> list[int]:
    """Return at most four sizes, the first and the last among them."""
    if len(sizes) <= _COMPACT_SIZES:
        return list(sizes)
    last = len(sizes) - 1
    return [sizes[round(step * last / (_COMPACT_SIZES - 1))] for step in range(_COMPACT_SIZES)]


def p_value(value: float | None) -> str:
    """Return a p-value with three decimals; "" for none."""
    if value is None:
        return ""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
