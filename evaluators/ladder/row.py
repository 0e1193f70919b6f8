"""What a row of the ladder says of a strategy. No torch here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from evaluators.candidate import Modality
from evaluators.protocol import SettingValue

Need = Literal["causal-lm", "transformer"]
"""What a base must be for a strategy to make sense: see `evaluators/fitness.py`."""


Tap = Literal["features", "layers"]
"""What is read of a frozen trunk: its pooled features, or the pooled output of every block."""

_USUAL_BLOCKS = 12


class Tier(Enum):
    """How heavy a strategy is. The order is the ladder."""

    BASELINE = "baseline"
    FROZEN = "frozen"
    EFFICIENT = "parameter-efficient"
    PARTIAL = "partial"
    FULL = "full"

    @property
    def rung(self) -> int:
        """Position on the ladder, 0 lightest."""
        return list(Tier).index(self)


Depends = Callable[[Mapping[str, SettingValue], int], float]
"""A number of passes, by settings and how many blocks the base has."""


@dataclass(frozen=True)
class Cost:
    """What training costs, in forward passes of the backbone.

    Attributes:
        passes: Per sample and epoch; where that depends on settings or depth, with the row's own on 12 blocks. 0 if
            none is trained.
        once: Per labelled sample, before the first epoch.
        passes_for: `passes` with other settings (the first argument) and on a base of so many blocks; none where
            neither matters.
        once_for: The same of `once`.
    """

    passes: float
    once: float = 0.0
    passes_for: Depends | None = None
    once_for: Depends | None = None

    @classmethod
    def by_depth(
        cls,
        passes_for: Depends,
        settings: Mapping[str, SettingValue],
        once_for: Depends | None = None,
    ) -> Cost:
        """Return the cost of a row with these settings, which depends on how many blocks are trained."""
        once = once_for(settings, _USUAL_BLOCKS) if once_for else 0.0
        return cls(passes_for(settings, _USUAL_BLOCKS), once, passes_for, once_for)

    def at(self, settings: Mapping[str, SettingValue], blocks: int) -> float:
        """Return the passes per sample and epoch with these settings on a base of so many blocks."""
        return self.passes if self.passes_for is None else self.passes_for(settings, blocks)

    def before(self, settings: Mapping[str, SettingValue], blocks: int) -> float:
        """Return the passes per labelled sample before the first epoch, with these settings on such a base."""
        return self.once if self.once_for is None else self.once_for(settings, blocks)


@dataclass(frozen=True)
class Strategy:
    """One row of the ladder.

    Attributes:
        id: Its name everywhere.
        title: For people.
        tier: Rung of the ladder.
        modalities: What it can be applied to.
        subject: What of the candidate it depends on: nothing, the untrained architecture, or the weights.
        sees: What its fit receives: `features` (frozen, pooled), `layers` (frozen, pooled after every block, side by
            side), or `samples` (raw inputs).
        fit: `module:function` of ours that trains it; imported only where it runs.
        kind: Kind of the record (`fit.json`) that what it trains is kept as.
        trains: What is trained, in words.
        learns: What it makes of the labels of a draw: it is trained on them, or keeps them as they are (neighbours,
            examples of a prompt, the most frequent), or reads none.
        wins: When the literature says it wins.
        source: Where the defaults come from.
        defaults: Settings; a protocol may change them.
        defaults_by_modality: Settings that one modality has otherwise; names of `defaults` only.
        reads_label_texts: Whether its fit also receives the features of the labels' names, written as the setting
            `template` says.
        cost: See `Cost`.
        needs: What the base must be; cells of others are skipped with the reason.
        fused: `module:function` of ours that trains several jobs over one base at once, each as `fit` would; none
            where there is nothing to gain.
        fused_across: Cells that may share such a pass: `runs` (equal in all but draw and seed), or also `sizes`.
        fused_below: By modality, FLOPs of a batch's forward pass up to which such a pass pays; one that is not named
            never does. None: it always pays.
        recipe: Sections of `recipes/` that train it without us, in the order of the page; none for baselines, and
            for what no short page can say.
        optional: Of a baseline: whether an approval does without it.
        searched: Settings that it tries where a protocol's selection is `held-out`, those of a head that is solved and
            not trained among them; 1: it has no grid.
        version: Raised when the same settings would give other results; part of every key.
    """

    id: str
    title: str
    tier: Tier
    modalities: frozenset[Modality]
    subject: Literal["nothing", "architecture", "weights"]
    sees: Literal["features", "layers", "samples"]
    fit: str
    kind: str
    trains: str
    wins: str
    source: str
    defaults: Mapping[str, SettingValue] = field(default_factory=dict)
    defaults_by_modality: Mapping[Modality, Mapping[str, SettingValue]] = field(default_factory=dict)
    reads_label_texts: bool = False
    cost: Cost = Cost(0.0)
    needs: tuple[Need, ...] = ()
    fused: str | None = None
    fused_across: Literal["runs", "sizes"] = "runs"
    fused_below: Mapping[Modality, float] | None = None
    recipe: tuple[str, ...] = ()
    learns: Literal["weights", "examples", "nothing"] = "weights"
    optional: bool = False
    searched: int = 1
    version: int = 1

    def defaults_for(self, modality: Modality) -> dict[str, SettingValue]:
        """Return the complete default settings for a modality."""
        return {**self.defaults, **self.defaults_by_modality.get(modality, {})}

    @property
    def reads_trunk(self) -> bool:
        """Whether it reads what a frozen trunk gives, encoded once for all, and no raw inputs."""
        return self.sees != "samples"

    @property
    def is_baseline(self) -> bool:
        """Whether it is a floor that a transfer must beat, not a transfer itself."""
        return self.tier is Tier.BASELINE


TEXT: frozenset[Modality] = frozenset({"text"})
IMAGE: frozenset[Modality] = frozenset({"image"})
ANY = TEXT | IMAGE
