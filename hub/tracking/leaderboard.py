"""What the MLflow UI shows of an evaluation, before MLflow: rows of the leaderboard, names, tags, notes.

In: evidence. Out: plain values. Pure. They are numbers and names of the evidence, never an example of a task's data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluators.canonical import short
from evaluators.evidence import CandidateFacts, Evidence, Findings, Summary
from evaluators.strategy import strategy
from hub.registry.registry import OWNED

FINDINGS_TAG = "hub.findings"


@dataclass(frozen=True)
class Row:
    """One row of the leaderboard: a strategy on a base, with all its summaries.

    Attributes:
        candidate: The base; None of a baseline that reads only the data.
        strategy: Its id.
        summaries: Scores on every task, set and size.
    """

    candidate: CandidateFacts | None
    strategy: str
    summaries: tuple[Summary, ...]

    @property
    def base(self) -> str:
        """Name of the base, or `no base`."""
        return self.candidate.name if self.candidate else "no base"

    @property
    def name(self) -> str:
        """Its name: MLflow allows no dot in that of a logged model."""
        name = f"{self.candidate.name}--{self.strategy}" if self.candidate else self.strategy
        return name.replace(".", "-")


def rows(findings: Findings) -> tuple[Row, ...]:
    """Return the rows of the leaderboard, in the order of the evidence."""
    found: dict[tuple[str, str], list[Summary]] = {}
    for summary in findings.summaries:
        found.setdefault((summary.candidate, summary.strategy), []).append(summary)
    facts = {candidate.name: candidate for candidate in findings.candidates}
    return tuple(
        Row(facts.get(name), chosen, tuple(summaries)) for (name, chosen), summaries in found.items()
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
        "\n".join(["Recommended (the lightest sufficient strategy):", "", *chosen])
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
    """Return what a row is: base, strategy, what was trained, and every score with its interval."""
    costs = [
        cost
        for cost in evidence.observations.costs
        if (cost.candidate, cost.strategy) == (_name(row), row.strategy)
    ]
    return {
        "base": row.base,
        "strategy": row.strategy,
        "tier": strategy(row.strategy).tier.value,
        "base parameters": str(row.candidate.parameters if row.candidate else 0),
        "trained parameters": str(max((cost.trained_parameters for cost in costs), default=0)),
        "seconds": f"{sum(cost.seconds for cost in costs):.1f}",
        "runs": str(max(summary.estimate.n for summary in row.summaries)),
        **_intervals(row.summaries),
    }


def _intervals(summaries: Sequence[Summary]) -> dict[str, str]:
    """Return each score with its 95 % interval: MLflow's metrics have no room for one."""
    found = {}
    for summary in summaries:
        low, high, value = summary.estimate.low, summary.estimate.high, summary.estimate.value
        interval = f" [{low:.4f}, {high:.4f}]" if low is not None and high is not None else ""
        key = f"{summary.metric} on {summary.task} {summary.set} at {summary.labels_per_class} a class"
        found[key[:250]] = f"{value:.4f}{interval}"
    return found


def row_tags(row: Row, findings: Findings) -> dict[str, str]:
    """Return a row's tags; the first says for which tasks it is the lightest sufficient strategy."""
    chosen = [
        f"{item.task} at {item.labels_per_class} a class"
        for item in findings.recommendations
        if (item.candidate, item.strategy) == (_name(row), row.strategy)
    ]
    return {
        "recommended": ", ".join(chosen) or "no",
        "base digest": short(row.candidate.digest) if row.candidate else "none",
        FINDINGS_TAG: findings.digest,
        OWNED: "true",
    }


def _name(row: Row) -> str:
    """Return the base as the evidence names it."""
    return row.candidate.name if row.candidate else ""
