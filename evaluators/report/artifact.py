"""What the promotion of an adapted model measured, as a table and as Markdown: every artifact on the same items.

In: evidence about an artifact. Out: a `ResultTable` that fits 80 columns, or the part of a page below a verdict. Pure.
"""

from __future__ import annotations

from evaluators.artifact_evidence import ArtifactEvidence, ArtifactFinding, ArtifactFindings
from evaluators.report.markdown import fact_line, markdown_table, plain
from evaluators.report.provenance import Fact
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
    table = artifact_table(evidence.findings)
    lines = [fact_line(fact) for fact in artifact_facts(evidence)]
    about = plain(artifact_note(evidence.findings))
    parts = [f"## {plain(table.title)}", markdown_table(table), about, "## Provenance", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def artifact_note(findings: ArtifactFindings) -> str:
    """Return how the table is read."""
    tests = ", ".join(dict.fromkeys(row.test for row in findings.comparisons)) or "no comparison"
    return (
        f"Brackets are 95 % intervals over items; differences are in points, tested by {tests}. "
        "They are about these very bytes, not about another run of the same training."
    )


def artifact_facts(evidence: ArtifactEvidence) -> tuple[Fact, ...]:
    """Return on what it rests: machine, digests, reads of the locked test."""
    findings, observed = evidence.findings, evidence.observations
    mine, task, place = findings.candidate, findings.task, observed.environment
    return (
        Fact(
            "measured",
            f"{observed.created}, {observed.seconds:,.0f} s, {place.device}, Python {place.python}",
        ),
        Fact(
            mine.name,
            f"{title(mine.strategy)} on {mine.base or 'no base'}, {count(mine.trained_on, 'label')}",
            mine.digest,
        ),
        *(
            Fact(
                f"{row.role} {row.name}",
                count(row.trained_on, "label")
                + (
                    "" if row.same_splits else ", made from other splits: it may have seen items of this test"
                ),
                row.digest,
            )
            for row in findings.artifacts[1:]
        ),
        Fact(f"data of {task.id}", f"margin {percent(task.margin)} points", task.digest),
        Fact(
            "locked test",
            f"read by {count(observed.test_read.cells_this_evaluation, 'cell')} now, "
            f"by {count(observed.test_read.cells_ever, 'distinct cell')} ever",
        ),
        Fact("findings", digest=findings.digest),
        Fact("observations", digest=observed.digest),
    )


def _name(row: ArtifactFinding) -> str:
    return title(row.strategy) if row.role == "baseline" else f"{row.name}, {row.role}"
