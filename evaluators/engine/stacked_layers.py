"""Layers that hold the weights of several cells and read the rows of all of them: cell c's are the c-th equal part.

A layer that nobody trains stays the one layer that it is. Everything between layers works on rows and is not touched.
Batched products for linear layers (as HFTA, Wang et al. 2021, and Punica, Chen et al. 2023, do), torch's `vmap` for
convolutions and BatchNorm.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from evaluators.engine.products import by_cell
from evaluators.engine.rows_in_use import RowsInUse
from evaluators.engine.stack import CannotStack, Stack


def stack_modules(modules: Sequence[nn.Module], stack: Stack) -> nn.Module:
    """Return the first cell's module with every layer that is trained replaced by one of all cells.

    Args:
        modules: The same module of every cell; the first is changed in place.
        stack: Filled.

    Raises:
        CannotStack: If something that is trained has no such form.
    """
    first = modules[0]
    trained = any(weight.requires_grad for weight in first.parameters())
    if any(getattr(part, "drop_prob", None) and part.training for part in first.modules()):
        raise CannotStack("whole paths are dropped, which has no stream of its own")
    if not trained and not any(_has_statistics(part) for part in first.modules()):
        return first
    make = _maker(first)
    if make is not None:
        return make(modules, stack)
    own = [name for name, weight in first.named_parameters(recurse=False) if weight.requires_grad]
    if own:
        raise CannotStack(f"{type(first).__name__}.{own[0]} is trained and in no layer that is known")
    for name, child in list(first.named_children()):
        together = stack_modules([module.get_submodule(name) for module in modules], stack)
        if together is not child:
            setattr(first, name, together)
    return first


class StackedLinear(nn.Module):
    """A linear layer of each cell."""

    def __init__(self, layers: Sequence[nn.Linear], stack: Stack) -> None:
        super().__init__()
        self._stack = stack
        self.weight = stack.weight([layer.weight for layer in layers])
        self.bias = stack.maybe([layer.bias for layer in layers])

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Return (rows, ..., out)."""
        out = by_cell(self._stack.rows(rows).flatten(1, -2), self.weight, self.bias)
        return out.view(*rows.shape[:-1], -1)


class StackedNorm(nn.Module):
    """A layer normalisation of each cell."""

    def __init__(self, layers: Sequence[nn.LayerNorm], stack: Stack) -> None:
        super().__init__()
        self._stack, self._shape, self._eps = stack, layers[0].normalized_shape, layers[0].eps
        self.weight = stack.maybe([layer.weight for layer in layers])
        self.bias = stack.maybe([layer.bias for layer in layers])

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Return rows of the same shape."""
        values = self._stack.rows(functional.layer_norm(rows, self._shape, eps=self._eps))
        between = [1] * (values.dim() - 1 - len(self._shape))
        if self.weight is not None:
            values = values * self.weight.view(self._stack.cells, *between, *self._shape)
        if self.bias is not None:
            values = values + self.bias.view(self._stack.cells, *between, *self._shape)
        return values.view(rows.shape)


class StackedEmbedding(nn.Module):
    """A table of each cell; ids that are the same for all rows, as positions are, come back for each cell's rows."""

    def __init__(self, tables: Sequence[nn.Embedding | RowsInUse], stack: Stack) -> None:
        super().__init__()
        self._stack, self._first = stack, tables[0]
        if isinstance(self._first, nn.Embedding) and (self._first.max_norm or self._first.scale_grad_by_freq):
            raise CannotStack("an embedding that is renormalised, or scales its gradients")
        self.weight = stack.weight([table.weight for table in tables])
        self._padding = self._first.padding_idx
        if self._padding is not None:
            # torch's own argument knows one padding row, and here every cell has one.
            self.weight.register_post_accumulate_grad_hook(self._without_padding)  # type: ignore[no-untyped-call]

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the embeddings of ids (rows, ...), or (1, ...) for all rows."""
        cells, size, width = self.weight.shape
        places = self._first.places(ids) if isinstance(self._first, RowsInUse) else ids
        own = self._stack.rows(places.expand(self._stack.total_rows, *places.shape[1:]))
        shift = torch.arange(cells, device=ids.device).view(cells, *[1] * (own.dim() - 1)) * size
        found = functional.embedding(own + shift, self.weight.view(cells * size, width))
        return found.flatten(0, 1)

    def _without_padding(self, weight: torch.Tensor) -> None:
        if weight.grad is not None:
            weight.grad[:, self._padding] = 0.0


class StackedConv(nn.Module):
    """A convolution of each cell."""

    def __init__(self, layers: Sequence[nn.Conv2d], stack: Stack) -> None:
        super().__init__()
        first = layers[0]
        if first.padding_mode != "zeros":
            raise CannotStack(f"a convolution that is padded by {first.padding_mode}")
        self._stack, self._first = stack, first
        self.weight = stack.weight([layer.weight for layer in layers])
        self.bias = stack.maybe([layer.bias for layer in layers])

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Return (rows, out, height, width)."""
        bias = () if self.bias is None else (self.bias,)
        out: torch.Tensor = torch.vmap(self._of_one)(self._stack.rows(rows), self.weight, *bias)
        return out.flatten(0, 1)

    def _of_one(
        self, values: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None = None
    ) -> torch.Tensor:
        out: torch.Tensor = self._first._conv_forward(values, weight, bias)  # its stride, padding, groups
        return out


class StackedBatchNorm(nn.Module):
    """BatchNorm of each cell, over its own rows and with its own statistics."""

    def __init__(self, layers: Sequence[nn.BatchNorm2d], stack: Stack) -> None:
        super().__init__()
        first = layers[0]
        if not (first.affine and first.track_running_stats and first.momentum is not None):
            raise CannotStack("a BatchNorm without weights, statistics or momentum")
        self._stack, self._momentum, self._eps = stack, first.momentum, first.eps
        self.weight = stack.weight([layer.weight for layer in layers])
        self.bias = stack.weight([layer.bias for layer in layers])
        self._statistics = [
            stack.buffer([layer.get_buffer(name) for layer in layers])
            for name in ("running_mean", "running_var", "num_batches_tracked")
        ]

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Return rows of the same shape, and count the batch."""
        mean, variance, batches = self._statistics
        batches += 1
        normal = torch.vmap(self._of_one)(self._stack.rows(rows), mean, variance, self.weight, self.bias)
        out: torch.Tensor = normal.flatten(0, 1)
        return out

    def _of_one(
        self,
        values: torch.Tensor,
        mean: torch.Tensor,
        variance: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor,
    ) -> torch.Tensor:
        return functional.batch_norm(values, mean, variance, weight, bias, True, self._momentum, self._eps)


def _maker(layer: nn.Module) -> Callable[[Any, Stack], nn.Module] | None:
    """Return what stacks layers of this kind, if anything does."""
    if type(layer).__module__.startswith("peft."):
        # Where such a layer is, peft is imported already; where none is, training must not import it.
        from evaluators.engine.stacked_lora import StackedLora, is_plain

        return StackedLora if is_plain(layer) else None
    return _MAKERS.get(type(layer))


def _has_statistics(part: nn.Module) -> bool:
    return isinstance(part, nn.BatchNorm2d) and part.training


_MAKERS: dict[type[nn.Module], Callable[[Any, Stack], nn.Module]] = {
    nn.Linear: StackedLinear,
    nn.LayerNorm: StackedNorm,
    nn.Conv2d: StackedConv,
    nn.BatchNorm2d: StackedBatchNorm,
    nn.Embedding: StackedEmbedding,
    RowsInUse: StackedEmbedding,
}
