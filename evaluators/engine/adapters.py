"""LoRA: low-rank updates beside the frozen weights of the trunk, and a head.

In: a job with raw samples and a way to a fresh backbone. Out: a `Classifier` that saves the updates and the head.
The base stays in evaluation mode, so dropout is off and BatchNorm statistics do not drift.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import nn
from transformers.pytorch_utils import Conv1D

from evaluators.backbones.backbone import Backbone
from evaluators.engine.classifier import Classifier
from evaluators.engine.finetuning import fit_network, fit_networks
from evaluators.engine.job import FitJob, FittedTogether
from evaluators.protocol import SettingValue


def fit_lora(job: FitJob) -> Classifier:
    """Train low-rank updates of every layer that the backbone names, and a head.

    Settings beside those of training: `rank`, `alpha`, `dropout`.
    """
    return fit_network(job, "adapter", lambda backbone: add_adapters(backbone, job.settings))


def fit_lora_together(jobs: Sequence[FitJob]) -> FittedTogether:
    """Train the updates of several cells over one frozen base, which reads the rows of all of them at once."""
    return fit_networks(jobs, "adapter", lambda backbone: add_adapters(backbone, jobs[0].settings))


def add_adapters(backbone: Backbone, settings: Mapping[str, SettingValue]) -> tuple[nn.Module, ...]:
    """Put LoRA layers into a backbone, in place; they start as the identity.

    Args:
        backbone: Fresh; its own parameters become frozen.
        settings: `rank`, `alpha` and `dropout`.

    Returns:
        The dropouts of the adapters: nothing else is active while they are trained.
    """
    module = backbone.module
    targets = backbone.adapter_targets()
    config = LoraConfig(
        r=int(settings["rank"]),
        lora_alpha=int(settings["alpha"]),
        lora_dropout=float(settings["dropout"]),
        # A pattern of whole names: a list would also match by suffix.
        target_modules="|".join(re.escape(name) for name in targets),
        fan_in_fan_out=any(isinstance(layer, Conv1D) for layer in module.modules()),
    )
    device = next(module.parameters()).device
    inject_adapter_in_model(config, module)
    module.to(device)
    return tuple(layer.lora_dropout for layer in module.modules() if isinstance(layer, LoraLayer))
