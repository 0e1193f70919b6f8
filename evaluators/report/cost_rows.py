"""Accuracy against cost: what every base and strategy scored at the largest size, beside what a fit of it took.

In: evidence about a task. Out: rows, the best score first. A frozen strategy pays for the encoding of its labels where
that was timed. Seconds of different machines are not compared: only where all are of one machine is a row said to be
the best for its time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import fmean

from evaluators.evidence import Estimate, Evidence, Summary
from evaluators.observations import CellCost, EncodingCost
from evaluators.report.table import ResultTable, common_set
from evaluators.strategy import STRATEGIES
from evaluators.wording import at_size, metric_title, millions, score, title
from evaluators.work_evidence import FitWork


@dataclass(frozen=True)
class CostRow:
    """A base with a strategy (or a baseline on the data alone), what it scored and what it took.

    Attributes:
        candidate: The base; "" for a baseline on the data alone.
        strategy: Row of the ladder.
        labels_per_class: Train size a class, the largest that was scored.
        estimate: The task's metric on the judged set.
        seconds: Mean of a fit, with the encoding of its labels where that was timed.
        encoded: Whether the encoding is in it, or none is needed.
        peak_bytes: Most memory while fitting; 0 if it was not measured.
        trained_parameters: Weights that were trained.
        machines: Digests of what computed it.
        work: What one fit comes to in FLOPs; None where that is not counted.
        best_for_its_time: Whether nothing else scored as much in less time; None where times cannot be compared.
    """

    candidate: str
    strategy: str
    labels_per_class: int
    estimate: Estimate
    seconds: float
    encoded: bool
    peak_bytes: int
    trained_parameters: int
    machines: frozenset[str]
    best_for_its_time: bool | None = None
    work: FitWork | None = None

    @property
    def words(self) -> str:
        """The row for people."""
        return title(self.strategy) + (f" on {self.candidate}" if self.candidate else "")


def cost_rows(evidence: Evidence, task: str) -> tuple[CostRow, ...]:
    """Return the rows of a task; what was not scored, or has no cost, has none."""
    findings = evidence.findings
    metric = next(row.metric for row in findings.tasks if row.id == task)
    summaries = [
        row
        for row in findings.summaries
        if (row.task, row.metric, row.set) == (task, metric, common_set(findings, task))
    ]
    largest = max((row.labels_per_class for row in summaries), default=0)
    rows = [_row(evidence, row) for row in summaries if row.labels_per_class == largest]
    found = sorted(
        (row for row in rows if row), key=lambda row: (-row.estimate.value, row.seconds, row.words)
    )
    comparable = len({machine for row in found for machine in row.machines}) == 1
    comparable = comparable and all(row.encoded for row in found)
    return tuple(replace(row, best_for_its_time=_leads(row, found)) if comparable else row for row in found)


def cost_table(evidence: Evidence, task: str) -> ResultTable:
    """Return the rows of a task as a table."""
    findings, rows = evidence.findings, cost_rows(evidence, task)
    metric = metric_title(next(row.metric for row in findings.tasks if row.id == task))
    columns = (
        "strategy",
        "base",
        metric,
        "seconds a fit",
        "FLOPs of a fit",
        "of its search",
        "trained parameters",
        "memory, GiB",
        "for its time",
    )
    texts = tuple(
        (
            title(row.strategy),
            row.candidate or "the data alone",
            score(row.estimate),
            _seconds(row.seconds),
            flops_words(row.work.recipe_flops) if row.work else "",
            (flops_words(row.work.search_flops) if row.work.search_flops else "none") if row.work else "",
            millions(row.trained_parameters),
            f"{row.peak_bytes / 2**30:.2f}" if row.peak_bytes else "",
            {None: "not compared", True: "best", False: "another is better and faster"}[
                row.best_for_its_time
            ],
        )
        for row in rows
    )
    at = at_size(rows[0].labels_per_class) if rows else "no size"
    heading = f"{metric[0].upper()}{metric[1:]} against cost on {task}, {common_set(findings, task)} at {at}"
    return ResultTable(heading, columns, texts)


def flops_words(flops: float) -> str:
    """Return FLOPs with two digits that count: `1.2 T`, `340 G`, `56 M`."""
    for unit, size in (("P", 1e15), ("T", 1e12), ("G", 1e9), ("M", 1e6)):
        if flops >= size:
            value = flops / size
            return f"{value:.1f} {unit}" if value < 10 else f"{value:,.0f} {unit}"
    return f"{flops:,.0f}"


def _seconds(seconds: float) -> str:
    """Return seconds with two digits that count."""
    if seconds < 0.001:
        return "< 0.001"
    return f"{seconds:.2g}" if seconds < 10 else f"{seconds:.0f}"


def _row(evidence: Evidence, summary: Summary) -> CostRow | None:
    wanted = (summary.task, summary.candidate, summary.strategy, summary.labels_per_class)
    scored = {cell.key for cell in evidence.findings.cells if cell.status == "scored"}
    costs = [
        cost
        for cost in evidence.observations.costs
        if (cost.task, cost.candidate, cost.strategy, cost.labels_per_class) == wanted and cost.key in scored
    ]
    if not costs:
        return None
    encoding = _encoding(evidence.observations.encodings, summary, costs)
    return CostRow(
        summary.candidate,
        summary.strategy,
        summary.labels_per_class,
        summary.estimate,
        seconds=fmean(cost.seconds for cost in costs) + (encoding or 0.0),
        encoded=encoding is not None,
        peak_bytes=max(cost.peak_bytes for cost in costs),
        trained_parameters=max(cost.trained_parameters for cost in costs),
        machines=frozenset(cost.environment for cost in costs),
        work=next(
            (
                work
                for work in evidence.observations.work
                if (work.task, work.candidate, work.strategy, work.labels_per_class) == wanted
            ),
            None,
        ),
    )


def _encoding(timed: tuple[EncodingCost, ...], summary: Summary, costs: list[CellCost]) -> float | None:
    """Return the seconds that encoding the labels takes: 0 where none is needed, None where it is not known."""
    known = next((row for row in STRATEGIES if row.id == summary.strategy), None)
    if known is None:
        return None
    if not known.reads_trunk:
        return 0.0
    machines = {cost.environment for cost in costs}
    for row in timed:
        if (row.task, row.candidate) == (summary.task, summary.candidate) and row.environment in machines:
            return row.seconds / row.samples * summary.labels if row.samples else None
    return None


def _leads(row: CostRow, rows: list[CostRow]) -> bool:
    mine = row.estimate.value
    return not any(
        other.estimate.value >= mine
        and other.seconds <= row.seconds
        and (other.estimate.value > mine or other.seconds < row.seconds)
        for other in rows
    )
