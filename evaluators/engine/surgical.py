"""Surgical fine-tuning: one block of the trunk is trained, wherever it lies (Lee et al. 2023, arXiv 2210.11466).

In: a job with raw samples and a way to a fresh backbone. Out: a `Classifier`. What is not trained runs in evaluation
mode, above the block as below it.
"""

from __future__ import annotations

from torch import nn

from evaluators.backbones.backbone import Backbone
from evaluators.engine.classifier import Classifier
from evaluators.engine.finetuning import fit_network, only
from evaluators.engine.job import FitJob, NotApplicable
from evaluators.ladder.depth import chosen_block


def fit_surgical(job: FitJob) -> Classifier:
    """Train the block that the setting `block` names (0 the lowest, -1 the highest) and a head.

    Raises:
        NotApplicable: If the base has no such block.
        DivergedError: If the loss became NaN or infinite.
    """

    def choose(backbone: Backbone) -> tuple[nn.Module, ...]:
        _, *blocks, _ = backbone.blocks()
        chosen = chosen_block(job.settings, len(blocks))
        if not chosen:
            raise NotApplicable(f"the base has {len(blocks)} blocks and no block {job.settings['block']}")
        return only(backbone, *(blocks[place] for place in chosen))

    return fit_network(job, "tuned", choose)
