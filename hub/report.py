"""The page a reviewer reads: the verdict first, then rule by rule, then the evidence.

In: a decision and the evidence it was made from. Out: Markdown. It is built from the two documents alone, so
it can be written again from what is stored.
"""

from __future__ import annotations

from collections.abc import Sequence

from evaluators.canonical import short
from evaluators.errors import IntegrityError
from evaluators.evidence import Evidence, Findings
from evaluators.report.markdown import evidence_markdown, markdown_table, plain
from evaluators.report.table import ResultTable
from evaluators.wording import at_size, title
from hub.decision import Decision, RuleResult, TaskVerdict
from hub.verdict_caveats import verdict_caveats


def decision_report(decision: Decision, evidence: Evidence) -> str:
    """Return the report, ending in a newline.

    Raises:
        IntegrityError: If the decision was made from other evidence.
    """
    check_about(decision, evidence)
    # The evidence is a part of this page: its headings go one level down.
    evidence_part = evidence_markdown(evidence).replace("\n#", "\n##")
    return "\n\n".join([*verdict_parts(decision, evidence.findings), f"#{evidence_part}"])


def check_about(decision: Decision, evidence: Evidence) -> None:
    """Make sure that a decision was made from this evidence.

    Raises:
        IntegrityError: If it was made from other evidence.
    """
    if decision.findings_digest != evidence.findings.digest:
        raise IntegrityError(
            f"the decision is about findings {short(decision.findings_digest)}, "
            f"this evidence has {short(evidence.findings.digest)}",
            hint=f"decide again: hub decide {decision.model}",
        )


def verdict_parts(decision: Decision, findings: Findings | None = None) -> list[str]:
    """Return the paragraphs of a decision: the verdict with what has to be known beside it, then rule by rule.

    Args:
        decision: The verdict.
        findings: What it was made from, where that is evidence about strategies.
    """
    caveats = "\n".join(f"- {plain(text)}" for text in verdict_caveats(decision, findings))
    parts = [
        f"# {plain(decision.model)}: {decision.verdict}",
        plain(decision.sentence),
        *([f"To be known beside it:\n\n{caveats}"] if caveats else []),
        f"Decided {decision.decided_on} under policy {plain(decision.policy)} "
        f"`{short(decision.policy_digest)}` from findings `{short(decision.findings_digest)}`; "
        f"model digest `{short(decision.model_digest)}`.",
        "## The model",
        markdown_table(rules_table("Rules about the model", decision.rules)),
        *_whys(decision.rules),
    ]
    for task in decision.tasks:
        parts += _task_part(task)
    return parts


def rules_table(heading: str, rules: Sequence[RuleResult]) -> ResultTable:
    """Return rules with what was required beside what was measured."""
    rows = tuple(
        (
            row.rule,
            row.outcome if row.decisive else f"{row.outcome} (not decisive)",
            row.required,
            row.measured,
            row.settles or "",
        )
        for row in rules
    )
    return ResultTable(heading, ("rule", "outcome", "required", "measured", "what would settle it"), rows)


def _task_part(task: TaskVerdict) -> list[str]:
    verdict = "approved" if task.approved else "not approved"
    parts = [f"## {plain(task.task)}: {verdict}"]
    if task.strategy and task.score and task.labels_per_class:
        parts.append(
            f"{plain(title(task.strategy))}, {plain(task.score)} ({at_size(task.labels_per_class)})."
        )
    return [*parts, markdown_table(rules_table(f"Rules for {task.task}", task.rules)), *_whys(task.rules)]


def _whys(rules: Sequence[RuleResult]) -> list[str]:
    """Return why each rule that did not simply pass is there."""
    unsettled = [row for row in rules if row.why and row.outcome not in ("pass", "not applicable")]
    lines = [f"- {plain(row.rule)} ({row.outcome}): {plain(row.why or '')}" for row in unsettled]
    return ["What these rules protect:\n\n" + "\n".join(lines)] if lines else []
