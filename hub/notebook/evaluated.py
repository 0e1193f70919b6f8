"""An evaluation as a notebook shows it: the verdicts, the scores, what labels buy as a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluators.evidence import Evidence
from evaluators.report.candidates import candidates_table
from evaluators.report.starred import starred_words
from evaluators.report.table import ResultTable, failures, result_table
from hub.decision import Decision
from hub.evaluating import Evaluation
from hub.next_step import next_step
from hub.notebook.page import Page, Picture, Shown


@dataclass(frozen=True, eq=False, repr=False)
class Evaluated(Shown):
    """What was measured, and what the gate says of it.

    Attributes:
        evaluation: Evidence, where it lies, and a decision for each model.
    """

    evaluation: Evaluation

    @property
    def evidence(self) -> Evidence:
        """The signed evidence."""
        return self.evaluation.evidence

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What the gate says of each model."""
        return self.evaluation.decisions

    @property
    def path(self) -> Path:
        """Where the evidence lies."""
        return self.evaluation.path

    @property
    def approved(self) -> bool:
        """Whether the gate lets every model pass."""
        return all(decision.verdict == "approved" for decision in self.decisions)

    @property
    def page(self) -> Page:
        """Verdicts, scores, pictures, the next step."""
        lead = " ".join(f"{row.model}: {row.verdict}. {row.sentence}" for row in self.decisions)
        starred = f"* {starred_words(self.evidence.findings)}"
        stopped = (self.evaluation.stopped,) if self.evaluation.stopped else ()
        steps = tuple(f"next: {next_step(row, self.evidence)}" for row in self.decisions)
        return Page(
            lead,
            tuple(self._tables()),
            self._pictures(),
            (starred, *stopped, f"evidence: {self.path}", *steps),
        )

    @property
    def records(self) -> list[dict[str, Any]]:
        """One record a model, strategy, size, set and metric: mean, interval and number of runs."""
        return [
            {
                "task": row.task,
                "model": row.candidate or None,
                "strategy": row.strategy,
                "labels_per_class": row.labels_per_class,
                "labels": row.labels,
                "set": row.set,
                "metric": row.metric,
                "value": row.estimate.value,
                "low": row.estimate.low,
                "high": row.estimate.high,
                "runs": row.estimate.n,
            }
            for row in self.evidence.findings.summaries
        ]

    def _tables(self) -> list[ResultTable]:
        findings = self.evidence.findings
        tables = []
        for task in findings.tasks:
            measured = {cell.candidate for cell in findings.cells if cell.task == task.id}
            for facts in findings.candidates:
                if facts.name in measured and facts.role == "candidate":
                    tables.append(result_table(self.evidence, task.id, facts.name))
            side_by_side = candidates_table(self.evidence, task.id)
            tables += [side_by_side] if side_by_side else []
        lost = failures(findings)
        return [*tables, lost] if lost.rows else tables

    def _pictures(self) -> tuple[Picture, ...]:
        from evaluators.report.plots import efficiency_png  # matplotlib: only when a page is drawn

        findings = self.evidence.findings
        found = []
        for task in findings.tasks:
            for facts in findings.candidates:
                png = efficiency_png(findings, task, facts.name) if facts.role == "candidate" else None
                if png is not None:
                    found.append(Picture(png, f"{facts.name} on {task.id}: what labels buy"))
        return tuple(found)
