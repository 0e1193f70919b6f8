"""A frozen linear layer that several cells share, with the low-rank update of each beside it (as Punica does).

By itself, so that training without adapters does not import peft.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from peft.tuners.lora import Linear as LoraLinear
from torch import nn

from evaluators.engine.stack import CannotStack, Stack


def is_plain(layer: nn.Module) -> bool:
    """Whether a layer is peft's LoRA beside a linear one."""
    return type(layer) is LoraLinear


class StackedLora(nn.Module):
    """A frozen linear layer that all cells share, with the low-rank update of each."""

    def __init__(self, layers: Sequence[LoraLinear], stack: Stack) -> None:
        super().__init__()
        first, (name,) = layers[0], layers[0].active_adapters
        if name in first.lora_variant or first.fan_in_fan_out or first.lora_bias.get(name):
            raise CannotStack("a variant of LoRA")
        self._stack, self._scaling = stack, float(first.scaling[name])
        self.base, self.dropout = first.base_layer, first.lora_dropout[name]
        self.down = stack.weight([layer.lora_A[name].weight for layer in layers])
        self.up = stack.weight([layer.lora_B[name].weight for layer in layers])

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Return (rows, ..., out): one product with the base's weight, and two thin ones for each cell."""
        frozen = self.base(rows)
        values = self._stack.rows(self.dropout(rows)).flatten(1, -2)
        thin = torch.bmm(values, self.down.transpose(1, 2))
        shared = self._stack.rows(frozen).flatten(1, -2)
        out = torch.baddbmm(shared, thin, self.up.transpose(1, 2), alpha=self._scaling)
        return out.view(frozen.shape)
