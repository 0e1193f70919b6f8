"""What happened to be so when it was measured: time, memory, hardware, packages, commit, reads of locked tests.

One half of an evidence document; a rerun gives other observations and the same findings.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from evaluators.canonical import digest_of
from evaluators.document import Document
from evaluators.serving_evidence import Serving
from evaluators.work_evidence import FitWork


class CellCost(Document):
    """What a cell cost when it was computed (which may have been in an earlier evaluation)."""

    key: str
    strategy: str
    candidate: str
    task: str
    labels_per_class: int
    seconds: float
    peak_bytes: int
    """Most memory while it was fitted: of the GPU, or of the process; 0 if it was not measured."""
    trained_parameters: int
    steps: int
    converged: bool = True
    """False where an optimiser reached its last iteration before the optimum."""
    environment: str
    """Digest of the environment that computed it, a key of `Observations.environments`."""
    beside: int = 0
    """How many others were fitted in the same pass: `seconds` is an equal share, `peak_bytes` is that of all."""
    remedies: tuple[str, ...] = ()
    """What had to be changed so that it could be fitted: less memory, more precision."""

    @model_serializer(mode="wrap")
    def _without_what_earlier_versions_lack(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # A document that an earlier version signed must still give the bytes that it signed.
        written: dict[str, Any] = write(self)
        for name in ("beside", "remedies"):
            if not getattr(self, name):
                written.pop(name)
        return written


class EncodingCost(Document):
    """What encoding a task's samples once cost when it was computed; every frozen strategy pays it for its labels."""

    task: str
    candidate: str
    samples: int
    seconds: float
    environment: str
    """Digest of the environment that computed it, a key of `Observations.environments`."""


class Environment(Document):
    """A machine that computed cells, and the software on it."""

    device: str
    """`cpu` or `cuda`."""
    hardware: dict[str, str]
    """`cpu`, `cores`, `memory`, `system`, and `gpu` where there is one."""
    packages: dict[str, str]
    """Versions of the packages that can change a result."""
    python: str
    commit: str | None = None
    """Of the folder that it was started in; None outside a repository."""
    dirty: bool | None = None
    """Whether that folder had uncommitted changes."""

    @property
    def digest(self) -> str:
        """Identity; equal machines with equal software share it."""
        return digest_of(self.model_dump(mode="json"))


class TestOpening(Document):
    """One opening of a locked test: the cells of a plan that had not read it before."""

    when: str
    """UTC, ISO 8601."""
    who: str
    plan: str
    """Digest of the plan that read."""
    cells: int
    candidates: int
    """Distinct models among them."""


class TestRead(Document):
    """How often the locked test of a task was read, by distinct cell, up to this evaluation."""

    task: str
    cells_this_evaluation: int
    cells_ever: int
    candidates_ever: int = 0
    """Distinct models among those cells since the task's splits are what they are; 0 in earlier documents."""
    openings: tuple[TestOpening, ...] = ()
    """Who opened it and when, oldest first; none in earlier documents."""
    looks: dict[str, int] = Field(default_factory=dict)
    """Digest of a model -> how many plans ever judged it here: each is another look. Empty in earlier documents."""

    @model_serializer(mode="wrap")
    def _without_what_earlier_versions_lack(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # A document that an earlier version signed must still give the bytes that it signed.
        written: dict[str, Any] = write(self)
        for name in ("candidates_ever", "openings", "looks"):
            if not getattr(self, name):
                written.pop(name, None)
        return written


class Observations(Document):
    """What happened to be so when it was measured."""

    created: str
    """UTC, ISO 8601."""
    environments: dict[str, Environment]
    """Where the cells were computed, by digest; more than one where a store is shared."""
    counters: dict[str, int]
    """`samples_encoded`, `samples_distinct`, `cells_run`, `cells_reused`, `cells_failed`, `cells_skipped`,
    `passes_halved`."""
    seconds: float
    costs: tuple[CellCost, ...]
    test_reads: tuple[TestRead, ...]
    encodings: tuple[EncodingCost, ...] = ()
    """Empty in documents of earlier versions, which did not time it."""
    serving: tuple[Serving, ...] = ()
    """Empty in documents of earlier versions, as `encodings`."""
    work: tuple[FitWork, ...] = ()
    """Counted by the program that gathered it; empty in documents of earlier versions."""

    @property
    def digest(self) -> str:
        """Digest of this half."""
        return digest_of(self.model_dump(mode="json"))

    @model_serializer(mode="wrap")
    def _without_what_earlier_versions_lack(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # A document that an earlier version signed must still give the bytes that it signed.
        written: dict[str, Any] = write(self)
        for name in ("encodings", "serving", "work"):
            if not getattr(self, name):
                written.pop(name)
        return written
