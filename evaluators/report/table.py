"""Result tables as values: the terminal and Markdown render the same rows.

In: findings. Out: frozen `ResultTable`s, strategies lightest first. `compact` tables fit 80 columns: at most
four sizes, and half the interval instead of its ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluators.comparison_evidence import Comparison
from evaluators.evidence import CellFinding, Diagnostic, Evidence, Findings, Summary
from evaluators.facts import TaskFacts
from evaluators.observations import CellCost
from evaluators.pool_share import conditional_words, pool_share
from evaluators.report.marks import runs_won, tie_mark
from evaluators.wording import (
    amount,
    at_size,
    compact,
    difference,
    ladder_position,
    metric_title,
    millions,
    percent,
    score,
    title,
)

_COMPACT_SIZES = 4
#: Level of each one-sided test of equivalence.
_TOST = 0.05
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


def transfer_table(findings: Findings, task: str, candidate: str) -> ResultTable:
    """Return every transfer strategy against every floor, sizes across.

    A loss beyond noise against any floor is negative transfer; an interval around 0 leaves it unclear.
    """
    rows = [
        row
        for row in findings.comparisons
        if (row.task, row.candidate, row.purpose) == (task, candidate, "negative-transfer")
    ]
    sizes = sorted({row.labels_per_class for row in rows})
    alone = {row.reference_strategy for row in rows if not row.reference_candidate}
    # The best baseline is chosen at each size: where it is not always the same one, each number names its own.
    best = title(next(iter(alone))) if len(alone) == 1 else "the best baseline"
    texts = []
    for name in sorted({row.strategy for row in rows}, key=ladder_position):
        of_strategy = [row for row in rows if row.strategy == name]
        for against in dict.fromkeys(_floor(row, best) for row in of_strategy):
            by_size = {row.labels_per_class: row for row in of_strategy if _floor(row, best) == against}
            named = against == best and len(alone) > 1
            cells = [_transfer(by_size.get(size), named=named) for size in sizes]
            texts.append((title(name), against, *cells))
    heading = f"{candidate} on {task}: points over the floors ({judged_set(findings)})"
    return ResultTable(heading, ("strategy", "over", *map(at_size, sizes)), tuple(texts))


def comparison_table(findings: Findings, task: str, candidate: str) -> ResultTable:
    """Return the paired comparisons of the recommended strategy."""
    rows = [
        row
        for row in findings.comparisons
        if (row.task, row.candidate) == (task, candidate) and row.purpose != "negative-transfer"
    ]
    rows.sort(key=lambda row: (row.purpose, ladder_position(row.reference_strategy), row.labels_per_class))
    columns = (
        "purpose",
        "reference",
        "labels a class",
        "points",
        "p",
        "runs x items",
        "runs won (> 0.75)",
        "detects",
        "test",
    )
    chosen = f", {title(rows[0].strategy)}" if rows else ""
    heading = f"{candidate} on {task}{chosen}: paired differences ({judged_set(findings)})"
    facts = next(row for row in findings.tasks if row.id == task)
    return ResultTable(heading, columns, tuple(_comparison_row(row, findings, facts) for row in rows))


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
            _plain_name(row.name),
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


def _comparison_row(row: Comparison, findings: Findings, task: TaskFacts) -> tuple[str, ...]:
    reference = title(row.reference_strategy)
    if row.reference_candidate not in {"", row.candidate}:
        reference += f" on {row.reference_candidate}"
    crossed = ""
    if row.crossed_low is not None and row.crossed_high is not None:
        crossed = f"[{percent(row.crossed_low)}, {percent(row.crossed_high)}]"
    share = pool_share(findings, task, row.labels_per_class)
    of_pool = f" ({100.0 * share:.0f} % of the pool)" if share else ""
    said = [row.test, _within(row), conditional_words(share)]
    return (
        _plain_name(row.purpose),
        reference,
        f"{row.labels_per_class}{of_pool}",
        difference(row.difference),
        p_value(row.p_value if row.p_adjusted is None else row.p_adjusted),
        crossed,
        runs_won(row.superiority),
        "" if row.detectable is None else percent(row.detectable),
        "; ".join(text for text in said if text),
    )


def _within(row: Comparison) -> str:
    """Return what two one-sided tests show within the task's margin; "" where it is shown to be better anyway."""
    if row.difference.low is not None and row.difference.low > 0.0:
        return ""
    if row.p_equivalent is not None and row.p_equivalent <= _TOST:
        return "equivalent within the margin"
    if row.p_non_inferior is not None and row.p_non_inferior <= _TOST:
        return "not worse by the margin"
    return ""


def _floor(row: Comparison, best: str) -> str:
    return title(row.reference_strategy) if row.reference_candidate else best


def _transfer(row: Comparison | None, *, named: bool) -> str:
    if row is None:
        return ""
    low, high = row.difference.low, row.difference.high
    over = f" over {title(row.reference_strategy)}" if named else ""
    verdict = ""
    if high is not None and high < 0.0:
        verdict = ": negative transfer"
    elif low is None or low <= 0.0:
        verdict = ": unclear"
    return difference(row.difference) + over + verdict


def _plain_name(name: str) -> str:
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
