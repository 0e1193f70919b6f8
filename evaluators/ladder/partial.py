"""Strategies that train some blocks of the base."""

from __future__ import annotations

from evaluators.ladder.row import ANY, Cost, Strategy, Tier
from evaluators.ladder.settings import FINE_TUNING, LONGER

ROWS: tuple[Strategy, ...] = (
    Strategy(
        id="partial-freeze",
        title="Partial freeze (upper half)",
        tier=Tier.PARTIAL,
        modalities=ANY,
        subject="weights",
        sees="samples",
        fit="evaluators.engine.finetuning:fit_partial_freeze",
        kind="tuned",
        trains="the upper half of the blocks, and a head; the lower half runs in evaluation mode",
        wins="few labels where full fine-tuning overfits",
        source="AutoGluon and Quick-Tune freeze shares; frozen BatchNorm and dropout stay in evaluation mode",
        defaults={**FINE_TUNING, "learning_rate": 1e-4, "trained_share": 0.5},
        defaults_by_modality={"image": {**LONGER, "learning_rate": 2e-4, "head_rate": 25.0}},
        cost=Cost(2.0),
        recipe=("base", "partial_freeze", "training", "keep_model", "score"),
        version=2,
    ),
)
