"""Evidence as sections of a page. THE order of them stands here, a file a section; a new one is a file and a line.

In: evidence, and examples of items where the data are at hand. Out: sections in the order in which a reviewer asks; the
verdict is not known here. One that has nothing to show has no parts, and the page leaves it out.
"""

from __future__ import annotations

from collections.abc import Sequence

from evaluators.evidence import Evidence, Findings
from evaluators.report.example import Example
from evaluators.report.html_answers import answers_section
from evaluators.report.html_climb import climb_section
from evaluators.report.html_cost import cost_section
from evaluators.report.html_curves import curves_section
from evaluators.report.html_page import Section, paragraphs
from evaluators.report.html_scores import scores_section
from evaluators.report.html_shift import calibration_section, shift_section
from evaluators.report.html_table import result_html
from evaluators.report.html_text import Html, element, joined
from evaluators.report.table import failures
from evaluators.report.worth import worth_sentences
from evaluators.strategy import STRATEGIES
from evaluators.wording import title


def evidence_sections(evidence: Evidence, examples: Sequence[Example] = ()) -> tuple[Section, ...]:
    """Return all sections about evidence, in order."""
    return (
        scores_section(evidence),
        climb_section(evidence),
        curves_section(evidence),
        cost_section(evidence),
        shift_section(evidence),
        calibration_section(evidence),
        answers_section(evidence, examples),
        missing_section(evidence.findings),
    )


def answer_parts(evidence: Evidence) -> tuple[Html, ...]:
    """Return the answer of each task in a sentence: what to use, and what heavier and lighter would bring."""
    from evaluators.advice.choice import advise  # SciPy, as what compares options
    from evaluators.advice.option import options_of

    if not {cell.strategy for cell in evidence.findings.cells} <= {row.id for row in STRATEGIES}:
        return ()  # a row that is no longer on the ladder has no place among the choices
    found = []
    for task in evidence.findings.tasks:
        advice = advise(options_of([evidence], task.digest), margin=task.margin)
        if advice is not None:
            sentence = advice.sentence
            words = f" (validation): {sentence[0].upper()}{sentence[1:]}"
            found.append(
                element("p", joined((element("strong", task.id), words)), attributes={"class": "answer"})
            )
        for text in worth_sentences(evidence.findings, task):
            found.append(element("p", text, attributes={"class": "answer"}))
    return tuple(found)


def missing_section(findings: Findings) -> Section:
    """Return what failed or was skipped, each with its reason."""
    table = failures(findings)
    parts = (
        (result_html(table, cards=True),)
        if table.rows
        else (paragraphs("Every cell of the plan was scored."),)
    )
    return Section("missing", "Failed and skipped", parts)


def recommendation_rows(findings: Findings) -> tuple[tuple[str, str], ...]:
    """Return which strategy is recommended for which base and task, and why."""
    return tuple(
        (
            f"strategy for {row.task}, {row.candidate}",
            f"{title(row.strategy)}, chosen on {row.chosen_on}: {row.reason}.",
        )
        for row in findings.recommendations
    )
