"""The tensors of several cells as one, and how rows are told apart by cell: cell c's are the c-th equal part."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn


class CannotStack(Exception):
    """A layer has no form for several cells; the reason names it."""


class Stack:
    """What was stacked: each stacked tensor with the tensors that it was made of, one a cell.

    Attributes:
        cells: How many.
        total_rows: Rows of all cells in the batch that is read.
        weights: Stacked parameters with those of the cells.
        buffers: Stacked statistics with those of the cells.
    """

    def __init__(self, cells: int) -> None:
        self.cells = cells
        self.total_rows = cells
        self.weights: list[tuple[nn.Parameter, list[torch.Tensor]]] = []
        self.buffers: list[tuple[torch.Tensor, list[torch.Tensor]]] = []

    def weight(self, parts: Sequence[torch.Tensor]) -> nn.Parameter:
        """Return one tensor (cells, ...) for the same weight of every cell, trained if it is."""
        stacked = nn.Parameter(torch.stack([part.detach() for part in parts]), parts[0].requires_grad)
        self.weights.append((stacked, list(parts)))
        return stacked

    def maybe(self, parts: Sequence[torch.Tensor | None]) -> nn.Parameter | None:
        """Return the same of a weight that layers may lack, or None."""
        there = [part for part in parts if part is not None]
        return self.weight(there) if there else None

    def buffer(self, parts: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return one tensor (cells, ...) for the same statistics of every cell."""
        stacked = torch.stack(list(parts))
        self.buffers.append((stacked, list(parts)))
        return stacked

    def write_back(self) -> None:
        """Give every cell its own again."""
        with torch.no_grad():
            for stacked, parts in [*self.weights, *self.buffers]:
                for value, part in zip(stacked, parts, strict=True):
                    part.copy_(value)

    def rows(self, values: torch.Tensor) -> torch.Tensor:
        """View rows as (cells, rows of one, ...).

        Raises:
            CannotStack: If they are not the batch's: a network that mixes rows cannot be cut by cell.
        """
        if values.shape[0] != self.total_rows:
            raise CannotStack(f"{values.shape[0]} rows where the batch has {self.total_rows}")
        return values.reshape(self.cells, self.total_rows // self.cells, *values.shape[1:])
