"""What must hold of every promotion before its record is made, of a base and of an adapted model alike.

In: a reason, a decision, the signed evidence it cites, the policy, keys. Out: nothing, or the error that names what is
wrong. Pure. What can be done next differs, so the callers say it.
"""

from __future__ import annotations

from collections.abc import Iterator

from evaluators.artifact_evidence import ArtifactEvidence
from evaluators.canonical import canonical_json
from evaluators.errors import IntegrityError, UsageProblem
from evaluators.evidence import Evidence
from hub.decision import Decision, RuleResult, TaskVerdict
from hub.policy import Policy
from hub.promotion_log import WaivedRule
from hub.ruling import SETTLED
from hub.signing import KeyRing


def require_reason(reason: str) -> None:
    """Refuse an empty reason.

    Raises:
        UsageProblem: If it is.
    """
    if not reason.strip():
        raise UsageProblem("a promotion needs a reason", hint='say why: --reason "..."')


def require_trusted(evidence: Evidence | ArtifactEvidence, keys: KeyRing, *, hint: str) -> None:
    """Refuse evidence that no trusted key signed.

    Raises:
        IntegrityError: If none did.
    """
    signature = evidence.signature
    if signature is None or not keys.verifies(canonical_json(evidence.unsigned), signature):
        signed = signature.key_id if signature else "nobody"
        raise IntegrityError(
            f"the evidence is signed by {signed}, which this machine does not trust", hint=hint
        )


def wrong_citations(
    decision: Decision, evidence: Evidence | ArtifactEvidence, policy: Policy
) -> Iterator[str]:
    """Yield what a decision cites that is not this evidence or this policy."""
    if decision.findings_digest != evidence.findings.digest:
        yield "the decision cites other findings than this evidence has"
    if decision.observations_digest != evidence.observations.digest:
        yield "the decision cites other observations than this evidence has"
    if decision.policy_digest != policy.digest:
        yield f"the policy {policy.id} was changed after the decision"


def unsettled(decision: Decision) -> list[RuleResult]:
    """Return the rules that keep a decision from being an approval."""
    rules = [*decision.rules, *(rule for task in decision.tasks for rule in task.rules)]
    return [rule for rule in rules if rule.decisive and rule.outcome not in SETTLED]


def what_settles(decision: Decision) -> str | None:
    """Return what would settle the first rule that can be settled."""
    return next((rule.settles for rule in unsettled(decision) if rule.settles), None)


def waived_rules(verdict: TaskVerdict, decision: Decision) -> tuple[WaivedRule, ...]:
    """Return what an approval could do without, for its record."""
    return tuple(
        WaivedRule(rule=row.rule, owner=row.owner, reason=row.reason, expires=row.expires.isoformat())
        for row in decision.waivers_of(verdict)
    )
