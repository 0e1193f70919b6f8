"""The LoRA family: low-rank updates beside the frozen weights of the trunk, and a head.

In: a job with raw samples and a way to a fresh backbone. Out: a `Classifier` that saves the updates and the head.
The base stays in evaluation mode, so dropout is off and BatchNorm statistics do not drift.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from peft import LoraConfig, PeftConfig, inject_adapter_in_model
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

    Settings beside those of training: `rank`, `alpha`, `dropout`. An update is scaled by alpha / rank.
    """
    return fit_network(job, "adapter", lambda backbone: add_adapters(backbone, job.settings))


def fit_lora_together(jobs: Sequence[FitJob]) -> FittedTogether:
    """Train the updates of several cells over one frozen base, which reads the rows of all of them at once."""
    return fit_networks(jobs, "adapter", lambda backbone: add_adapters(backbone, jobs[0].settings))


def fit_rslora(job: FitJob) -> Classifier:
    """Train low-rank updates scaled by alpha / sqrt(rank) (rsLoRA, arXiv 2312.03732); settings as LoRA's."""
    return fit_network(job, "rslora", lambda backbone: add_rslora(backbone, job.settings))


def fit_dora(job: FitJob) -> Classifier:
    """Train low-rank updates of the direction of weights, and their lengths (DoRA, arXiv 2402.09353); as LoRA's."""
    return fit_network(job, "dora", lambda backbone: add_dora(backbone, job.settings))


def add_adapters(backbone: Backbone, settings: Mapping[str, SettingValue]) -> tuple[nn.Module, ...]:
    """Put LoRA layers into a backbone, in place; they start as the identity.

    Args:
        backbone: Fresh; its own parameters become frozen.
        settings: `rank`, `alpha` and `dropout`.

    Returns:
        The dropouts of the adapters: nothing else is active while they are trained.
    """
    return tuple(layer.lora_dropout for layer in _low_rank(backbone, _config(backbone, settings)))


def add_rslora(backbone: Backbone, settings: Mapping[str, SettingValue]) -> tuple[nn.Module, ...]:
    """Put LoRA layers into a backbone whose scale does not fall with the rank; else as `add_adapters`."""
    config = _config(backbone, settings)
    config.use_rslora = True
    return tuple(layer.lora_dropout for layer in _low_rank(backbone, config))


def add_dora(backbone: Backbone, settings: Mapping[str, SettingValue]) -> tuple[nn.Module, ...]:
    """Put DoRA layers into a backbone; else as `add_adapters`.

    Returns:
        The adapted layers: peft's DoRA asks the layer, and not its dropout, whether it is being trained. What lies
        below, a linear layer or a convolution, has no mode.
    """
    config = _config(backbone, settings)
    config.use_dora = True
    return tuple(_low_rank(backbone, config))


def target_pattern(backbone: Backbone) -> str:
    """Return a pattern of the whole names of the layers to adapt: a list of names would also match by suffix."""
    return "|".join(re.escape(name) for name in backbone.adapter_targets())


def transposed(backbone: Backbone) -> bool:
    """Whether weights lie as (in, out), as GPT-2's do."""
    return any(isinstance(layer, Conv1D) for layer in backbone.module.modules())


def inject(backbone: Backbone, config: PeftConfig) -> None:
    """Let peft put its layers into a backbone, in place, on the device of the backbone; the base becomes frozen."""
    device = next(backbone.module.parameters()).device
    inject_adapter_in_model(config, backbone.module)
    backbone.module.to(device)


def _config(backbone: Backbone, settings: Mapping[str, SettingValue]) -> LoraConfig:
    return LoraConfig(
        r=int(settings["rank"]),
        lora_alpha=int(settings["alpha"]),
        lora_dropout=float(settings["dropout"]),
        target_modules=target_pattern(backbone),
        fan_in_fan_out=transposed(backbone),
    )


def _low_rank(backbone: Backbone, config: LoraConfig) -> list[LoraLayer]:
    inject(backbone, config)
    return [layer for layer in backbone.module.modules() if isinstance(layer, LoraLayer)]
