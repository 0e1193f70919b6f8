"""Strategies that train all of the base."""

from __future__ import annotations

from collections.abc import Mapping

from evaluators.ladder.depth import passes_for_unfreezing
from evaluators.ladder.row import ANY, TEXT, Cost, Strategy, Tier
from evaluators.ladder.settings import FINE_TUNING, LONGER, STACKED_BELOW
from evaluators.protocol import SettingValue

_IMAGE = {**LONGER, "learning_rate": 2e-4, "head_rate": 25.0}
_WITHOUT_DECAY = {name: value for name, value in FINE_TUNING.items() if name != "weight_decay"}
# The head starts at its optimum, so it needs no rate of its own.
_FROM_PROBE = {**FINE_TUNING, "head_rate": 1.0, "C": 1.0, "max_iter": 1000}
_UNFREEZING: Mapping[str, SettingValue] = {"groups": 4, "unfreezing": 0.5}

_SETFIT: Mapping[str, SettingValue] = {
    "epochs": 1,
    "min_steps": 1,
    "max_steps": 200,
    "batch_size": 16,
    "learning_rate": 2e-5,
    "head_rate": 1.0,
    "weight_decay": 0.01,
    "warmup": 0.1,
    "clip": 1.0,
    "pairs": 10,
}

ROWS: tuple[Strategy, ...] = (
    Strategy(
        id="gradual-unfreezing",
        title="Gradual unfreezing",
        tier=Tier.FULL,
        modalities=ANY,
        subject="weights",
        sees="samples",
        fit="evaluators.engine.layerwise:fit_gradual_unfreezing",
        kind="tuned",
        trains="the head, then group after group of blocks from the top, each at a lower rate; at the end all of it",
        wins="few labels on text, where full fine-tuning is unstable",
        source="ULMFiT (Howard & Ruder 2018): rates divided by 2.6, one group at a time, a slanted triangle; four "
        "groups open over half of the steps, because few labels have no epochs to speak of",
        defaults={**FINE_TUNING, "learning_rate": 1e-4, "decay": "linear", "ratio": 2.6, **_UNFREEZING},
        defaults_by_modality={"image": _IMAGE},
        cost=Cost.by_depth(passes_for_unfreezing, _UNFREEZING),
    ),
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
        defaults_by_modality={"image": _IMAGE},
        cost=Cost(3.0),
        recipe=("base", "full_finetune", "training", "keep_model", "score"),
        fused="evaluators.engine.finetuning:fit_full_together",
        fused_below=STACKED_BELOW,
        version=2,
    ),
    Strategy(
        id="layer-decay",
        title="Layer-wise rate decay",
        tier=Tier.FULL,
        modalities=ANY,
        subject="weights",
        sees="samples",
        fit="evaluators.engine.layerwise:fit_layer_decay",
        kind="tuned",
        trains="all parameters, the lower the slower, and a head",
        wins="deep pre-trained networks with few to some labels",
        source="BEiT and timm's param_groups_layer_decay; 0.9 for encoders of BERT's size, 0.75 for images",
        defaults={**FINE_TUNING, "learning_rate": 1e-4, "layer_decay": 0.9},
        defaults_by_modality={"image": {**_IMAGE, "layer_decay": 0.75}},
        cost=Cost(3.0),
        recipe=("base", "layer_decay", "training", "keep_model", "score"),
    ),
    Strategy(
        id="l2-sp",
        title="L2-SP",
        tier=Tier.FULL,
        modalities=ANY,
        subject="weights",
        sees="samples",
        fit="evaluators.engine.anchored:fit_l2_sp",
        kind="tuned",
        trains="all parameters, pulled back to the pre-trained ones, and a head, pulled to 0",
        wins="few labels (15 to 50 % of a data set), and where forgetting matters",
        source="Li et al. 2018; alpha and beta 0.01, no weight decay beside them",
        defaults={**_WITHOUT_DECAY, "learning_rate": 1e-4, "alpha": 0.01, "beta": 0.01},
        defaults_by_modality={"image": _IMAGE},
        cost=Cost(3.0),
        recipe=("base", "l2_sp", "training", "keep_model", "score"),
    ),
    Strategy(
        id="lp-ft",
        title="LP-FT",
        tier=Tier.FULL,
        modalities=ANY,
        subject="weights",
        sees="samples",
        fit="evaluators.engine.probe_first:fit_lp_ft",
        kind="tuned",
        trains="a linear probe to its optimum, then all parameters from there; the trunk in evaluation mode",
        wins="good features and a shift between training and use (Kumar et al. 2022)",
        source="Kumar et al. 2022; a tenth of the rate of full fine-tuning, the network in evaluation mode as in their "
        "code; the probe is standardised, as the ladder's own",
        defaults={**_FROM_PROBE, "learning_rate": 1e-5},
        defaults_by_modality={"image": {**LONGER, "learning_rate": 2e-5}},
        cost=Cost(3.0, once=1.0),
        recipe=("base", "training", "keep_model", "score"),
        searched=13,
    ),
    Strategy(
        id="wise-ft",
        title="WiSE-FT",
        tier=Tier.FULL,
        modalities=ANY,
        subject="weights",
        sees="samples",
        fit="evaluators.engine.probe_first:fit_wise_ft",
        kind="tuned",
        trains="as LP-FT, then every parameter goes back a share of its way",
        wins="a shift between training and use, whatever the fine-tuning",
        source="Wortsman et al. 2022: half of the way unless chosen; the head that fits both ends is the probe's; "
        "three times LP-FT's rate, so that there is a way to go back",
        defaults={**_FROM_PROBE, "learning_rate": 3e-5, "alpha": 0.5},
        defaults_by_modality={"image": {**LONGER, "learning_rate": 6e-5}},
        cost=Cost(3.0, once=1.0),
        searched=24,
    ),
    Strategy(
        id="setfit",
        title="SetFit (contrastive pairs)",
        tier=Tier.FULL,
        modalities=TEXT,
        subject="weights",
        sees="samples",
        fit="evaluators.engine.contrastive:fit_contrastive",
        kind="tuned",
        trains="all parameters on pairs of texts that belong together or do not, then a logistic regression",
        wins="2 to 16 labels a class on a sentence encoder; overtaken by full fine-tuning from about 14",
        source="Tunstall et al. 2022: cosine loss, 1 epoch at 2e-5, at most 20 pairs a text; at most 200 steps",
        defaults={**_SETFIT, "C": 1.0, "max_iter": 1000},
        cost=Cost(3.0, once=1.0),
        version=2,  # the loop of all others: dropout of the cell; C is not chosen on what the base has seen
    ),
)
