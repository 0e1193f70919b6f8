"""Strategies that train some blocks of the base."""

from __future__ import annotations

from evaluators.ladder.depth import once_for_upper, passes_for_one, passes_for_upper
from evaluators.ladder.row import ANY, Cost, Strategy, Tier
from evaluators.ladder.settings import FINE_TUNING, LONGER

_IMAGE = {**LONGER, "learning_rate": 2e-4, "head_rate": 25.0}
_FREEZING = ("base", "partial_freeze", "training", "keep_model", "score")

ROWS: tuple[Strategy, ...] = (
    Strategy(
        id="partial-freeze-last",
        title="Partial freeze (last block)",
        tier=Tier.PARTIAL,
        modalities=ANY,
        subject="weights",
        sees="samples",
        fit="evaluators.engine.finetuning:fit_partial_freeze",
        kind="tuned",
        trains="the last block, and a head; all blocks below run in evaluation mode",
        wins="few labels, features that nearly fit; a shift in what the labels mean (Lee et al. 2023: the last layers)",
        source="all blocks but one frozen; rates as the other partial freezes, so that depth alone differs",
        defaults={**FINE_TUNING, "learning_rate": 1e-4, "trained_blocks": 1},
        defaults_by_modality={"image": _IMAGE},
        cost=Cost.by_depth(passes_for_upper, {"trained_blocks": 1}, once_for_upper),
        recipe=_FREEZING,
    ),
    Strategy(
        id="partial-freeze-quarter",
        title="Partial freeze (upper quarter)",
        tier=Tier.PARTIAL,
        modalities=ANY,
        subject="weights",
        sees="samples",
        fit="evaluators.engine.finetuning:fit_partial_freeze",
        kind="tuned",
        trains="the upper quarter of the blocks, and a head; the lower three quarters run in evaluation mode",
        wins="few labels where training half of the base overfits",
        source="AutoGluon and Quick-Tune freeze shares; rates as the other partial freezes",
        defaults={**FINE_TUNING, "learning_rate": 1e-4, "trained_share": 0.25},
        defaults_by_modality={"image": _IMAGE},
        cost=Cost.by_depth(passes_for_upper, {"trained_share": 0.25}, once_for_upper),
        recipe=_FREEZING,
    ),
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
        defaults_by_modality={"image": _IMAGE},
        cost=Cost.by_depth(passes_for_upper, {"trained_share": 0.5}, once_for_upper),
        recipe=_FREEZING,
        version=2,
    ),
    Strategy(
        id="surgical",
        title="Surgical fine-tuning (first block)",
        tier=Tier.PARTIAL,
        modalities=ANY,
        subject="weights",
        sees="samples",
        fit="evaluators.engine.surgical:fit_surgical",
        kind="tuned",
        trains="one block, the first unless another is set, and a head; the rest runs in evaluation mode",
        wins="inputs that differ from pre-training's in their lowest features: noise, another sensor",
        source="Lee et al. 2023: the first block for a shift of the inputs, the last for one of the labels",
        defaults={**FINE_TUNING, "learning_rate": 1e-4, "block": 0},
        defaults_by_modality={"image": _IMAGE},
        cost=Cost.by_depth(passes_for_one, {"block": 0}),
    ),
)
