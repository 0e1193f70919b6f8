"""Linear layers computed by oneDNN on an x86 processor, in float32: on AMD twice as fast as by MKL, which torch takes.

In: a module. Out: the same module, whose large linear layers multiply with oneDNN while the block lasts, forward and
back. Results differ from MKL's in the last bits. Which layers are large depends on their weights alone, so that a
layer's rows are always multiplied by one library (README, decision 61).
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import nn

#: Numbers of a weight below which finding oneDNN's kernel costs more than it saves.
_LARGE = 1 << 16


@contextmanager
def fast_products(*modules: nn.Module) -> Iterator[None]:
    """Let the large float32 linear layers of modules multiply with oneDNN; those on a GPU stay as they are."""
    chosen = {
        part
        for module in modules
        for part in module.modules()
        # Not what inherits from it, or was given another forward: that computes something else, or does so already.
        if type(part) is nn.Linear and _is_meant(part.weight) and "forward" not in vars(part)
    }
    for part in chosen:
        part.forward = partial(_forward, part)  # type: ignore[method-assign]  # undone below
    try:
        yield
    finally:
        for part in chosen:
            del part.forward


def by_cell(rows: torch.Tensor, weights: torch.Tensor, biases: torch.Tensor | None) -> torch.Tensor:
    """Multiply the rows of each cell with its own weight.

    Args:
        rows: (cells, n, in).
        weights: (cells, out, in).
        biases: (cells, out), or None.

    Returns:
        (cells, n, out).
    """
    if _is_meant(weights[0]) and _is_float32(rows):
        out: torch.Tensor = _ProductByCell.apply(rows, weights, biases)
        return out
    turned = weights.transpose(1, 2)
    return torch.bmm(rows, turned) if biases is None else torch.baddbmm(biases.unsqueeze(1), rows, turned)


def _is_meant(weight: torch.Tensor) -> bool:
    is_large = weight.device.type == "cpu" and weight.dtype == torch.float32 and weight.numel() >= _LARGE
    return is_large and platform.machine() in ("x86_64", "AMD64") and bool(torch._C._has_mkldnn)


def _is_float32(rows: torch.Tensor) -> bool:
    return rows.dtype == torch.float32 and not torch.is_autocast_enabled("cpu")


def _forward(layer: nn.Linear, rows: torch.Tensor) -> torch.Tensor:
    if not _is_float32(rows):
        return nn.functional.linear(rows, layer.weight, layer.bias)
    if not torch.is_grad_enabled():
        return _multiplied(rows, layer.weight, layer.bias)
    out: torch.Tensor = _Product.apply(rows, layer.weight, layer.bias)
    return out


def _multiplied(rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None) -> torch.Tensor:
    """Return rows @ weight.T + bias."""
    out: torch.Tensor = torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")
    return out


class _Product(torch.autograd.Function):
    """A linear layer with its gradients."""

    @staticmethod
    def forward(
        ctx: Any, rows: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None
    ) -> torch.Tensor:
        """Multiply, and keep what the gradients need."""
        needs_rows, needs_weight, _ = ctx.needs_input_grad
        ctx.save_for_backward(rows if needs_weight else None, weight if needs_rows else None)
        return _multiplied(rows, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the gradients that are asked for."""
        (gradient,) = gradients
        rows, weight = ctx.saved_tensors
        needs_rows, needs_weight, needs_bias = ctx.needs_input_grad
        flat = gradient.flatten(0, -2)
        for_rows = _multiplied(gradient, weight.t(), None) if needs_rows else None
        for_weight = _multiplied(flat.t(), rows.flatten(0, -2).t(), None) if needs_weight else None
        return for_rows, for_weight, flat.sum(0) if needs_bias else None


class _ProductByCell(torch.autograd.Function):
    """The linear layers of several cells with their gradients: each product is the one that a cell has alone."""

    @staticmethod
    def forward(
        ctx: Any, rows: torch.Tensor, weights: torch.Tensor, biases: torch.Tensor | None
    ) -> torch.Tensor:
        """Multiply, and keep what the gradients need."""
        needs_rows, needs_weights, _ = ctx.needs_input_grad
        ctx.save_for_backward(rows if needs_weights else None, weights if needs_rows else None)
        each = biases if biases is not None else [None] * len(weights)
        return torch.stack([_multiplied(r, w, b) for r, w, b in zip(rows, weights, each, strict=True)])

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        """Return the gradients that are asked for."""
        (gradient,) = gradients
        rows, weights = ctx.saved_tensors
        needs_rows, needs_weights, needs_biases = ctx.needs_input_grad
        for_rows = for_weights = None
        if needs_rows:
            pairs = zip(gradient, weights, strict=True)
            for_rows = torch.stack([_multiplied(g, w.t(), None) for g, w in pairs])
        if needs_weights:
            pairs = zip(gradient, rows, strict=True)
            for_weights = torch.stack([_multiplied(g.t(), r.t(), None) for g, r in pairs])
        return for_rows, for_weights, gradient.sum(1) if needs_biases else None
