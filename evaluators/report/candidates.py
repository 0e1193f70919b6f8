"""Several candidates of one evaluation side by side: which is best on a task, and by how much.

In: evidence. Out: a `ResultTable` that fits 80 columns, best candidate first, each with its recommended strategy at the
largest size. Runs have common draws and seeds, so candidates are compared by the differences of their paired runs.
"""

from __future__ import annotations

from dataclasses import dataclass

from evaluators.evidence import CellFinding, Estimate, Evidence, Findings
from evaluators.facts import CandidateFacts, TaskFacts
from evaluators.report.table import ResultTable, judged_set
from evaluators.wording import at_size, compact, count, difference, metric_title, millions


@dataclass(frozen=True)
class _Entry:
    """A candidate with its recommended strategy ("" if there is none) and that strategy's score of each run."""

    facts: CandidateFacts
    strategy: str
    scores: dict[int, float]

    @property
    def rank(self) -> tuple[bool, float, int, str]:
        """What sorts entries best first: scored ones, the higher mean, the smaller model, the name."""
        mean = sum(self.scores.values()) / len(self.scores) if self.scores else 0.0
        return (not self.scores, -mean, self.facts.parameters, self.facts.name)


def candidates_table(evidence: Evidence, task: str) -> ResultTable | None:
    """Return the candidates of a task, best first, each with its paired difference to the best.

    Args:
        evidence: The document.
        task: Id of a task in it.

    Returns:
        The table; None with fewer than two candidates (incumbents do not count) measured on the task.
    """
    findings = evidence.findings
    cells = [cell for cell in findings.cells if cell.task == task]
    measured = {cell.candidate for cell in cells}
    named = {row.name: row for row in findings.candidates if row.role == "candidate" and row.name in measured}
    if len(named) < 2:
        return None
    task_facts = next(row for row in findings.tasks if row.id == task)
    size = max(cell.labels_per_class for cell in cells if cell.candidate in named)
    at_largest = [cell for cell in cells if cell.labels_per_class == size]
    entries = [_entry(findings, task_facts, facts, at_largest) for facts in named.values()]
    best, *others = sorted(entries, key=lambda entry: entry.rank)
    rows = [
        _row(best, "best" if best.scores else ""),
        *(_row(entry, _behind(entry, best)) for entry in others),
    ]
    heading = (
        f"Candidates on {task}: {metric_title(task_facts.metric)} on {judged_set(findings)} "
        f"at {at_size(size)}, {count(len(best.scores), 'run')}"
    )
    return ResultTable(
        heading, ("candidate", "recommended", "score", "to the best", "parameters"), tuple(rows)
    )


def _entry(findings: Findings, task: TaskFacts, facts: CandidateFacts, cells: list[CellFinding]) -> _Entry:
    chosen = [
        row.strategy for row in findings.recommendations if (row.task, row.candidate) == (task.id, facts.name)
    ]
    strategy = chosen[0] if chosen else ""
    scores = {
        cell.run: row.metrics[task.metric]
        for cell in cells
        if (cell.candidate, cell.strategy, cell.status) == (facts.name, strategy, "scored")
        for row in cell.scores
        if row.set == judged_set(findings) and task.metric in row.metrics
    }
    return _Entry(facts, strategy, scores)


def _row(entry: _Entry, behind: str) -> tuple[str, ...]:
    from evaluators.statistics.intervals import mean_interval  # scipy: not for those who print no evidence

    text = ""
    if entry.scores:
        found = mean_interval(list(entry.scores.values()))
        text = compact(Estimate(value=found.value, low=found.low, high=found.high, n=found.n))
    return (entry.facts.name, entry.strategy or "none", text, behind, millions(entry.facts.parameters))


def _behind(entry: _Entry, best: _Entry) -> str:
    """Return the paired difference, entry minus best, over the runs that both have."""
    from evaluators.statistics.paired import paired_t  # as above

    runs = [run for run in sorted(entry.scores) if run in best.scores]
    if not runs:
        return "no paired runs"
    found = paired_t([entry.scores[run] - best.scores[run] for run in runs])
    estimate = Estimate(value=found.estimate, low=found.low, high=found.high, n=len(runs))
    # In a narrow column one run is marked as `compact` marks it.
    return difference(estimate).replace("(one run, no interval)", "(n=1)")
