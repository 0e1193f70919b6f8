"""What a promotion of an adapted model measured, judged again: from a stored document alone.

In: evidence about an artifact, the catalog, the log as last read here. Out: the decision of today's policy, and a page.
Nothing is measured, and nothing is promoted by it.
"""

from __future__ import annotations

import datetime as dt

from evaluators.artifact_evidence import ArtifactEvidence
from evaluators.errors import UsageProblem
from evaluators.report.artifact import artifact_facts, artifact_markdown, artifact_note, artifact_table
from evaluators.report.html_page import Section, fact_section, html_page, paragraphs
from evaluators.report.html_table import result_html
from hub.adapted.gate import AdaptedCase, decide_adapted
from hub.adapted.history import base_approval, best_adapted
from hub.catalog import Catalog
from hub.decision import Decision
from hub.promotion_log import History
from hub.report import verdict_parts
from hub.report_page import rules_section, verdict_html


def judge_again(
    evidence: ArtifactEvidence, catalog: Catalog, policy: str, history: History, *, today: dt.date
) -> Decision:
    """Apply a policy to stored evidence about an adapted model.

    Args:
        evidence: The document.
        catalog: The base's card, the policy.
        policy: Id of the rules.
        history: The verified log: does the base stand?
        today: Waivers and reviews run out.

    Raises:
        UsageProblem: If the catalog has no card of the base, or no such policy.
    """
    findings = evidence.findings
    name, _, digest = (findings.candidate.base or "").partition("@")
    if not digest:
        raise UsageProblem(
            f"the evidence about {findings.candidate.name} names no base", hint="promote it again"
        )
    approval = base_approval(history, name, digest, findings.task.id)
    best = best_adapted(history, findings.task)
    return decide_adapted(
        AdaptedCase(evidence, catalog.card(name), approval, today, best), catalog.policy(policy)
    )


def adapted_report(decision: Decision, evidence: ArtifactEvidence) -> str:
    """Return the page: the verdict, rule by rule, then what was measured; ending in a newline."""
    return "\n\n".join([*verdict_parts(decision), artifact_markdown(evidence)])


def adapted_page(decision: Decision, evidence: ArtifactEvidence) -> str:
    """Return the same as one HTML file."""
    findings = evidence.findings
    measured = (result_html(artifact_table(findings)), paragraphs(artifact_note(findings)))
    return html_page(
        f"{decision.model} on {findings.task.id}",
        [verdict_html(decision)],
        (
            rules_section([decision]),
            Section("scores", "Every artifact on the same items", measured),
            fact_section(artifact_facts(evidence)),
        ),
    )
