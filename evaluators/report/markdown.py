"""Evidence as a page of Markdown: results, comparisons, diagnostics, failures, provenance.

No number stands without the digest of its data, its runs and its interval; an evaluation that did not open
the locked test says so first. Text of documents is escaped: a title is not allowed to become markup.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from evaluators.canonical import short
from evaluators.evidence import Evidence
from evaluators.facts import CandidateFacts, TaskFacts
from evaluators.report.answer_rows import answers_by_arm, classes_table, confused_pairs_table
from evaluators.report.arm_tables import measured_candidates
from evaluators.report.candidates import candidates_table
from evaluators.report.climb import climb_tables, trail_sentences
from evaluators.report.comparison_table import comparison_table, transfer_table
from evaluators.report.corruption_rows import corruption_table
from evaluators.report.cost_rows import cost_table
from evaluators.report.label_rows import overtakings_table, savings_table
from evaluators.report.looks import looks_sentence
from evaluators.report.marks import ABOUT_TIES, caveats, opened_for
from evaluators.report.provenance import Fact, provenance
from evaluators.report.serving_rows import serving_table
from evaluators.report.shift_rows import robustness_table
from evaluators.report.starred import ahead_sentence
from evaluators.report.table import ResultTable, diagnostic_table, failures, result_table
from evaluators.report.tuning_budget import budget_table
from evaluators.report.worth import worth_sentences
from evaluators.wording import count, percent, title

#: Of all classes a page of Markdown shows so many.
_WORST = 10
_MARKUP = re.compile(r"([\\`*_|<>]|\](?=\s*[\[(:]))")
_MENTION = re.compile(r"(^|\s)(@[\w.-]+)")


def evidence_markdown(evidence: Evidence) -> str:
    """Return the page, ending in a newline."""
    findings = evidence.findings
    parts = [_about(evidence)]
    for task in findings.tasks:
        parts.append(_task_heading(task))
        looked = looks_sentence(findings, task.id)
        parts += [plain(looked)] if looked else []
        parts += [f"**{plain(text)}**" for text in caveats(findings, task.id)]
        parts += [plain(text) for text in worth_sentences(findings, task)]
        for facts in measured_candidates(findings, task.id):
            parts += _candidate_part(evidence, task, facts)
        for found, ladder in zip(
            (row for row in findings.climbs if row.task == task.id),
            climb_tables(findings, task.id),
            strict=True,
        ):
            parts += [f"### {plain(ladder.title)}", markdown_table(ladder)]
            parts.append("\n".join(f"- {plain(text)}" for text in trail_sentences(found)))
            tuned = budget_table(evidence, found)
            if tuned:
                parts += [f"### {plain(tuned.title)}", markdown_table(tuned)]
        side_by_side = candidates_table(evidence, task.id)
        for other in ([side_by_side] if side_by_side else []) + _of_task(evidence, task):
            parts += [f"### {plain(other.title)}", markdown_table(other)]
    missing = failures(findings)
    if missing.rows:
        parts += ["## Not measured", markdown_table(missing)]
    parts += ["## Provenance", "\n".join(fact_line(fact) for fact in provenance(evidence))]
    return "\n\n".join(parts) + "\n"


def _of_task(evidence: Evidence, task: TaskFacts) -> list[ResultTable]:
    """Return what labels buy, cost, robustness, and mistakes of the recommended strategies; the worst classes only."""
    findings = evidence.findings
    tables = [
        savings_table(findings, task),
        overtakings_table(findings, task),
        cost_table(evidence, task.id),
        serving_table(evidence, task.id),
        robustness_table(findings, task),
        corruption_table(findings, task),
    ]
    for (task_id, _), of_sets in answers_by_arm(findings).items():
        if task_id == task.id:
            classes = classes_table(of_sets, task)
            rows = classes.rows[:_WORST]
            cut = f", the worst {_WORST}" if len(classes.rows) > _WORST else ""
            tables += [
                confused_pairs_table(of_sets[0], task),
                ResultTable(classes.title + cut, classes.columns, rows),
            ]
    return [table for table in tables if table.rows]


def markdown_table(table: ResultTable) -> str:
    """Return a table in GitHub's Markdown; the first column to the left, numbers to the right."""
    lines = [_row(table.columns), _row(["---"] * len(table.columns))]
    lines += [_row([plain(text) for text in row]) for row in table.rows]
    return "\n".join(lines)


