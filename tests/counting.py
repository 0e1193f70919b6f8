"""Counts what goes through trunks, whoever calls them: samples, layers and padded tokens, by global hooks of torch.

Counters do not depend on the clock, so tests assert them and benchmarks print them beside seconds. While nothing is
counted no hook is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from timm.models.resnet import BasicBlock, Bottleneck, ResNet
from torch import nn
from torch.nn.modules.module import register_module_forward_hook
from torch.utils.flop_counter import FlopCounterMode
from transformers.models.bert.modeling_bert import BertEmbeddings, BertLayer


@dataclass
class Counts:
    """What was counted.

    Attributes:
        sample_forwards: Samples that entered a trunk; one that is fed from a cache of activations does not.
        layer_forwards: Samples times layers (of a ResNet: residual blocks).
        tokens: Tokens of the samples, padding included; 0 for images.
    """

    sample_forwards: int = 0
    layer_forwards: int = 0
    tokens: int = 0


@contextmanager
def counting() -> Iterator[Counts]:
    """Count BERT and ResNet forwards of this process inside the block."""
    counts = Counts()

    def count(module: nn.Module, _inputs: Any, output: Any) -> None:
        if isinstance(module, BertEmbeddings):
            counts.sample_forwards += output.shape[0]
            counts.tokens += output.shape[0] * output.shape[1]
        elif isinstance(module, BertLayer):
            hidden = output[0] if isinstance(output, tuple) else output
            counts.layer_forwards += hidden.shape[0]
        elif isinstance(module, ResNet):
            counts.sample_forwards += output.shape[0]
        elif isinstance(module, (BasicBlock, Bottleneck)):
            counts.layer_forwards += output.shape[0]

    hook = register_module_forward_hook(count)
    try:
        yield counts
    finally:
        hook.remove()


def flop_counter() -> FlopCounterMode:
    """Return torch's counter of FLOPs, taught the products that `engine/products.py` leaves to oneDNN."""

    def product(_rows: Any, weight: Any, *_rest: Any, out_shape: Any, **_named: Any) -> int:
        return 2 * int(torch.Size(out_shape).numel()) * int(weight[1])

    return FlopCounterMode(display=False, custom_mapping={torch.ops.mkldnn._linear_pointwise: product})
