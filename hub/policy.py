"""The organization's rules for approval, as reviewed data.

A rule says what it measures and what it demands; `hub.gate` applies it. A waiver is data too: it names rule, model,
reason, owner and expiry, is shown everywhere, stands in the record that rests on it, and is void when it expires.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field

from evaluators.canonical import digest_of
from evaluators.document import Document
from evaluators.names import SafeName

RuleKind = Literal[
    "baselines-present",
    "gain-over-from-scratch",
    "gain-over-best-baseline",
    "gain-over-incumbent",
    "generalization-gap",
    "shift-drop",
    "forgetting-cap",
    "licence",
    "format",
    "cost-cap",
    "latency-cap",
    "measured-on",
    "final-scores",
    "minimum-runs",
    "no-leak",
    "lifecycle",
    "promotable-task",
]


#: Kinds that no waiver lifts: weights that may run code, a card that is not pinned and active, data nobody reviewed.
NOT_WAIVABLE: frozenset[str] = frozenset({"format", "lifecycle", "promotable-task"})


class Rule(Document):
    """One rule. Which fields count depends on its kind; `hub/README.md` lists them."""

    id: SafeName
    kind: RuleKind
    why: str
    required: bool = True
    """False: shown, but not decisive."""
    at_least: float | None = None
    at_most: float | None = None
    allow: tuple[str, ...] = ()
    sizes: Literal["any", "all", "largest"] = "all"
    """Comparisons: at which train sizes the demand must hold."""
    enabled: bool = True


class Waiver(Document):
    """A rule that need not hold for one model until a date."""

    rule: SafeName
    model: SafeName
    reason: str
    owner: str
    """Who answers for it."""
    expires: dt.date
    """The last day on which it holds."""


class Policy(Document):
    """The rules, who may approve, and which aliases are shown."""

    schema_version: Annotated[Literal[1], Field(alias="schema")] = 1
    id: SafeName
    title: str
    rules: tuple[Rule, ...]
    waivers: tuple[Waiver, ...] = ()
    approvals_needed: Annotated[int, Field(ge=0)] = 0
    alias: str = "approved"
    """The alias that MLflow shows on the version that was promoted last."""

    @property
    def digest(self) -> str:
        """Identity of the rules, cited by every decision."""
        return digest_of(self.model_dump(mode="json", exclude={"title"}))
