"""What was measured, by identity: a base, a task and what its data look like. As findings hold them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from evaluators.document import Document


class CandidateFacts(Document):
    """The identity of what was measured."""

    name: str
    digest: str
    subject: str
    parameters: int
    library: str
    role: Literal["candidate", "incumbent"] = "candidate"
    incumbent_for: dict[str, str] = Field(default_factory=dict)
    """Of an incumbent: task -> strategy that it was approved with."""
    contamination: dict[str, str] = Field(default_factory=dict)
    """Measured tasks that the model saw, or whose data shaped its recipe -> how, as its card says."""

    @model_serializer(mode="wrap")
    def _without_what_earlier_versions_lack(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        if not self.contamination:
            written.pop("contamination", None)
        return written


class TaskValue(Document):
    """What answers are worth to the owner of a task, in a unit of theirs."""

    right: float = 0.0
    wrong: float = 0.0
    """Cost of a wrong answer."""
    unit: str


class TaskFacts(Document):
    """The identity of the task, and what its data look like."""

    id: str
    digest: str
    title: str
    metric: str
    margin: float
    labels: tuple[str, ...]
    sizes: dict[str, int]
    """Samples in every set."""
    duplicates: dict[str, int]
    """`exact` and `normalised` duplicates between train and test, and `conflicting` labels."""
    majority_share: float
    sensitivity: str
    promotable: bool = True
    """False for a personal task from the command line."""
    incumbent: str | None = None
    """Digest of the base that is approved for this task when it is planned, whether it could be measured or not."""
    value: TaskValue | None = None
    leaks_allowed: bool = False
    """Whether it was measured, by name, although its test repeats more of the training data than the policy allows."""
    corruptions: tuple[str, ...] = ()
    """Families of corruptions, each of five shifted sets."""
    groups: dict[str, int] = Field(default_factory=dict)
    """Set -> how many groups its samples come in, where the task names a column of groups."""

    @model_serializer(mode="wrap")
    def _without_what_earlier_versions_lack(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        for name in ("leaks_allowed", "value", "corruptions", "groups"):
            if not getattr(self, name):
                written.pop(name, None)
        return written
