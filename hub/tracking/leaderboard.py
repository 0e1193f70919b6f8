"""What the MLflow UI shows of an evaluation, before MLflow: rows of the leaderboard, names, tags, notes.

In: evidence. Out: plain values. Pure. They are numbers and names of the evidence, never an example of a task's data.
"""

from __future__ import annotations

from dataclasses import dataclass

from evaluators.canonical import digest_of, short
from evaluators.evidence import Evidence, Findings, Summary
from evaluators.facts import CandidateFacts, TaskFacts
from evaluators.report.starred import starred_words
from evaluators.strategy import strategy
from hub.registry.registry import OWNED

FINDINGS_TAG = "hub.findings"
#: Carries `Row.key`.
ROW_TAG = "hub.row"


@dataclass(frozen=True)
class Row:
    """One row of the leaderboard: a strategy on a base on a task, with all its summaries.

    Attributes:
        candidate: The base; None of a baseline that reads only the data.
        strategy: Its id.
        task: What it was measured on.
        protocol: Id of the protocol.
        summaries: Scores on every set and size.
    """

    candidate: CandidateFacts | None
    strategy: str
    task: TaskFacts
    protocol: str
    summaries: tuple[Summary, ...]

    @property
    def base(self) -> str:
        """Name of the base, or `no base`."""
        return self.candidate.name if self.candidate else "no base"

    @property
    def name(self) -> str:
        """Its name: MLflow allows no dot in that of a logged model."""
        base = f"{self.candidate.name}--" if self.candidate else ""
        return f"{base}{self.strategy}--{self.task.id}".replace(".", "-")

    @property
    def key(self) -> str:
        """Which row of the leaderboard it is: bytes of the base, strategy, protocol, the task's data."""
        base = self.candidate.digest if self.candidate else ""
        return digest_of([base, self.strategy, self.protocol, self.task.id, self.task.digest])


def rows(findings: Findings) -> tuple[Row, ...]:
    """Return the rows of the leaderboard, in the order of the evidence."""
    found: dict[tuple[str, str, str], list[Summary]] = {}
    for summary in findings.summaries:
        found.setdefault((summary.task, summary.candidate, summary.strategy), []).append(summary)
    facts = {candidate.name: candidate for candidate in findings.candidates}
    tasks = {task.id: task for task in findings.tasks}
    protocol = str(findings.protocol.get("id", ""))
    return tuple(
        Row(facts.get(name), chosen, tasks[task], protocol, tuple(summaries))
        for (task, name, chosen), summaries in found.items()
    )


def run_name(findings: Findings) -> str:
    """Return what an evaluation is called."""
    names = [candidate.name for candidate in findings.candidates if candidate.role == "candidate"]
    return f"{' '.join(names)} on {' '.join(task.id for task in findings.tasks)}"[:200]


def run_tags(evidence: Evidence) -> dict[str, str]:
    """Return the tags of an evaluation's run, with a note that people read."""
    findings, observations = evidence.findings, evidence.observations
    commits = {place.commit for place in observations.environments.values() if place.commit}
    chosen = [
        f"- {row.task}: {row.candidate} by {row.strategy} at {row.labels_per_class} labels a class: {row.reason}"
        for row in findings.recommendations
    ]
    note = (
        "\n".join([f"Recommended ({starred_words(findings)}):", "", *chosen])
        if chosen
        else "Nothing recommended."
    )
    return {
        FINDINGS_TAG: findings.digest,
        OWNED: "true",
        "hub.observations": observations.digest,
        "hub.final": str(findings.final).lower(),
        "mlflow.note.content": note[:5000],
        **({"mlflow.source.git.commit": commits.pop()} if len(commits) == 1 else {}),
    }


def row_params(row: Row, evidence: Evidence) -> dict[str, str]:
    """Return what a row is: base, strategy, task, protocol, what was trained."""
    costs = [
        cost
        for cost in evidence.observations.costs
        if (cost.task, cost.candidate, cost.strategy) == (row.task.id, _name(row), row.strategy)
    ]
    return {
        "base": row.base,
        "strategy": row.strategy,
        "task": row.task.id,
        "protocol": row.protocol,
        "tier": strategy(row.strategy).tier.value,
        "base parameters": str(row.candidate.parameters if row.candidate else 0),
        "trained parameters": str(max((cost.trained_parameters for cost in costs), default=0)),
        "seconds": f"{sum(cost.seconds for cost in costs):.1f}",
        "runs": str(max(summary.estimate.n for summary in row.summaries)),
    }


def row_tags(row: Row, findings: Findings) -> dict[str, str]:
    """Return a row's tags; the first says where it is the lightest sufficient strategy."""
    chosen = [
        f"{item.task} at {item.labels_per_class} a class"
        for item in findings.recommendations
        if (item.task, item.candidate, item.strategy) == (row.task.id, _name(row), row.strategy)
    ]
    return {
        "recommended": ", ".join(chosen) or "no",
        "base digest": short(row.candidate.digest) if row.candidate else "none",
        ROW_TAG: row.key,
        FINDINGS_TAG: findings.digest,
        OWNED: "true",
    }


def _name(row: Row) -> str:
    """Return the base as the evidence names it."""
    return row.candidate.name if row.candidate else ""
