"""Paired comparisons as tables: the recommended strategy against every reference, every transfer against every floor.

In: findings. Out: frozen `ResultTable`s.
"""

from __future__ import annotations

from evaluators.comparison_evidence import Comparison
from evaluators.evidence import Findings
from evaluators.facts import TaskFacts
from evaluators.pool_share import conditional_words, pool_share
from evaluators.report.marks import runs_won
from evaluators.report.table import ResultTable, judged_set, p_value, plain_name
from evaluators.wording import at_size, difference, ladder_position, percent, title

#: Level of each one-sided test of equivalence.
_TOST = 0.05


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
        plain_name(row.purpose),
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
