"""Evidence and decisions on a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from evaluators.evidence import Evidence
from evaluators.report.candidates import candidates_table
from evaluators.report.climb import climb_tables
from evaluators.report.looks import looks_sentence
from evaluators.report.marks import caveats
from evaluators.report.starred import starred_words
from evaluators.report.table import VALIDATION_MARK, ResultTable, failures, result_table
from evaluators.report.tuning_budget import tuning_budgets
from evaluators.report.worth import worth_sentences
from hub.cli.costs import cost_value, tell_reckoning
from hub.cli.output import Output, Table, escape
from hub.computing import Carried
from hub.decision import Decision, RuleResult
from hub.next_step import next_step

_MARKS = {
    "pass": "[green]pass[/green]",
    "fail": "[red]FAIL[/red]",
    "insufficient evidence": "[yellow]unclear[/yellow]",
    "not applicable": "[dim]n/a[/dim]",
    "waived": "[magenta]waived[/magenta]",
}
#: Rules that advise and do not decide are drawn without colour.
_PLAIN = {
    "pass": "ok",
    "fail": "advice",
    "insufficient evidence": "unclear",
    "not applicable": "n/a",
    "waived": "waived",
}
_VERDICTS = {"approved": "bold green", "refused": "bold red", "insufficient evidence": "bold yellow"}


def tell_evaluation(
    evidence: Evidence,
    decisions: tuple[Decision, ...],
    path: Path,
    carried: Carried | None,
    output: Output,
    *,
    stopped: str | None = None,
) -> None:
    """Print scores, verdicts, what it cost against the estimate where it was computed now, and the next command.

    Args:
        evidence: What was measured.
        decisions: What the gate says of it.
        path: Where the evidence lies.
        carried: What computing took; None if it was not computed now.
        output: Where to print.
        stopped: Of a sequence of looks, why there is no further one.
    """
    tables = [drawn(table) for table in _score_tables(evidence)]
    lost = failures(evidence.findings)
    if lost.rows:
        tables.append(Table(lost.columns, lost.rows, title=lost.title, wrap=frozenset(lost.columns)))
    value = {
        "evidence": str(path),
        "findings_digest": evidence.findings.digest,
        "final": evidence.findings.final,
        "counters": evidence.observations.counters,
        **(cost_value(carried) if carried else {}),
        **({"looks": evidence.findings.looks.model_dump(mode="json")} if evidence.findings.looks else {}),
        **({"stopped": stopped} if stopped else {}),
        "summaries": [row.model_dump(mode="json") for row in evidence.findings.summaries],
        "climbs": [row.model_dump(mode="json") for row in evidence.findings.climbs],
        "tuning_budgets": [
            {"candidate": row.candidate, "task": row.task, **asdict(budget), "total": budget.total}
            for row in evidence.findings.climbs
            for budget in tuning_budgets(evidence, row)
        ],
        "recommendations": [row.model_dump(mode="json") for row in evidence.findings.recommendations],
        "decisions": [decision.model_dump(mode="json") for decision in decisions],
    }
    output.data(value, *tables)
    if any(" *" in row[0] for table in tables for row in table.rows):
        output.say(f"[dim]* {escape(starred_words(evidence.findings))}[/dim]")
    if any(VALIDATION_MARK in text for table in tables for row in table.rows for text in row[1:]):
        output.say("[dim]v on validation: the locked test is opened for what the decision needs[/dim]")
    for task in evidence.findings.tasks:
        for text in worth_sentences(evidence.findings, task):
            output.say(escape(text))
        looked = looks_sentence(evidence.findings, task.id)
        if looked:
            output.say(f"{escape(task.id)}: {escape(looked)}")
        for text in caveats(evidence.findings, task.id):
            output.say(f"[yellow]{escape(task.id)}: {escape(text)}[/yellow]")
    for decision in decisions:
        tell_decision(decision, output)
        output.essential(f"{decision.model} {decision.verdict}")
    tell_reckoning(carried.reckoning if carried else None, output)
    output.note(f"evidence: {path}")
    for decision in decisions:
        output.note(f"next: {next_step(decision, evidence)}")


def advice_not_met(decision: Decision) -> list[RuleResult]:
    """Return the rules that advise, do not decide, and failed."""
    rules = [*decision.rules, *(rule for task in decision.tasks for rule in task.rules)]
    return [row for row in rules if not row.decisive and row.outcome == "fail"]


def tell_decision(decision: Decision, output: Output) -> None:
    """Print a verdict in one sentence and rule by rule."""
    style = _VERDICTS[decision.verdict]
    output.say(f"\n[{style}]{decision.verdict.upper()}[/{style}]  {escape(decision.sentence)}")
    if output.format != "human":
        return
    for row in advice_not_met(decision):
        where = f" ({row.task})" if row.task else ""
        output.say(f"[yellow]advice not met:[/yellow] {escape(row.rule)}{where}: {escape(row.measured)}")
    rules = [*decision.rules, *(rule for task in decision.tasks for rule in task.rules)]
    shown = Table(
        ("", "rule", "measured, and required"),
        tuple(_rule_row(rule) for rule in rules),
        wrap=frozenset({"measured, and required"}),
        marked=frozenset({"", "rule", "measured, and required"}),
    )
    output.show(shown)


def drawn(table: ResultTable) -> Table:
    """Return a result table as the terminal draws it: first column words, the others numbers."""
    return Table(
        table.columns,
        table.rows,
        title=table.title,
        right=frozenset(table.columns[1:]),
    )


def _score_tables(evidence: Evidence) -> Iterable[ResultTable]:
    findings = evidence.findings
    for task in findings.tasks:
        measured = {cell.candidate for cell in findings.cells if cell.task == task.id}
        for facts in findings.candidates:
            if facts.name in measured and facts.role == "candidate":
                yield result_table(evidence, task.id, facts.name, narrow=True)
        yield from climb_tables(findings, task.id, narrow=True)
        side_by_side = candidates_table(evidence, task.id)
        if side_by_side:
            yield side_by_side


def _rule_row(rule: RuleResult) -> tuple[str, str, str]:
    name = rule.rule if rule.decisive else f"[dim]{rule.rule}[/dim]"
    mark = _MARKS[rule.outcome] if rule.decisive else f"[dim]{_PLAIN[rule.outcome]}[/dim]"
    text = f"{escape(rule.measured)}\n[dim]required: {escape(rule.required)}[/dim]"
    if rule.why and rule.outcome not in ("pass", "not applicable"):
        text += f"\n[dim]why: {escape(rule.why)}[/dim]"
    if rule.settles:
        text += f"\n[yellow]to settle it: {escape(rule.settles)}[/yellow]"
    return mark, name, text
