"""The page that a reviewer opens: one file, the verdict first, then rule by rule, then the evidence.

In: decisions, the evidence that they were made from, and records of the log where they are known. Out: HTML that asks
nobody for anything. Built from these alone: equal documents give equal bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from evaluators.canonical import short
from evaluators.evidence import Evidence, Findings
from evaluators.report.example import Example
from evaluators.report.html_evidence import answer_parts, evidence_sections, recommendation_rows
from evaluators.report.html_page import Section, fact_section, html_page, paragraphs
from evaluators.report.html_table import Cell, html_table
from evaluators.report.html_text import Html, code, element, escaped, facts, joined, listed
from evaluators.report.provenance import provenance
from evaluators.wording import at_size, title
from hub.decision import Decision, RuleResult, TaskVerdict
from hub.next_step import next_step
from hub.promotion_log import Record
from hub.report import check_about
from hub.verdict_caveats import verdict_caveats

#: How a rule or a verdict ended: class for the style sheet, and a mark for those who see no colour.
_MARKS = {
    "pass": ("pass", "✓"),
    "approved": ("pass", "✓"),
    "fail": ("fail", "✗"),
    "refused": ("fail", "✗"),
    "insufficient evidence": ("open", "?"),
    "not applicable": ("none", "\u2013"),
    "waived": ("waived", "~"),
}
_COLUMNS = ("rule", "outcome", "required", "measured", "what would settle it")


def report_page(
    decisions: Sequence[Decision],
    evidence: Evidence,
    records: Iterable[Record] = (),
    examples: Sequence[Example] = (),
) -> str:
    """Return the page of an evaluation, ending in a newline.

    Args:
        decisions: One a candidate.
        evidence: What they were made from.
        records: Of the promotion log, oldest first; those about other models are left out.
        examples: Items that the recommended strategies got wrong, where the data are at hand.

    Raises:
        IntegrityError: If a decision was made from other evidence.
    """
    for decision in decisions:
        check_about(decision, evidence)
    names = ", ".join(decision.model for decision in decisions)
    tasks = ", ".join(task.id for task in evidence.findings.tasks)
    return html_page(
        f"{names} on {tasks}",
        [*(verdict_html(decision, evidence.findings) for decision in decisions), *answer_parts(evidence)],
        (
            rules_section(decisions),
            *evidence_sections(evidence, examples),
            Section("trail", "How it was decided", (facts(_trail(decisions, evidence, records)),)),
            fact_section(provenance(evidence)),
        ),
    )


def verdict_html(decision: Decision, findings: Findings | None = None) -> Html:
    """Return a verdict in a sentence, what has to be known beside it, and what it is about.

    Args:
        decision: The verdict.
        findings: What it was made from, where that is evidence about strategies.
    """
    kind, mark = _MARKS[decision.verdict]
    heading = element("h1", marked(mark, kind, f"{decision.model}: {decision.verdict}"))
    about = joined(
        (
            f"Decided {decision.decided_on} under policy {decision.policy} ",
            code(short(decision.policy_digest)),
            " from findings ",
            code(short(decision.findings_digest)),
            "; model digest ",
            code(short(decision.model_digest)),
        )
    )
    return element(
        "div",
        heading,
        paragraphs(decision.sentence),
        _caveats(verdict_caveats(decision, findings)),
        element("p", about, attributes={"class": "about"}),
        attributes={"class": f"verdict {kind}"},
    )


def _caveats(texts: Sequence[str]) -> Html:
    if not texts:
        return joined(())
    return joined((element("p", element("strong", "To be known beside it:")), listed(texts)))


def rules_section(decisions: Sequence[Decision]) -> Section:
    """Return every rule, required beside measured: those about the model, then task by task."""
    parts: list[Html] = []
    for decision in decisions:
        parts += [element("h3", decision.model), _rules(f"Rules about {decision.model}", decision.rules)]
        for task in decision.tasks:
            parts += [_task_line(task), _rules(f"Rules for {decision.model} on {task.task}", task.rules)]
    return Section("rules", "Rule by rule", tuple(parts))


def marked(mark: str, kind: str, words: str) -> Html:
    """Return words with their mark before them."""
    sign = element("span", mark, attributes={"aria-hidden": "true"})
    return element("span", sign, f" {words}", attributes={"class": f"mark {kind}"})


def _task_line(task: TaskVerdict) -> Html:
    kind, mark = _MARKS["approved"] if task.approved else ("fail", "✗")
    words = marked(mark, kind, "approved" if task.approved else "not approved")
    parts: list[str] = [element("strong", task.task), ": ", words]
    if task.strategy and task.score and task.labels_per_class:
        parts.append(f". {title(task.strategy)}, {task.score} ({at_size(task.labels_per_class)}).")
    return paragraphs(joined(parts))


def _rules(heading: str, rules: Sequence[RuleResult]) -> Html:
    return html_table(heading, _COLUMNS, [_rule(row) for row in rules], cards=True)


def _rule(row: RuleResult) -> tuple[Cell, ...]:
    kind, mark = _MARKS[row.outcome]
    notes = [] if row.decisive else ["advice: it does not decide"]
    if row.why and row.outcome not in ("pass", "not applicable"):
        notes.append(f"protects: {row.why}")
    if row.waiver is not None:
        waiver = row.waiver
        notes.append(f"waived until {waiver.expires.isoformat()} by {waiver.owner}: {waiver.reason}")
    below = joined(element("span", note, attributes={"class": "note"}) for note in notes)
    return (
        Cell(Html(escaped(row.rule) + below)),
        Cell(marked(mark, kind, row.outcome)),
        Cell(row.required),
        Cell(row.measured),
        Cell(row.settles or ""),
    )


def _trail(
    decisions: Sequence[Decision], evidence: Evidence, records: Iterable[Record]
) -> list[tuple[str, str]]:
    """Return what happened, in order, and the command that follows."""
    rows: list[tuple[str, str]] = [("measured", evidence.observations.created)]
    rows += recommendation_rows(evidence.findings)
    models = [decision.model for decision in decisions]
    for decision in decisions:
        about = joined((f" under policy {decision.policy} ", code(decision.policy_digest)))
        rows.append(
            (f"judged {decision.decided_on}", joined((f"{decision.model}: {decision.verdict}", about)))
        )
    rows += [_record(record) for record in records if record.model in models]
    rows += [(f"next, for {decision.model}", code(next_step(decision, evidence))) for decision in decisions]
    return rows


def _record(record: Record) -> tuple[str, str]:
    tasks = ", ".join(task.task for task in record.tasks) or "no task"
    done = "promoted" if record.action == "promote" else "withdrawn"
    words = f"{record.model} {done} for {tasks} by {record.approver}: {record.reason} "
    return f"record {record.sequence}, {record.created}", joined((words, code(short(record.model_digest))))
