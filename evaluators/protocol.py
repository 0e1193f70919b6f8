"""How to measure: which train sizes, how many runs, which strategies, what is fixed and what is selected.

A protocol is reviewed like a card. Two results are compared only under one protocol. Labels are counted honestly:
a cell of size n uses n labels in all; where a strategy selects a setting it does so inside the same draw (4:1).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from evaluators.document import Document
from evaluators.names import SafeName

#: Fewer paired runs carry no claim about a strategy, whatever a policy says.
FEWEST_RUNS = 5

SettingValue = float | int | str | bool


class Protocol(Document):
    """A measuring protocol."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    id: SafeName
    title: str
    description: str
    labels_per_class: tuple[Annotated[int, Field(ge=1)], ...]
    """Train sizes, smallest first. Subsets of one draw are nested."""
    largest: Annotated[int, Field(ge=1)] | None = None
    """Measure also with as many labels a class as the pool has of every class, but with no more than this."""
    runs: Annotated[int, Field(ge=1)]
    """Run i uses draw i (which labels) and seed i (initialisation and order), for every strategy: runs are paired."""
    sampler: Literal["nested", "mteb"] = "nested"
    """`mteb`: the draws of the MTEB classification protocol (seed 42), in the row order of the file."""
    pool: Literal["train", "train+validation"] = "train"
    """`train+validation`: nothing is scored on validation, so every label outside the test may be drawn."""
    selection: Literal["fixed", "held-out"] = "fixed"
    """`held-out`: strategies with a grid choose on a fifth of the draw, then refit on all of it."""
    strategies: tuple[SafeName, ...]
    settings: dict[SafeName, dict[str, SettingValue]] = Field(default_factory=dict)
    """Per strategy: settings other than the table's defaults."""
    dtype: Literal["float32", "bfloat16"] = "float32"
    """Arithmetic, never chosen by the hardware. `bfloat16`: weights and states where a frozen base is read, autocast
    where one is trained."""
    device: Literal["any", "cpu", "cuda"] = "any"
    climb: bool = False
    """Tier by tier, lightest first: stop after the first one whose gain on validation is shown to be under the task's
    margin. False: every strategy is measured."""

    @model_validator(mode="after")
    def _consistent(self) -> Protocol:
        if list(self.labels_per_class) != sorted(set(self.labels_per_class)):
            raise ValueError("labels_per_class must rise")
        unused = sorted(set(self.settings) - set(self.strategies))
        if unused:
            raise ValueError(f"settings for strategies that are not measured: {', '.join(unused)}")
        if self.sampler == "mteb" and len(self.labels_per_class) != 1:
            raise ValueError("the mteb sampler draws one size")
        if self.climb and self.pool != "train":
            raise ValueError("climbing is decided on validation, and this protocol keeps none: pool: train")
        if self.sampler == "mteb" and self.largest is not None:
            raise ValueError("the mteb sampler draws one size, so there is no `largest`")
        return self

    @model_serializer(mode="wrap")
    def _without_what_is_not_asked_for(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is not asked for: findings and plans of before have no such fields."""
        fields: dict[str, Any] = handler(self)
        for name in ("largest", "climb"):
            if not getattr(self, name):
                fields.pop(name, None)
        return fields

    def sizes(self, rarest: int) -> tuple[int, ...]:
        """Return the train sizes of one task, smallest first; those that it has too few labels for among them.

        Args:
            rarest: Labels that the pool has of its rarest class.
        """
        if self.largest is None or rarest < 1:
            return self.labels_per_class
        return tuple(sorted({*self.labels_per_class, min(rarest, self.largest)}))

    @property
    def needs_final(self) -> bool:
        """Whether the protocol can only be scored on the locked test."""
        return self.pool == "train+validation"
