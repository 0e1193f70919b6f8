"""Full fine-tuning with a rate for each layer: decayed with the depth, or by groups that are unfrozen one by one.

In: a job with raw samples and a way to a fresh backbone. Out: a `Classifier`.
"""

from __future__ import annotations

from dataclasses import replace

from evaluators.backbones.backbone import Backbone
from evaluators.engine.classifier import Classifier
from evaluators.engine.finetuning import everything, fit_network
from evaluators.engine.job import FitJob
from evaluators.engine.tuning import Layer, Tuning, layers_of
from evaluators.ladder.depth import Settings, opening_share, unfreezing_groups


def fit_layer_decay(job: FitJob) -> Classifier:
    """Train everything, each layer at `layer_decay` times the rate of the one above it.

    Counted as `timm.optim.param_groups_layer_decay` does: the head has its own rate, the last block and the final norms
    have `layer_decay` times the recipe's, and so on down to the embeddings or the stem.
    """
    decay = float(job.settings["layer_decay"])
    return fit_network(job, "tuned", everything, lambda backbone: Tuning(decayed(backbone, decay)))


def fit_gradual_unfreezing(job: FitJob) -> Classifier:
    """Train the head alone, then unfreeze groups of blocks from the top (ULMFiT, Howard & Ruder 2018).

    Settings beside those of training: `groups` of blocks; each has the rate of the one above it divided by `ratio`;
    `unfreezing`, the share of the steps after which all are trained. A group that is still frozen runs in evaluation
    mode. With linear decay and warm-up the schedule is ULMFiT's slanted triangle, one for the whole training.
    """
    return fit_network(
        job, "tuned", everything, lambda backbone: Tuning(unfrozen_gradually(backbone, job.settings))
    )


def decayed(backbone: Backbone, decay: float) -> tuple[Layer, ...]:
    """Return the layers of a trunk, bottom-up, with rates `decay` ** (layers above, the head among them)."""
    *below, last, top = backbone.blocks()
    layers = layers_of(backbone, [*([part] for part in below), [last, top]])
    return tuple(replace(layer, rate=decay ** (len(layers) - place)) for place, layer in enumerate(layers))


def unfrozen_gradually(backbone: Backbone, settings: Settings) -> tuple[Layer, ...]:
    """Return the groups of a trunk's blocks with their rates and the shares after which they open, bottom-up.

    Embeddings or stem belong to the lowest group, final norms to the highest.
    """
    bottom, *blocks, top = backbone.blocks()
    groups = [[blocks[place] for place in group] for group in unfreezing_groups(settings, len(blocks))]
    groups[0].insert(0, bottom)
    groups[-1].append(top)
    ratio, count = float(settings["ratio"]), len(groups)
    return tuple(
        replace(
            layer,
            rate=ratio ** -(count - 1 - place),
            opens=opening_share(settings, count - 1 - place, count),
        )
        for place, layer in enumerate(layers_of(backbone, groups))
    )
