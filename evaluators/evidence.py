"""The document that a promotion rests on.

Two halves, each with its digest. *Findings* are what was measured and would be measured again: identities, cells,
prediction digests, metrics, comparisons, failures. *Observations* are what happened to be so: time, memory, hardware,
packages, commit, reads of locked tests. A rerun and a resume after a kill reproduce the findings digest.

It makes two kinds of claim and never mixes them: *this strategy on this base* beats that one (paired over runs), and
*this artifact* beats that one (paired over items).
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, ValidationError, model_serializer

from evaluators.answer_evidence import Answers
from evaluators.canonical import digest_of
from evaluators.comparison_evidence import Comparison, TieGroup
from evaluators.curve_evidence import LabelSaving, Overtaking
from evaluators.document import Document
from evaluators.drift_evidence import CellDrift
from evaluators.errors import InvalidDocument
from evaluators.estimate import Estimate as Estimate
from evaluators.facts import CandidateFacts, TaskFacts
from evaluators.looks import Looks
from evaluators.observations import Observations
from evaluators.shift_evidence import EffectiveRobustness
from evaluators.signature import Signature
from evaluators.trail import Climb

SCHEMA = 1


class SetScore(Document):
    """One cell's scores on one set."""

    set: str
    samples: int
    metrics: dict[str, float]
    """`accuracy`, `macro_f1`, `log_loss`, `ece`, ...; for an out-of-scope set `auroc`, `fpr_at_95_tpr`.

    Where validation was predicted it has `temperature`, fitted there, and the others `ece_scaled` and
    `log_loss_scaled`, after it. Documents of earlier versions lack these, `selective_accuracy` and `aurc`.
    """
    predictions_sha256: str


class CellFinding(Document):
    """One cell, as measured."""

    key: str
    status: Literal["scored", "failed", "skipped"]
    candidate: str
    strategy: str
    task: str
    labels_per_class: int
    labels: int
    run: int
    draw: int
    seed: int
    settings: dict[str, float | int | str | bool]
    scores: tuple[SetScore, ...] = ()
    train_metric: float | None = None
    """The task's metric on the cell's own training labels, in evaluation mode."""
    reason: str | None = None
    drift: CellDrift | None = None
    """What adapting changed in the base; None where it was not trained or not asked, and in earlier documents."""

    @model_serializer(mode="wrap")
    def _without_what_earlier_versions_lack(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        if self.drift is None:
            written.pop("drift", None)
        return written


class Summary(Document):
    """A strategy at one train size, over its runs."""

    candidate: str
    strategy: str
    task: str
    labels_per_class: int
    labels: int
    set: str
    metric: str
    estimate: Estimate
    sd: float
    """Standard deviation over runs."""
    failed_runs: int = 0


DiagnosticName = Literal[
    "generalization-gap",
    "shift-drop",
    "out-of-scope-auroc",
    "sample-efficiency",
    "calibration-error",
    "selection-optimism",
    "calibration-error-scaled",
    "selective-accuracy",
    "risk-coverage",
    "out-of-scope-fpr",
    "brier-score",
    "brier-score-scaled",
    "log-loss",
    "log-loss-scaled",
    "worst-class",
    "corruption-error",
    "corruption-error-added",
    "corruption-error-ratio",
    "corruption-error-ratio-relative",
    "forgetting",
    "feature-alignment",
    "neighbour-overlap",
]

#: Fields of findings that documents of earlier versions lack; each is left out where it is empty.
_LATER_FIELDS = (
    "tie_groups",
    "climbs",
    "label_savings",
    "overtakings",
    "effective_robustness",
    "answers",
    "looks",
)


class Diagnostic(Document):
    """A number a reviewer asks for beside the score."""

    name: DiagnosticName
    task: str
    candidate: str
    strategy: str
    labels_per_class: int
    set: str
    estimate: Estimate


class Recommendation(Document):
    """The lightest sufficient strategy of one candidate on one task, chosen on validation, never on the test."""

    task: str
    candidate: str
    strategy: str
    labels_per_class: int
    chosen_on: str
    reason: str


class Findings(Document):
    """What was measured and would be measured again."""

    schema_version: Literal[1] = 1
    candidates: tuple[CandidateFacts, ...]
    tasks: tuple[TaskFacts, ...]
    protocol: dict[str, Any]
    plan_digest: str
    final: bool
    """Whether the locked tests were opened."""
    cells: tuple[CellFinding, ...]
    summaries: tuple[Summary, ...]
    comparisons: tuple[Comparison, ...]
    diagnostics: tuple[Diagnostic, ...]
    recommendations: tuple[Recommendation, ...]
    tie_groups: tuple[TieGroup, ...] = ()
    """Empty in documents of earlier versions, as all below."""
    climbs: tuple[Climb, ...] = ()
    """Where the protocol climbs the ladder rung by rung: how far, and why no further."""
    label_savings: tuple[LabelSaving, ...] = ()
    overtakings: tuple[Overtaking, ...] = ()
    effective_robustness: tuple[EffectiveRobustness, ...] = ()
    answers: tuple[Answers, ...] = ()
    """Of the recommended strategies alone."""
    looks: Looks | None = None
    """Where runs were added until the question was decided: which look this is. Intervals stay those of 95 %."""

    @model_serializer(mode="wrap")
    def _without_what_earlier_versions_lack(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # A document that an earlier version signed must still give the bytes that it signed.
        written: dict[str, Any] = write(self)
        for name in _LATER_FIELDS:
            if not written.get(name):
                written.pop(name, None)
        return written

    @property
    def digest(self) -> str:
        """Digest that approvals cite."""
        return digest_of(self.model_dump(mode="json"))


class Evidence(Document):
    """Findings and observations in one versioned document."""

    schema_version: Literal[1] = 1
    findings: Findings
    observations: Observations
    signature: Signature | None = None

    @property
    def unsigned(self) -> dict[str, Any]:
        """The JSON-able value that the signature covers."""
        return self.model_dump(mode="json", exclude={"signature"})


def evidence_to_json(evidence: Evidence) -> str:
    """Return the document as indented JSON text, ending in a newline."""
    return evidence.model_dump_json(indent=1) + "\n"


def evidence_from_json(text: str | bytes, *, where: str) -> Evidence:
    """Parse a document.

    Raises:
        InvalidDocument: If it is not evidence of a version that this program reads.
    """
    try:
        return Evidence.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidDocument(
            f"{where}: not evidence of schema {SCHEMA}: {field}: {first['msg']}",
            hint="evidence is written by `hub evaluate`; it cannot be edited by hand",
        ) from error
