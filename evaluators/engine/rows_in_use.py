"""An embedding table cut, while training lasts, to the rows that the job's samples read.

A row that no sample reads has a gradient of zero at every step: AdamW only decays it. So training the rows that are
read, and decaying the rest once at the end, is the same training; a step no longer passes over a vocabulary of tens
of thousands of rows of which a few hundred matter (half of MiniLM's parameters; README, decision 13).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn import functional

from evaluators.backbones.backbone import Backbone, Prepared


class RowsInUse(nn.Module):
    """Stands in for an embedding table.

    Attributes:
        weight: (rows in use, width), trained as the table's own weight would be.
        padding_idx: Where the padding row stands, which has no gradient; None if no sample is padded with it.
    """

    def __init__(self, table: nn.Embedding, rows: torch.Tensor) -> None:
        """Copy the rows.

        Args:
            table: The table.
            rows: Sorted, distinct ids of the rows that are read, (rows in use) int64, on the table's device.
        """
        super().__init__()
        self.weight = nn.Parameter(table.weight.detach()[rows].clone())
        self._place = torch.full((table.num_embeddings,), -1, device=rows.device)
        self._place[rows] = torch.arange(len(rows), device=rows.device)
        place = -1 if table.padding_idx is None else int(self._place[table.padding_idx])
        self.padding_idx = None if place < 0 else place

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Return the rows of these ids; an id that was not announced is an error of torch's."""
        return functional.embedding(self.places(ids), self.weight, padding_idx=self.padding_idx)

    def places(self, ids: torch.Tensor) -> torch.Tensor:
        """Return where the rows of these ids stand in `weight`."""
        return self._place[ids]


@contextmanager
def only_rows_in_use(backbone: Backbone, prepared: Prepared, rest: list[float]) -> Iterator[int]:
    """Train a backbone's table on the rows that samples read; outside the block the backbone is whole again.

    Args:
        backbone: Its module is changed inside the block.
        prepared: All samples of the training.
        rest: Filled inside the block: the factor by which each step's weight decay shrank every matrix.

    Yields:
        The number of trained parameters that are left out inside the block.
    """
    read = backbone.rows_read(prepared)
    if read is None or not _can_be_cut(backbone.module, read[0]):
        yield 0
        return
    table, rows = read
    cut = RowsInUse(table, rows)
    name = next(name for name, part in backbone.module.named_modules() if part is table)
    parent, _, child = name.rpartition(".")
    holder = backbone.module.get_submodule(parent)
    setattr(holder, child, cut)
    try:
        yield (table.num_embeddings - len(rows)) * table.embedding_dim
    finally:
        setattr(holder, child, table)
    with torch.no_grad():
        table.weight.mul_(float(torch.tensor(rest, dtype=torch.float64).prod()))
        table.weight[rows] = cut.weight


def _can_be_cut(module: nn.Module, table: nn.Embedding) -> bool:
    """Whether the table is trained, is torch's own, and nobody else reads its weight."""
    plain = type(table) is nn.Embedding and table.max_norm is None and not table.scale_grad_by_freq
    readers = sum(1 for part in module.modules() if getattr(part, "weight", None) is table.weight)
    return plain and readers == 1 and table.weight.requires_grad
