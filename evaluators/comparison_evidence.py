"""What findings hold of one arm against another: a paired difference; who is tied with the best."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from evaluators.document import Document
from evaluators.estimate import Estimate


class Comparison(Document):
    """A paired difference, subject minus reference, in the task's metric."""

    claim: Literal["strategy", "artifact"]
    purpose: Literal[
        "gain-over-from-scratch",
        "gain-over-best-baseline",
        "gain-over-incumbent",
        "gain-over-lighter",
        "negative-transfer",
    ]
    task: str
    set: str
    labels_per_class: int
    candidate: str
    strategy: str
    reference_candidate: str
    reference_strategy: str
    difference: Estimate
    p_value: float | None = None
    p_adjusted: float | None = None
    """After Holm, where several candidates of this evaluation meet the same incumbent."""
    test: str
    """`paired t over runs (df=4)`, `McNemar exact`."""
    crossed_low: float | None = None
    """Sensitivity: bootstrap over runs and items together."""
    crossed_high: float | None = None
    detectable: float | None = None
    """The smallest difference that this design detects with probability 0.8."""
    superiority: Estimate | None = None
    """Sensitivity: the share of paired runs in which the subject is better, ties one half. None in documents of
    earlier versions, and for an artifact, which has no runs."""
    p_non_inferior: float | None = None
    """One-sided, of "worse by the task's margin or more" (Schuirmann 1987). None in documents of earlier versions, for
    one run, and where all runs agree and nothing is known of items."""
    p_equivalent: float | None = None
    """Of "different by the margin or more": the larger of both sides."""

    @model_serializer(mode="wrap")
    def _without_what_earlier_versions_lack(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        # A document that an earlier version signed must still give the bytes that it signed.
        written: dict[str, Any] = write(self)
        for name in ("superiority", "p_non_inferior", "p_equivalent"):
            if getattr(self, name) is None:
                written.pop(name, None)
        return written


class TiedArm(Document):
    """A strategy on a base, in a tie group."""

    candidate: str
    """Empty for a baseline on the data alone."""
    strategy: str
    p_adjusted: float
    """Of being as good as the best, after Holm; 1 for the best."""


class TieGroup(Document):
    """At one task and size: the arm with the highest mean, those tied with it, those shown to be worse. No ranks."""

    task: str
    set: str
    metric: str
    labels_per_class: int
    best: TiedArm
    tied: tuple[TiedArm, ...]
    worse: tuple[TiedArm, ...]
    comparisons: int
    """Pairs that p was adjusted for."""
