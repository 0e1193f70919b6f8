"""The samples of a training on the device that trains, collated once: a batch is then a selection of rows.

Padding, stacking and normalising are otherwise done again in every epoch, and on a GPU every batch would be copied to
it. Values are those that `Backbone.batch` gives, bit for bit. What would take too much memory stays where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import torch

from evaluators.backbones.backbone import Backbone, Prepared
from evaluators.backbones.sending import moved
from evaluators.engine.acceleration import Acceleration

#: Bytes that collated samples may take on the device.
RESIDENT_BYTES = 256 * 1024 * 1024


class Batches(Protocol):
    """Gives batches by index."""

    def batch(self, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        """Return a batch as `Backbone.batch` does."""
        ...


class Collated:
    """Batches that the backbone collates anew each time."""

    def __init__(self, backbone: Backbone, prepared: Prepared) -> None:
        self._backbone, self._prepared = backbone, prepared

    def batch(self, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        """Collate samples."""
        return self._backbone.batch(self._prepared, indices)


class Resident:
    """Batches that are selected from tensors on the device."""

    def __init__(self, backbone: Backbone, prepared: Prepared, faster: Acceleration) -> None:
        self._lengths, self._faster = backbone.length(prepared), faster
        self._longest = max(self._lengths)
        self._all = backbone.batch(prepared, range(len(prepared)))

    def batch(self, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        """Select samples, and cut what is padded to the longest of all to the longest of these."""
        longest = min(self._longest, self._faster.padded(max(self._lengths[index] for index in indices)))
        here = torch.tensor(indices)
        rows = {here.device: here}  # some of a batch may lie with the host: the lengths of states do
        chosen = {}
        for name, values in self._all.items():
            if values.device not in rows:
                rows[values.device] = moved(here, values.device)
            part = values.index_select(0, rows[values.device])
            is_padded = longest < self._longest and part.dim() > 1 and part.shape[1] == self._longest
            chosen[name] = _as_laid_out(part[:, :longest] if is_padded else part, values)
        return chosen


def batches_of(backbone: Backbone, prepared: Prepared, faster: Acceleration) -> Batches:
    """Return the batches of a training: resident where that fits into `RESIDENT_BYTES`."""
    lengths = backbone.length(prepared)
    one = backbone.batch(prepared, [lengths.index(max(lengths))])
    size = sum(values.numel() * values.element_size() for values in one.values())
    if size * len(prepared) > RESIDENT_BYTES:
        return Collated(backbone, prepared)
    return Resident(backbone, prepared, faster)


def _as_laid_out(part: torch.Tensor, whole: torch.Tensor) -> torch.Tensor:
    """Keep channels innermost where they were: a convolution's last bits depend on it."""
    innermost = part.dim() == 4 and whole.is_contiguous(memory_format=torch.channels_last)
    return part.contiguous(memory_format=torch.channels_last if innermost else torch.contiguous_format)