def plain(text: str) -> str:
    """Return text that Markdown shows as it is, on one line: no markup, no HTML, no link to a person.

    MLflow turns `@word` into a link to a GitHub user; inside a code span it stays text.
    """
    one_line = " ".join(text.split())
    escaped = _MARKUP.sub(lambda found: _ESCAPES.get(found[1], "\\" + found[1]), one_line)
    return _MENTION.sub(r"\1`\2`", escaped)


_ESCAPES = {"<": "&lt;", ">": "&gt;"}


def _about(evidence: Evidence) -> str:
    findings = evidence.findings
    opened = (
        f"The locked test was opened{opened_for(findings)}."
        if findings.final
        else ("The locked test was **not** opened: all scores are on validation.")
    )
    runs = findings.protocol.get("runs", "?")
    protocol = plain(str(findings.protocol.get("id", "?")))
    ties = f"{ABOUT_TIES}\n\n" if findings.tie_groups else ""
    return (
        f"# Evaluation\n\n{opened} Protocol {protocol}, {runs} paired runs (run i has draw i and seed i); brackets "
        "are 95 % intervals over runs (Student's t; of shares cut at 0 and 100); `*` marks the recommended "
        "strategy.\n\n"
        f"{ties}"
        f"Findings `{short(findings.digest)}`, observations `{short(evidence.observations.digest)}`."
    )


def _task_heading(task: TaskFacts) -> str:
    sizes = ", ".join(f"{name} {number:,}" for name, number in sorted(task.sizes.items()))
    copies = (
        ", ".join(f"{number:,} {kind}" for kind, number in sorted(task.duplicates.items())) or "not counted"
    )
    personal = "" if task.promotable else " A personal task: it can promote nothing."
    return (
        f"## {plain(task.id)}\n\n{plain(task.title)}. Data `{short(task.digest)}`, "
        f"{count(len(task.labels), 'label')}, samples: {sizes}; the largest class has "
        f"{percent(task.majority_share)} %. "
        f"Copies between train and test: {copies}. Margin {percent(task.margin)} points.{personal}"
    )


def _candidate_part(evidence: Evidence, task: TaskFacts, facts: CandidateFacts) -> list[str]:
    findings, candidate = evidence.findings, facts.name
    table = result_table(evidence, task.id, candidate)
    role = " (incumbent)" if facts.role == "incumbent" else ""
    parts = [f"### {plain(table.title)}{role}", markdown_table(table)]
    if any(" !" in text for row in table.rows for text in row):
        parts.append("`!k` after a score: k runs failed and are not in it.")
    for row in findings.recommendations:
        if (row.task, row.candidate) == (task.id, candidate):
            ahead = ahead_sentence(findings, row)
            said = f"{plain(row.reason)}.{' ' + plain(ahead) if ahead else ''}"
            parts.append(f"**Recommended: {plain(title(row.strategy))}.** {said}")
    if role:
        return parts
    for other in (
        transfer_table(findings, task.id, candidate),
        comparison_table(findings, task.id, candidate),
        diagnostic_table(findings, task.id, candidate),
    ):
        if other.rows:
            parts += [f"#### {plain(other.title)}", markdown_table(other)]
    return parts


def fact_line(fact: Fact) -> str:
    """Return a fact of the provenance as an item of a list."""
    said = [f"`{fact.digest}`"] if fact.digest else []
    said += [plain(fact.text)] if fact.text else []
    return f"- {plain(fact.name)}: {', '.join(said)}"


def _row(texts: Sequence[str]) -> str:
    return f"| {' | '.join(texts)} |"
