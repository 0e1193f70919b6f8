"""Hidden states of distinct samples at one boundary, in one block of memory: on the device, in the host's, or on disk.

States of texts lie unpadded, token after token. A batch is gathered by row numbers, so which samples stand beside each
other and where the block lies makes no difference to what is read.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from evaluators.backbones.boundary import Boundary
from evaluators.backbones.sending import sent
from evaluators.data.samples import Samples
from evaluators.engine.placement import Tier


@dataclass(frozen=True, eq=False)
class StateTable:
    """States by sample.

    Attributes:
        boundary: Where they were taken.
        rows: (rows, *boundary.row), in the dtype of the arithmetic: a row is a token, or a sample.
        starts: (samples,) int64, first row of each sample, on the rows' device.
        lengths: Of each sample as the backbone counts them: tokens of a text, 1 for an image.
        places: Number of each sample, by digest.
    """

    boundary: Boundary
    rows: torch.Tensor
    starts: torch.Tensor
    lengths: tuple[int, ...]
    places: Mapping[str, int]

    def covers(self, samples: Samples) -> bool:
        """Whether the states of all these samples are here."""
        return all(digest in self.places for digest in samples.digests)

    def write(self, numbers: Sequence[int], states: torch.Tensor) -> None:
        """Put states in their places.

        Args:
            numbers: Of the samples.
            states: As `states_at` gives them, with their batch's padding.
        """
        if self.boundary.channels_last:
            states = states.permute(0, 2, 3, 1)
        states = states.to(self.rows.device, self.rows.dtype)
        if not self.boundary.by_token:
            self.rows[sent(numbers, self.rows.device)] = states
            return
        where, real = self._tokens(numbers)
        self.rows[where[real]] = states[real]

    def gather(self, numbers: Sequence[int], device: torch.device) -> torch.Tensor:
        """Return the states of samples as a block above reads them, in float32 on a device; padding is zero."""
        if not self.boundary.by_token:
            states = self.rows[sent(numbers, self.rows.device)]
        else:
            where, real = self._tokens(numbers)
            states = self.rows[where].mul_(real.unsqueeze(-1))
        if self.boundary.channels_last:
            states = states.permute(0, 3, 1, 2)
        return states.to(device, non_blocking=True).float()

    def _tokens(self, numbers: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (batch, longest) row numbers and whether each is a token of its own sample, or padding."""
        device = self.rows.device
        chosen = sent(numbers, device)
        lengths = sent([self.lengths[number] for number in numbers], device)
        columns = torch.arange(max(self.lengths[number] for number in numbers), device=device)
        real = columns < lengths.unsqueeze(1)
        return torch.where(real, self.starts[chosen].unsqueeze(1) + columns, 0), real


def empty_table(
    boundary: Boundary,
    samples: Sequence[str],
    lengths: Sequence[int],
    *,
    tier: Tier,
    device: torch.device,
    dtype: torch.dtype,
) -> StateTable:
    """Return a table without its states.

    Args:
        boundary: Where they will be taken.
        samples: Digests of distinct samples.
        lengths: Of each, as the backbone counts them.
        tier: Where the table lies; not `recompute`.
        device: What computes.
        dtype: Of the states.
    """
    counts = torch.tensor(lengths if boundary.by_token else [1] * len(lengths))
    rows = _memory((int(counts.sum()), *boundary.row), tier, device, dtype)
    return StateTable(
        boundary=boundary,
        rows=rows,
        starts=(counts.cumsum(0) - counts).to(rows.device),
        lengths=tuple(lengths),
        places={digest: number for number, digest in enumerate(samples)},
    )


def folder() -> Path:
    """Return where states lie that are placed on disk: the system's folder for temporary files (`TMPDIR`)."""
    return Path(tempfile.gettempdir())


def _memory(shape: tuple[int, ...], tier: Tier, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    if tier == "device":
        # Another process may hold what the budget counted on: the host's memory gives the same bits, slower.
        with suppress(torch.OutOfMemoryError):
            return torch.empty(shape, device=device, dtype=dtype)
    if tier in ("device", "host"):
        return torch.empty(shape, dtype=dtype, pin_memory=device.type == "cuda")
    if tier == "disk":
        return _mapped(shape, dtype)
    raise ValueError(f"no memory holds what is placed as {tier!r}")


def _mapped(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """Return a tensor that lies in a file without a name: whatever ends this process, nothing of it is left."""
    # Where an open file cannot be removed (Windows) it is left to the system's care of its temporary folder.
    with tempfile.TemporaryDirectory(
        prefix="basehub-states-", dir=folder(), ignore_cleanup_errors=True
    ) as made:
        size = math.prod(shape)
        flat = torch.from_file(str(Path(made) / "rows"), shared=True, size=size, dtype=dtype)
    return flat.view(shape)
