"""What the gate decided about one candidate, rule by rule. A value: it decides nothing itself."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from evaluators.document import Document
from hub.policy import Waiver


class Outcome(StrEnum):
    """How a rule ended."""

    PASS = "pass"  # noqa: S105  an outcome, no password
    FAIL = "fail"
    INSUFFICIENT = "insufficient evidence"
    NOT_APPLICABLE = "not applicable"
    WAIVED = "waived"


class RuleResult(Document):
    """One rule, required and measured side by side."""

    rule: str
    kind: str
    outcome: Literal["pass", "fail", "insufficient evidence", "not applicable", "waived"]
    required: str
    """What was demanded: `> 0 at every size (95 % interval)`."""
    measured: str
    """What was found: `+12.3 [10.1, 14.5] at 2 labels a class`."""
    settles: str | None = None
    """For insufficient evidence: what would settle it."""
    decisive: bool = True
    task: str | None = None
    why: str | None = None
    """What the rule protects, in the policy's words."""
    waiver: Waiver | None = None
    """Of a rule that did not hold and was waived."""


class TaskVerdict(Document):
    """May this base be used for this task?"""

    task: str
    approved: bool
    strategy: str | None
    """The recommended strategy: the lightest sufficient one."""
    labels_per_class: int | None
    score: str | None
    """`94.2 [93.1, 95.3] accuracy, 80 labels`."""
    rules: tuple[RuleResult, ...]


class Decision(Document):
    """The verdict on one candidate."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    model: str
    model_digest: str
    verdict: Literal["approved", "refused", "insufficient evidence"]
    sentence: str
    """The verdict in one sentence with numbers."""
    rules: tuple[RuleResult, ...]
    """Rules about the model itself: licence, format, lifecycle."""
    tasks: tuple[TaskVerdict, ...]
    findings_digest: str
    observations_digest: str
    policy: str
    policy_digest: str
    decided_on: str
    """Date, ISO 8601."""

    @property
    def approved_tasks(self) -> tuple[TaskVerdict, ...]:
        """The tasks that it is approved for."""
        return tuple(task for task in self.tasks if task.approved)

    def waivers_of(self, task: TaskVerdict) -> tuple[Waiver, ...]:
        """Return the waivers that an approval for a task rests on: of decisive rules about the model or the task."""
        rules = (rule for rule in (*self.rules, *task.rules) if rule.decisive)
        return tuple(rule.waiver for rule in rules if rule.waiver is not None)
