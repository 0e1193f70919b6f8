"""Dropout from streams that belong to cells: a mask is a function of seed, step, site and coordinates, of nothing else.

torch's generator deals numbers in the order of calls, so a mask would depend on what else is computed, on the padding
of a batch and on how it is cut. Here each number of a mask is a hash of where it stands: a cell that trains beside
others, in micro-batches or with recomputed blocks drops what it drops alone. The hash is the two rounds of
multiplying and shifting that MurmurHash3 ends with (Appleby, public domain), in int32, which torch computes fast.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.nn.modules.dropout import _DropoutNd
from torch.overrides import TorchFunctionMode

from evaluators.backbones.sending import sent

#: Numbers of places that are kept from step to step, 4 bytes each: batches of texts have ever new shapes.
KEPT_COORDINATES = 1 << 24
_WORD = 1 << 32
_ROUNDS = ((16, 0x85EBCA6B), (13, 0xC2B2AE35))
#: Odd numbers without structure (the golden ratio, then xxHash's primes): a tensor's coordinates are summed with these.
_STRIDES = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F, 0x165667B1)


class DropoutStreams(TorchFunctionMode):
    """Inside `at`, every dropout of torch draws from the streams of the cells whose rows it sees.

    Covers `functional.dropout` (and with it `nn.Dropout`) and the dropout of scaled dot product attention. Rows of
    cell c are the c-th of equal parts of a tensor's first dimension. A row drops by its place in the cell's batch of
    the step, wherever it stands in what is read at once.
    """

    def __init__(self, seeds: Sequence[int], device: str) -> None:
        """Start the streams of cells.

        Args:
            seeds: One a cell.
            device: `cpu` or `cuda`.
        """
        super().__init__()
        self._seeds, self._device = tuple(seeds), device
        self._coordinates: dict[tuple[int, ...], torch.Tensor] = {}
        self._step, self._site = 0, 0
        self._places: Sequence[int] | None = None

    @contextmanager
    def at(self, step: int, *, places: Sequence[int] | None = None, site: int = 0) -> Iterator[None]:
        """Draw the masks of a step.

        Args:
            step: Optimiser step, 0-based.
            places: Of each row that is read, the place in its cell's batch, where a batch is cut into micro-batches;
                cell after cell. None: whole batches, in their order.
            site: How many dropouts of this forward pass lie before; not 0 where a part of it is recomputed.
        """
        if sum(numbers.numel() for numbers in self._coordinates.values()) > KEPT_COORDINATES:
            self._coordinates.clear()
        before = self._step, self._site, self._places
        self._step, self._site, self._places = step, site, places
        try:
            with self:
                yield
        finally:
            self._step, self._site, self._places = before

    def recomputation(self) -> Callable[[], Any]:
        """Return a context that draws again what is drawn from here on."""
        step, site, places = self._step, self._site, self._places
        return lambda: self.at(step, places=places, site=site)

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Replace the two functions that drop; pass on every other call."""
        kwargs = kwargs or {}
        if func is functional.dropout or func is torch.dropout:
            return self._dropout(*args, **kwargs)
        if func is functional.scaled_dot_product_attention and _rate(args, kwargs) > 0.0:
            return self._attention(*args, **kwargs)
        return func(*args, **kwargs)

    def _dropout(  # the signature is torch's
        self,
        input: torch.Tensor,  # noqa: A002 - torch's own names: callers pass them as keywords
        p: float = 0.5,
        training: bool = True,
        inplace: bool = False,  # noqa: ARG002 - as torch has it; a mask is never put in place
    ) -> torch.Tensor:
        if not training or p == 0.0:
            return input
        return input * self._mask(input.shape, p, input.dtype)

    def _attention(  # noqa: PLR0913 - the signature is torch's
        self,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        attn_mask: torch.Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        scale: float | None = None,
        enable_gqa: bool = False,
    ) -> torch.Tensor:
        """Attention as torch documents it, for torch's fused kernels take no mask of ours."""
        if enable_gqa:
            groups = query.shape[-3] // key.shape[-3]
            key, value = key.repeat_interleave(groups, -3), value.repeat_interleave(groups, -3)
        scores = (query * (scale or 1.0 / math.sqrt(query.shape[-1]))) @ key.transpose(-2, -1)
        if is_causal:
            causal = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
            scores = scores.masked_fill(~causal, -math.inf)
        if attn_mask is not None and attn_mask.dtype == torch.bool:
            scores = scores.masked_fill(~attn_mask, -math.inf)
        elif attn_mask is not None:
            scores = scores + attn_mask
        weights = torch.softmax(scores, dim=-1)
        return (weights * self._mask(weights.shape, dropout_p, weights.dtype)) @ value

    def _mask(self, shape: torch.Size, p: float, dtype: torch.dtype) -> torch.Tensor:
        """Return 0 with probability p, else 1 / (1 - p)."""
        cells = len(self._seeds)
        if shape[0] % cells:
            raise ValueError(f"{shape[0]} rows are not those of {cells} cells")
        rows = shape[0] // cells
        if self._places is None or shape[0] % len(self._places):
            numbers = self._place((rows, *shape[1:])) + self._keys().view(-1, *[1] * len(shape))
        else:
            numbers = self._place((1, *shape[1:])) + self._keys_of_rows(rows).view(
                cells, rows, *[1] * (len(shape) - 1)
            )
        for shift, factor in _ROUNDS:
            numbers.bitwise_xor_((numbers >> shift).bitwise_and_((1 << (32 - shift)) - 1))
            numbers.mul_(_signed(factor))
        kept = numbers >= _signed(round(p * _WORD) - _WORD // 2)
        return kept.view(shape).to(dtype).mul_(1.0 / (1.0 - p))

    def _keys(self) -> torch.Tensor:
        """Return the key of each cell at this step and site, (cells,) int32, and go on to the next site."""
        return sent([_signed(key) for key in self._next_keys()], self._device, torch.int32)

    def _keys_of_rows(self, rows: int) -> torch.Tensor:
        """Return the same for each row of a tensor, (cells, rows) int32, by the places of the rows that are read.

        Args:
            rows: Of a cell in the tensor: a multiple of what is read where the network makes several of one (windows).
        """
        assert self._places is not None
        each = rows * len(self._seeds) // len(self._places)
        read = len(self._places) // len(self._seeds)
        keys = [
            [
                _signed(key + (place * each + part) * _STRIDES[0])
                for place in self._places[cell * read : (cell + 1) * read]
                for part in range(each)
            ]
            for cell, key in enumerate(self._next_keys())
        ]
        return sent(keys, self._device, torch.int32)

    def _next_keys(self) -> list[int]:
        keys = [_hash(_hash(_hash(seed) + self._step) + self._site) for seed in self._seeds]
        self._site += 1
        return keys

    def _place(self, shape: tuple[int, ...]) -> torch.Tensor:
        """Return a number for each place of a tensor; it depends on the coordinates and not on the shape."""
        if shape not in self._coordinates:
            total = torch.zeros((), dtype=torch.int32, device=self._device)
            for size, stride in zip(shape, _STRIDES, strict=False):
                along = torch.arange(size, dtype=torch.int32, device=self._device) * _signed(stride)
                total = total.unsqueeze(-1) + along
            self._coordinates[shape] = total
        return self._coordinates[shape]


def drops(parts: Sequence[nn.Module]) -> bool:
    """Whether anything in these parts drops while it is trained."""
    return any(_drops(module) for part in parts for module in part.modules())


def _drops(module: nn.Module) -> bool:
    """Whether a module drops by itself: as torch's, or by a rate that it hands to torch's function, as OPT does."""
    if isinstance(module, _DropoutNd):
        return module.p > 0
    return any(
        "dropout" in name and isinstance(rate, float) and rate > 0 for name, rate in vars(module).items()
    )


def _rate(args: tuple[Any, ...], kwargs: dict[str, Any]) -> float:
    rate = kwargs.get("dropout_p", args[4] if len(args) > 4 else 0.0)
    return float(rate)


def _hash(number: int) -> int:
    number = (number * _STRIDES[0] + 0x165667B1) % _WORD
    for shift, factor in _ROUNDS:
        number = ((number ^ (number >> shift)) * factor) % _WORD
    return number ^ (number >> 16)


def _signed(number: int) -> int:
    """Return the int32 with the same bits as the low 32 of a whole number."""
    return (number + _WORD // 2) % _WORD - _WORD // 2
