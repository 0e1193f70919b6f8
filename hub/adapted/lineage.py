"""Where an adapted model comes from: the document that every byte of its folder is compared with.

    DIR/base/            the base's files, byte for byte
    DIR/fit.json, .safetensors   what was trained: a head, an adapter, or the changed weights
    DIR/README.md        the model card
    DIR/recipe.py, split.json   the same training without us, and its rows; their owner's, so no part of the lineage
    DIR/.hub/adapted.json        the lineage: base = NAME@digest, strategy, settings, data, score, digests of the files

A value: what reads such a folder is `hub.adapted.model`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from evaluators.candidate import Candidate
from evaluators.document import Document
from evaluators.evidence import Estimate
from evaluators.names import RelativePath
from evaluators.observations import Environment
from hub.provenance import LINEAGE as LINEAGE

BASE = "base"
FITTED = ("fit.json", "fit.safetensors")


class Score(Document):
    """How good the same training is on samples that it does not see."""

    metric: Literal["accuracy", "macro_f1"] = "accuracy"
    """The task's."""
    estimate: Estimate
    """With its interval over items: Wilson's of accuracy, the bootstrap's of another metric."""
    trained_on: int
    """Labels that the scored training used; the delivered model was trained on more."""
    share_right: Estimate | None = None
    """Accuracy beside another metric, because `recipe.py` prints accuracy."""

    @property
    def accuracy(self) -> Estimate:
        """Share of right answers, with its Wilson interval."""
        return self.share_right or self.estimate

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what a score in accuracy does not have: version 0.1.0 reads such lineages."""
        value: dict[str, Any] = handler(self)
        if self.share_right is None:
            value.pop("share_right", None)
        return value


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
    chosen_by: Literal["auto"] | None = None
    """`auto`: the strategy was chosen on the samples that then gave the score; None: a person named it."""

    @property
    def lineage(self) -> str:
        """`NAME@digest` of the base."""
        return f"{self.base.name}@{self.base.digest}"

    @property
    def caveat(self) -> str | None:
        """What to keep in mind of the score, in a sentence; None if nothing."""
        if self.chosen_by is None:
            return None
        return (
            "`auto` chose the strategy on the same held-out samples: the score is optimistic by that choice."
        )

    @model_serializer(mode="wrap")
    def _as_written(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what the lineage of a named strategy does not have: version 0.1.0 reads such lineages."""
        value: dict[str, Any] = handler(self)
        if self.chosen_by is None:
            value.pop("chosen_by", None)
        return value
