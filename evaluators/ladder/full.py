"""Strategies that train all of the base."""

from __future__ import annotations

from evaluators.ladder.row import ANY, Cost, Strategy, Tier
from evaluators.ladder.settings import FINE_TUNING, LONGER, STACKED_BELOW

ROWS: tuple[Strategy, ...] = (
    Strategy(
        id="full-finetune",
        title="Full fine-tuning",
        tier=Tier.FULL,
        modalities=ANY,
        subject="weights",
        sees="samples",
        fit="evaluators.engine.finetuning:fit_full",
        kind="tuned",
        trains="all parameters, and a head",
        wins="plenty of labels, a moderate shift from pre-training",
        source="AdamW with bias correction, 10 % warm-up, enough steps for small n (Mosbach et al. 2021), clip 1.0",
        defaults={**FINE_TUNING, "learning_rate": 1e-4},
        defaults_by_modality={"image": {**LONGER, "learning_rate": 2e-4, "head_rate": 25.0}},
        cost=Cost(3.0),
        recipe=("base", "full_finetune", "training", "keep_model", "score"),
        fused="evaluators.engine.finetuning:fit_full_together",
        fused_below=STACKED_BELOW,
        version=2,
    ),
)
