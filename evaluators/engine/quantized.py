"""QLoRA: low-rank updates beside a trunk whose linear layers are kept in 4 bits (NF4), and a head.

In: a job with texts and a way to a fresh backbone. Out: a `Classifier` that saves the updates and the head; a reload
quantises the same base again, to the same bits. bitsandbytes also runs on a CPU, slowly: what the strategy is for, less
memory, needs a GPU. The base is loaded in float32 and quantised layer by layer, so loading it saves nothing.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

from evaluators.backbones.backbone import Backbone
from evaluators.engine.adapters import add_adapters
from evaluators.engine.classifier import Classifier
from evaluators.engine.finetuning import fit_network
from evaluators.engine.job import FitJob, NotApplicable
from evaluators.protocol import SettingValue

#: Weights that share a scale.
BLOCK = 64


def fit_qlora(job: FitJob) -> Classifier:
    """Train low-rank updates over a trunk in 4 bits, and a head (arXiv 2305.14314); settings as LoRA's.

    Raises:
        NotApplicable: If bitsandbytes is not installed.
    """
    return fit_network(job, "qlora", lambda backbone: add_qlora(backbone, job.settings))


def add_qlora(backbone: Backbone, settings: Mapping[str, SettingValue]) -> tuple[nn.Module, ...]:
    """Quantise a backbone and put LoRA layers into it, in place; they start as the identity of the quantised one.

    Returns:
        The dropouts of the adapters.

    Raises:
        NotApplicable: If bitsandbytes is not installed.
    """
    quantize(backbone.module)
    return add_adapters(backbone, settings)


def quantize(module: nn.Module) -> None:
    """Replace linear layers by ones in NF4 with double quantisation, in place; embeddings and norms stay.

    Rows of a weight must be whole blocks: else a layer stays as it is. bitsandbytes 0.50.2 reads rows of other lengths
    with the scales of other blocks on a CPU (64x96 weights: 28 % off, instead of 9 %).

    Raises:
        NotApplicable: If bitsandbytes is not installed, or no layer has such rows.
    """
    if importlib.util.find_spec("bitsandbytes") is None:
        raise NotApplicable(
            "4-bit weights need bitsandbytes, which is missing: pip install 'basehub[quantized]'"
        )
    layers = [name for name, part in module.named_modules() if _fits(part)]
    if not layers:
        raise NotApplicable(f"no linear layer of {type(module).__name__} has rows of whole blocks of {BLOCK}")
    for name in layers:
        parent, _, child = name.rpartition(".")
        setattr(module.get_submodule(parent), child, _in_four_bits(module.get_submodule(name)))
    # What peft looks at before it puts adapters beside 4-bit layers.
    setattr(module, "is_loaded_in_4bit", True)  # noqa: B010  (of transformers, and untyped)


def _fits(part: nn.Module) -> bool:
    if isinstance(part, Conv1D):
        return int(part.weight.shape[0]) % BLOCK == 0
    return isinstance(part, nn.Linear) and part.in_features % BLOCK == 0


def _in_four_bits(layer: Any) -> nn.Module:
    from bitsandbytes.nn import Linear4bit, Params4bit

    weight: torch.Tensor = layer.weight.T if isinstance(layer, Conv1D) else layer.weight
    outputs, inputs = weight.shape
    small = Linear4bit(inputs, outputs, bias=layer.bias is not None, quant_type="nf4", device="meta")
    packed = Params4bit(
        weight.detach().contiguous(), requires_grad=False, quant_type="nf4", blocksize=BLOCK, module=small
    )
    small.weight = packed.to(weight.device)
    small.bias = layer.bias
    # Else a layer repacks itself to bfloat16 in the midst of evaluation, on processors that can, and other bits come.
    small.support_avx512bf16_for_cpu = False
    quantized: nn.Module = small.eval()
    return quantized
