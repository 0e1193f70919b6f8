"""The section of the ladder: how far it was climbed, rung by rung, with everything that was tried and why it lost."""

from __future__ import annotations

from evaluators.evidence import Evidence
from evaluators.report.climb import climb_tables, trail_sentences
from evaluators.report.html_page import Section, paragraphs
from evaluators.report.html_table import result_html
from evaluators.report.html_text import Html, element
from evaluators.report.tuning_budget import budget_table

_ABOUT = (
    "Lightest first. Of each rung all strategies are tried and the best is chosen on validation; its gain is over the "
    "best of what is lighter, on the first rung over the best baseline. Climbing stops after a rung whose whole 95 % "
    "interval is under the task's margin; one that straddles it is unclear, and climbing goes on."
)


def climb_section(evidence: Evidence) -> Section:
    """Return the climbs of every candidate on every task; no parts where the protocol measures everything."""
    findings = evidence.findings
    parts: list[Html] = [paragraphs(_ABOUT)] if findings.climbs else []
    for task in findings.tasks:
        climbs = [row for row in findings.climbs if row.task == task.id]
        for found, table in zip(climbs, climb_tables(findings, task.id), strict=True):
            parts.append(result_html(table))
            parts.append(element("ul", *(element("li", text) for text in trail_sentences(found))))
            tuned = budget_table(evidence, found)
            if tuned:
                parts.append(result_html(tuned))
    return Section("ladder", "The ladder, rung by rung", tuple(parts))
