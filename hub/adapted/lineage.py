"""Where an adapted model comes from: the document that every byte of its folder is compared with.

    DIR/base/            the base's files, byte for byte
    DIR/fit.json, .safetensors   what was trained: a head, an adapter, or the changed weights
    DIR/README.md        the model card
    DIR/recipe.py, split.json   the same training without us, and its rows; their owner's, so no part of the lineage
    DIR/.hub/adapted.json        the lineage: base = NAME@digest, strategy, settings, data, score, digests of the files

A value: what reads such a folder is `hub.adapted.model`.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from evaluators.candidate import Candidate
from evaluators.document import Document
from evaluators.evidence import Environment, Estimate
from evaluators.names import RelativePath
from hub.provenance import LINEAGE as LINEAGE

BASE = "base"
FITTED = ("fit.json", "fit.safetensors")


class Score(Document):
    """How good the same training is on samples that it does not see."""

    metric: Literal["accuracy"] = "accuracy"
    estimate: Estimate
    """Share of right answers over items, with its Wilson interval."""
    trained_on: int
    """Labels that the scored training used; the delivered model was trained on more."""


class Adapted(Document):
    """Where an adapted model comes from."""

    schema_version: Literal[1] = 1
    name: str
    base: Candidate
    base_record: str | None = None
    """Digest of the promotion record that approves the base; None if nothing does."""
    strategy: str
    strategy_version: int
    settings: dict[str, float | int | str | bool]
    seed: int
    dtype: str
    task: str
    task_digest: str
    labels: tuple[str, ...]
    trained_on: int
    """Labels that the delivered model was trained on."""
    score: Score
    environment: Environment
    created: str
    """UTC, ISO 8601."""
    files: dict[RelativePath, str] = Field(default_factory=dict)
    """sha256 of what was trained, by path."""

    @property
    def lineage(self) -> str:
        """`NAME@digest` of the base."""
        return f"{self.base.name}@{self.base.digest}"
