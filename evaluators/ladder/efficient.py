"""Strategies that train few parameters beside or inside a frozen base."""

from __future__ import annotations

from evaluators.ladder.row import ANY, Cost, Strategy, Tier
from evaluators.ladder.settings import FINE_TUNING, LONGER

ROWS: tuple[Strategy, ...] = (
    Strategy(
        id="lora",
        title="LoRA",
        tier=Tier.EFFICIENT,
        modalities=ANY,
        subject="weights",
        sees="samples",
        fit="evaluators.engine.adapters:fit_lora",
        kind="adapter",
        trains="low-rank updates of all linear layers (1x1 and wider convolutions in convnets), and a head",
        wins="few to some labels, many tenants over one base, little memory",
        source="peft; r=8, alpha=2r, all linear layers, rate about ten times that of fine-tuning",
        defaults={
            **FINE_TUNING,
            "learning_rate": 1e-3,
            "rank": 8,
            "alpha": 16,
            "dropout": 0.0,
            "head_rate": 5.0,
        },
        defaults_by_modality={"image": LONGER},
        cost=Cost(2.05),
        fused="evaluators.engine.adapters:fit_lora_together",
        recipe=("base", "lora", "training", "keep_adapter", "score"),
        version=2,
    ),
)
