"""The document that the promotion of an adapted model rests on: *this artifact* beats that one, paired over items.

*Findings* would be measured again: which artifacts, what each answers on the locked test (a digest), scores with their
intervals, comparisons. *Observations* happened to be so: time, machine, reads of the test. Each half has a digest, and
the whole is signed. It says nothing about a strategy: another run of the same training is another artifact. No text,
image or single answer stands in it.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, ValidationError, model_serializer

from evaluators.canonical import digest_of
from evaluators.document import Document
from evaluators.errors import InvalidDocument
from evaluators.evidence import Estimate
from evaluators.facts import TaskFacts
from evaluators.observations import Environment, TestRead
from evaluators.signature import Signature

#: The test of accuracy.
MCNEMAR = "McNemar exact"
#: The test of a metric that is no share of items: is the difference more than exchanging the answers gives?
RANDOMISATION = "paired randomisation over items"
#: The test where items come in groups: whole groups are exchanged.
OF_GROUPS = "paired randomisation over groups"
Purpose = Literal["gain-over-best-baseline", "gain-over-incumbent"]


class ArtifactFinding(Document):
    """One artifact on the locked test."""

    role: Literal["candidate", "incumbent", "baseline"]
    name: str
    digest: str
    """Of its bytes; of a baseline, which is trained anew each time, of strategy, settings and data."""
    strategy: str
    base: str | None = None
    """`NAME@digest` of its base; None of a baseline, which has none."""
    size: int = 0
    """Bytes of its folder; 0 of a baseline."""
    trained_on: int
    """Labels that it was trained on."""
    same_splits: bool = True
    """False if it was trained on other splits than the task has now: it may have seen items of this test."""
    estimate: Estimate
    """The task's metric on the locked test, over items."""
    predictions_sha256: str
    """Of the predicted classes, in the order of the test."""


class ArtifactComparison(Document):
    """The candidate minus a reference, on the same items, in the task's metric."""

    claim: Literal["artifact"] = "artifact"
    purpose: Purpose
    reference: str
    """Digest of the reference."""
    difference: Estimate
    only_candidate: int
    """Items that the candidate alone has right."""
    only_reference: int
    p_value: float
    p_adjusted: float
    """After Holm, over all comparisons of this evidence."""
    test: str
    """`MCNEMAR`, `RANDOMISATION` or `OF_GROUPS`; in earlier documents `paired bootstrap over items`, of a percentile
    interval."""
    bootstrap_low: float
    """Sensitivity: percentile interval of the paired bootstrap over items."""
    bootstrap_high: float
    detectable: float
    """The smallest difference that this many items detect with probability 0.8."""
    p_non_inferior: float | None = None
    """One-sided, of "worse by the task's margin or more" (Schuirmann 1987), over items: Tango's score test, of macro-F1
    the bootstrap-t. None in documents of earlier versions."""

    @model_serializer(mode="wrap")
    def _without_what_earlier_versions_lack(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # A document that an earlier version signed must still give the bytes that it signed.
        written: dict[str, Any] = write(self)
        if self.p_non_inferior is None:
            written.pop("p_non_inferior", None)
        return written


class ArtifactFindings(Document):
    """What was measured and would be measured again."""

    schema_version: Literal[1] = 1
    task: TaskFacts
    artifacts: tuple[ArtifactFinding, ...]
    """The candidate first."""
    comparisons: tuple[ArtifactComparison, ...]
    resamples: int
    seed: int

    @property
    def candidate(self) -> ArtifactFinding:
        """What is to be approved."""
        return self.artifacts[0]

    @property
    def incumbent(self) -> ArtifactFinding | None:
        """The adapted model that was approved for the task before."""
        return next((row for row in self.artifacts if row.role == "incumbent"), None)

    @property
    def digest(self) -> str:
        """Digest that approvals cite."""
        return digest_of(self.model_dump(mode="json"))

    def artifact(self, digest: str) -> ArtifactFinding:
        """Return one artifact by its digest."""
        return next(row for row in self.artifacts if row.digest == digest)


class ArtifactObservations(Document):
    """What happened to be so when it was measured."""

    created: str
    """UTC, ISO 8601."""
    environment: Environment
    seconds: float
    test_read: TestRead

    @property
    def digest(self) -> str:
        """Digest of this half."""
        return digest_of(self.model_dump(mode="json"))


class ArtifactEvidence(Document):
    """Findings and observations about one artifact."""

    schema_version: Literal[1] = 1
    kind: Literal["artifact"] = "artifact"
    findings: ArtifactFindings
    observations: ArtifactObservations
    signature: Signature | None = None

    @property
    def unsigned(self) -> dict[str, Any]:
        """The JSON-able value that the signature covers."""
        return self.model_dump(mode="json", exclude={"signature"})


def artifact_evidence_from_json(text: str | bytes, *, where: str) -> ArtifactEvidence:
    """Parse a document.

    Raises:
        InvalidDocument: If it is not evidence about an artifact of a version that this program reads.
    """
    try:
        return ArtifactEvidence.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InvalidDocument(
            f"{where}: not evidence about an artifact: {field}: {first['msg']}",
            hint="it is written by `hub promote --adapted`; it cannot be edited by hand",
        ) from error
