"""THE ladder: every transfer strategy in one table, lightest first. No torch here.

A row says what is trained, with which defaults and why, what it needs, and what a step costs. Adding a strategy is
adding a row and the function it names; `tests/evaluators/engine/test_strategy_contract.py` runs over the table.
Start with the lightest approach; a heavier one must pay for itself with evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from evaluators.candidate import Modality
from evaluators.names import unknown_name
from evaluators.protocol import SettingValue


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


@dataclass(frozen=True)
class Cost:
    """What training costs, in forward passes of the backbone per sample and epoch; 0 if none is trained."""

    passes: float


@dataclass(frozen=True)
class Strategy:
    """One row of the ladder.

    Attributes:
        id: Its name everywhere.
        title: For people.
        tier: Rung of the ladder.
        modalities: What it can be applied to.
        subject: What of the candidate it depends on: nothing, the untrained architecture, or the weights.
        sees: What its fit receives: `features` (frozen, pooled), or `samples` (raw inputs).
        fit: `module:function` of ours that trains it; imported only where it runs.
        kind: Kind of the record (`fit.json`) that what it trains is kept as.
        trains: What is trained, in words.
        wins: When the literature says it wins.
        source: Where the defaults come from.
        defaults: Settings; a protocol may change them.
        defaults_by_modality: Settings that one modality has otherwise; names of `defaults` only.
        cost: See `Cost`.
        recipe: Sections of `recipes/` that train it without us, in the order of the page; none for baselines.
        version: Raised when the same settings would give other results; part of every key.
    """

    id: str
    title: str
    tier: Tier
    modalities: frozenset[Modality]
    subject: Literal["nothing", "architecture", "weights"]
    sees: Literal["features", "samples"]
    fit: str
    kind: str
    trains: str
    wins: str
    source: str
    defaults: Mapping[str, SettingValue] = field(default_factory=dict)
    defaults_by_modality: Mapping[Modality, Mapping[str, SettingValue]] = field(default_factory=dict)
    cost: Cost = Cost(0.0)
    recipe: tuple[str, ...] = ()
    version: int = 1

    def defaults_for(self, modality: Modality) -> dict[str, SettingValue]:
        """Return the complete default settings for a modality."""
        return {**self.defaults, **self.defaults_by_modality.get(modality, {})}

    @property
    def is_baseline(self) -> bool:
        """Whether it is a floor that a transfer must beat, not a transfer itself."""
        return self.tier is Tier.BASELINE


_TEXT: frozenset[Modality] = frozenset({"text"})
_IMAGE: frozenset[Modality] = frozenset({"image"})
_ANY = _TEXT | _IMAGE

# The head's rate is its multiple of the trunk's: 5e-3 on normalised features and from zeros, which reaches the linear
# probe in 24 steps (measured: MiniLM on 10 intents of banking77, 8 labels a class).
_FINE_TUNING: Mapping[str, SettingValue] = {
    "epochs": 5,
    "min_steps": 24,
    "max_steps": 200,
    "batch_size": 16,
    "weight_decay": 0.01,
    "warmup": 0.1,
    "clip": 1.0,
    "head_rate": 50.0,
}
# Small convolutional networks gain from more steps, and theirs are cheap (measured: digits on the glyph base).
_LONGER: Mapping[str, SettingValue] = {"min_steps": 100, "max_steps": 400}

STRATEGIES: tuple[Strategy, ...] = (
    Strategy(
        id="majority",
        title="Majority class",
        tier=Tier.BASELINE,
        modalities=_ANY,
        subject="nothing",
        sees="samples",
        fit="evaluators.engine.baselines:fit_majority",
        kind="majority",
        trains="nothing: the most frequent label",
        wins="never; a score below it means something is broken",
        source="definition",
    ),
    Strategy(
        id="tfidf-logreg",
        title="TF-IDF + logistic regression",
        tier=Tier.BASELINE,
        modalities=_TEXT,
        subject="nothing",
        sees="samples",
        fit="evaluators.engine.baselines:fit_tfidf",
        kind="words",
        trains="a linear classifier on word 1-2-grams",
        wins="when the label is a keyword, or labels are plenty (banking77, all labels: 91.1)",
        source="scikit-learn defaults but sublinear tf and C=10, the usual choice for sparse text",
        defaults={"C": 10.0, "max_iter": 200},
    ),
    Strategy(
        id="pixels-logreg",
        title="Pixels + logistic regression",
        tier=Tier.BASELINE,
        modalities=_IMAGE,
        subject="nothing",
        sees="samples",
        fit="evaluators.engine.baselines:fit_pixels",
        kind="pixels",
        trains="a linear classifier on pixels, 0 to 1, at 32x32",
        wins="on small, aligned images",
        source="scikit-learn defaults; unscaled, the strongest of four (README, decision 9)",
        defaults={"C": 1.0, "max_iter": 500, "size": 32, "standardize": False},
    ),
    Strategy(
        id="from-scratch",
        title="From scratch",
        tier=Tier.BASELINE,
        modalities=_ANY,
        subject="architecture",
        sees="samples",
        fit="evaluators.engine.finetuning:fit_from_scratch",
        kind="scratch",
        trains="the same architecture from a random initialisation",
        wins="many labels, or a domain far from pre-training (VTAB: structured tasks)",
        source="its own, higher rate and more steps than fine-tuning, so that the comparison is fair (measured: a "
        "BERT fails at 1e-3, a convnet wants more; on text 100 steps instead of 60 gain 7 points at twice the time)",
        defaults={
            **_FINE_TUNING,
            "epochs": 10,
            "min_steps": 60,
            "max_steps": 400,
            "learning_rate": 3e-4,
            "head_rate": 1.0,
        },
        defaults_by_modality={"image": {"min_steps": 150, "learning_rate": 2e-3}},
        cost=Cost(3.0),
    ),
    Strategy(
        id="knn",
        title="k nearest neighbours",
        tier=Tier.FROZEN,
        modalities=_ANY,
        subject="weights",
        sees="features",
        fit="evaluators.engine.heads:fit_knn",
        kind="neighbours",
        trains="nothing: cosine neighbours among the labelled samples",
        wins="tiny n, many classes; a sanity check of the features",
        source="k=5 as torchgeo-bench, at most the labels there are; votes weighted by similarity as in DINO",
        defaults={"k": 5},
        recipe=("base", "encode", "knn"),
    ),
    Strategy(
        id="linear-probe",
        title="Linear probe",
        tier=Tier.FROZEN,
        modalities=_ANY,
        subject="weights",
        sees="features",
        fit="evaluators.engine.heads:fit_linear_probe",
        kind="probe",
        trains="a logistic regression on frozen features",
        wins="few labels, a domain close to pre-training, robustness under shift",
        source="scikit-learn defaults; standardisation and C are settings and part of the key",
        defaults={"C": 1.0, "max_iter": 1000, "standardize": True},
        recipe=("base", "encode", "linear_probe"),
    ),
    Strategy(
        id="lora",
        title="LoRA",
        tier=Tier.EFFICIENT,
        modalities=_ANY,
        subject="weights",
        sees="samples",
        fit="evaluators.engine.adapters:fit_lora",
        kind="adapter",
        trains="low-rank updates of all linear layers (1x1 and wider convolutions in convnets), and a head",
        wins="few to some labels, many tenants over one base, little memory",
        source="peft; r=8, alpha=2r, all linear layers, rate about ten times that of fine-tuning",
        defaults={
            **_FINE_TUNING,
            "learning_rate": 1e-3,
            "rank": 8,
            "alpha": 16,
            "dropout": 0.0,
            "head_rate": 5.0,
        },
        defaults_by_modality={"image": _LONGER},
        cost=Cost(2.05),
        recipe=("base", "lora", "training", "keep_adapter", "score"),
    ),
    Strategy(
        id="partial-freeze",
        title="Partial freeze (upper half)",
        tier=Tier.PARTIAL,
        modalities=_ANY,
        subject="weights",
        sees="samples",
        fit="evaluators.engine.finetuning:fit_partial_freeze",
        kind="tuned",
        trains="the upper half of the blocks, and a head; the lower half runs in evaluation mode",
        wins="few labels where full fine-tuning overfits",
        source="AutoGluon and Quick-Tune freeze shares; frozen BatchNorm and dropout stay in evaluation mode",
        defaults={**_FINE_TUNING, "learning_rate": 1e-4, "trained_share": 0.5},
        defaults_by_modality={"image": {**_LONGER, "learning_rate": 2e-4, "head_rate": 25.0}},
        cost=Cost(2.0),
        recipe=("base", "partial_freeze", "training", "keep_model", "score"),
    ),
    Strategy(
        id="full-finetune",
        title="Full fine-tuning",
        tier=Tier.FULL,
        modalities=_ANY,
        subject="weights",
        sees="samples",
        fit="evaluators.engine.finetuning:fit_full",
        kind="tuned",
        trains="all parameters, and a head",
        wins="plenty of labels, a moderate shift from pre-training",
        source="AdamW with bias correction, 10 % warm-up, enough steps for small n (Mosbach et al. 2021), clip 1.0",
        defaults={**_FINE_TUNING, "learning_rate": 1e-4},
        defaults_by_modality={"image": {**_LONGER, "learning_rate": 2e-4, "head_rate": 25.0}},
        cost=Cost(3.0),
        recipe=("base", "full_finetune", "training", "keep_model", "score"),
    ),
)


def strategy(name: str) -> Strategy:
    """Return a row of the table.

    Raises:
        UsageProblem: If there is none, with the nearest names.
    """
    for row in STRATEGIES:
        if row.id == name:
            return row
    raise unknown_name("strategy", name, (row.id for row in STRATEGIES))
