"""The section of scores: what the task is, every base with every strategy, transfer against the floors, comparisons."""

from __future__ import annotations

from collections.abc import Iterator

from evaluators.canonical import short
from evaluators.evidence import Evidence, Findings
from evaluators.facts import TaskFacts
from evaluators.report.arm_tables import arms_table, measured_candidates
from evaluators.report.candidates import candidates_table
from evaluators.report.comparison_table import comparison_table, transfer_table
from evaluators.report.html_page import Section, folded, paragraphs
from evaluators.report.html_table import result_html
from evaluators.report.html_text import Html, code, element, facts, joined
from evaluators.report.looks import looks_sentence
from evaluators.report.marks import ABOUT_TIES, caveats, opened_for
from evaluators.report.starred import ahead_sentence
from evaluators.wording import count, percent, title

#: Longer tables wait behind their title: the whole ladder has some 160 comparisons.
LONG = 40


_TRANSFER = (
    "Negative transfer: below a floor beyond noise. The floors are the best baseline on the data alone, the same "
    "architecture from scratch and, where it was measured, a linear probe on the same architecture with random "
    "weights. Unclear: the interval holds 0."
)


def scores_section(evidence: Evidence) -> Section:
    """Return the section."""
    parts: list[Html] = [paragraphs(_opened(evidence.findings))]
    for task in evidence.findings.tasks:
        parts += _scores(evidence, task)
    return Section("scores", "Every base with every strategy", tuple(parts))


def _opened(findings: Findings) -> str:
    opened = (
        f"The locked test was opened{opened_for(findings)}: scores are on it."
        if findings.final
        else "The locked test was not opened: all scores are on validation."
    )
    runs = findings.protocol.get("runs", "?")
    return (
        f"{opened} Protocol {findings.protocol.get('id', '?')}, {runs} paired runs; brackets are 95 % intervals "
        "over runs (Student's t; of shares cut at 0 and 100). !k after a score: k runs failed and are not in it. "
        f"{ABOUT_TIES + ' ' if findings.tie_groups else ''}A click on a heading sorts."
    )


def _scores(evidence: Evidence, task: TaskFacts) -> Iterator[Html]:
    findings = evidence.findings
    yield element("h3", task.id)
    yield _task(task)
    looked = looks_sentence(findings, task.id)
    if looked:
        yield element("p", looked)
    for text in caveats(findings, task.id):
        yield element("p", element("strong", text))
    yield result_html(arms_table(evidence, task))
    for row in findings.recommendations:
        ahead = ahead_sentence(findings, row) if row.task == task.id else ""
        if ahead:
            yield paragraphs(f"Recommended for {row.candidate}: {title(row.strategy)}. {ahead}")
    side_by_side = candidates_table(evidence, task.id)
    if side_by_side:
        yield result_html(side_by_side)
    for facts_of in measured_candidates(findings, task.id):
        if facts_of.role == "candidate":
            for table in (
                transfer_table(findings, task.id, facts_of.name),
                comparison_table(findings, task.id, facts_of.name),
            ):
                if table.rows:
                    if table.columns[1] == "over":
                        yield paragraphs(_TRANSFER)
                    shown = result_html(table)
                    yield folded(table.title, shown) if len(table.rows) > LONG else shown


def _task(task: TaskFacts) -> Html:
    sizes = ", ".join(f"{name} {number:,}" for name, number in sorted(task.sizes.items()))
    copies = ", ".join(f"{number:,} {kind}" for kind, number in sorted(task.duplicates.items()))
    rows: list[tuple[str, str]] = [
        ("title", task.title),
        ("data", code(short(task.digest))),
        ("samples", sizes),
        ("largest class", f"{percent(task.majority_share)} %"),
        ("copies between train and test", copies or "not counted"),
        ("margin", f"{percent(task.margin)} points"),
        ("sensitivity", task.sensitivity),
    ]
    classes = count(len(task.labels), "label")
    if task.sensitivity == "restricted":
        rows.append((classes, "a restricted task: no example and no name of a class is shown"))
    else:
        names = element("details", element("summary", "their names"), element("p", joined(task.labels, ", ")))
        rows.append((classes, names))
    if not task.promotable:
        rows.append(("use", "a personal task: it can promote nothing"))
    return facts(rows)
