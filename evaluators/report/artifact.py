"""What the promotion of an adapted model measured, as a table and as Markdown: every artifact on the same items.

In: evidence about an artifact. Out: a `ResultTable` that fits 80 columns, or the part of a page below a verdict. Pure.
"""

from __future__ import annotations

from evaluators.artifact_evidence import ArtifactEvidence, ArtifactFinding, ArtifactFindings
from evaluators.report.markdown import markdown_table, plain
from evaluators.report.table import ResultTable, p_value
from evaluators.wording import compact, count, difference, metric_title, percent, score, title

_COLUMNS = ("on the same items", "score", "points ahead", "p (Holm)")


def artifact_table(findings: ArtifactFindings, *, narrow: bool = False) -> ResultTable:
    """Return the candidate, then what it was compared with: score, difference in points, p-value.

    Args:
        findings: What was measured.
        narrow: For a terminal of 80 columns: half the interval instead of its ends.
    """
    mine, task, shown = findings.candidate, findings.task, compact if narrow else score
    rows = [(mine.name, shown(mine.estimate), "", "")]
    for row in findings.comparisons:
        reference = findings.artifact(row.reference)
        rows.append(
            (_name(reference), shown(reference.estimate), difference(row.difference), p_value(row.p_adjusted))
        )
    items = count(mine.estimate.n, "test item")
    heading = f"{mine.name} on {task.id}: {metric_title(task.metric)} on {items}, locked test"
    return ResultTable(heading, _COLUMNS, tuple(rows))


def artifact_markdown(evidence: ArtifactEvidence) -> str:
    """Return what was measured, and on what it rests, ending in a newline."""
    findings, observed = evidence.findings, evidence.observations
    mine, task, place = findings.candidate, findings.task, observed.environment
    tests = ", ".join(dict.fromkeys(row.test for row in findings.comparisons)) or "no comparison"
    lines = [
        f"- measured: {observed.created}, {observed.seconds:,.0f} s, {place.device}, Python {place.python}",
        f"- {plain(mine.name)}: `{mine.digest}`, {plain(title(mine.strategy))} on {plain(mine.base or 'no base')}, "
        f"{count(mine.trained_on, 'label')}",
        *(
            f"- {row.role} {plain(row.name)}: `{row.digest}`, {count(row.trained_on, 'label')}"
            f"{'' if row.same_splits else ', made from other splits: it may have seen items of this test'}"
            for row in findings.artifacts[1:]
        ),
        f"- data of {plain(task.id)}: `{task.digest}`, margin {percent(task.margin)} points",
        f"- locked test: read by {count(observed.test_read.cells_this_evaluation, 'cell')} now, "
        f"by {count(observed.test_read.cells_ever, 'distinct cell')} ever",
        f"- findings: `{findings.digest}`",
        f"- observations: `{observed.digest}`",
    ]
    table = artifact_table(findings)
    about = (
        f"Brackets are 95 % intervals over items; differences are in points, tested by {plain(tests)}. "
        "They are about these very bytes, not about another run of the same training."
    )
    parts = [f"## {plain(table.title)}", markdown_table(table), about, "## Provenance", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def _name(row: ArtifactFinding) -> str:
    return title(row.strategy) if row.role == "baseline" else f"{row.name}, {row.role}"
