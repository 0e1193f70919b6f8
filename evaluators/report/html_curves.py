"""The section of what labels buy: curves, what is better than what, labels that are saved, and who gets ahead."""

from __future__ import annotations

from collections.abc import Iterator

from evaluators.evidence import Evidence, Findings
from evaluators.facts import TaskFacts
from evaluators.report.comparison_table import comparison_table
from evaluators.report.html_page import Section, folded, paragraphs
from evaluators.report.html_scores import LONG
from evaluators.report.html_table import result_html
from evaluators.report.html_text import Html
from evaluators.report.label_rows import overtakings_table, savings_table
from evaluators.report.table import ResultTable

_ABOUT = (
    "Labels that a floor needs: how many labels a class it takes to score what the strategy scores with those of the "
    "column's heading, by a line over log2 n between measured sizes; in brackets, how many of the floor's labels one "
    "of the strategy's is worth (as an example: 24 beside a heading of 8 would be x3.0). Ahead: the paired 95 % "
    "interval of the difference lies above 0, size by size, not adjusted for there being several. > and \u201cnot up "
    "to\u201d: beyond the most labels that were measured, where nothing is guessed."
)
_SHOWN = {
    "sample-efficiency": "score by labels a class, each strategy against training from scratch and the baselines",
    "comparisons": "paired differences of the recommended strategy, with 95 % intervals",
}


def curves_section(evidence: Evidence) -> Section:
    """Return the section."""
    findings = evidence.findings
    tables = [part for task in findings.tasks for part in _tables(findings, task)]
    about = [paragraphs(_ABOUT)] if tables else []
    return Section("curves", "What labels buy", (*_figures(findings), *about, *tables))


def _tables(findings: Findings, task: TaskFacts) -> Iterator[Html]:
    for table in (savings_table(findings, task), overtakings_table(findings, task)):
        if table.rows:
            yield _shown(table)


def _shown(table: ResultTable) -> Html:
    part = result_html(table)
    return folded(table.title, part) if len(table.rows) > LONG else part


def _figures(findings: Findings) -> Iterator[Html]:
    # Matplotlib takes a second to import: not for those who only want a table.
    from evaluators.report.svg_figure import figure_html

    number = 0
    for task in findings.tasks:
        for row in findings.candidates:
            if row.role != "candidate":
                continue
            for name, svg in _drawings(findings, task, row.name):
                number += 1
                words = f"{row.name} on {task.id}: {_SHOWN.get(name, name)}"
                picture = figure_html(svg, name=f"{name}-{number}", title=words)
                compared = len(comparison_table(findings, task.id, row.name).rows)
                yield folded(words, picture) if name == "comparisons" and compared > LONG else picture


def _drawings(findings: Findings, task: TaskFacts, candidate: str) -> list[tuple[str, str]]:
    from evaluators.report.plots import figures
    from evaluators.report.svg_figure import plain_drawing, svg_text

    with plain_drawing():
        return [(name, svg_text(figure)) for name, figure in figures(findings, task, candidate)]
