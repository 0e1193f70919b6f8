"""Whole numbers that the host has counted, on the device that reads them, without waiting for it.

`torch.tensor(..., device="cuda")` copies from memory that is not pinned, and waits until all that the device was given
before is done. A step has such numbers in every dropout and for its labels; waiting for each, the host could never run
ahead of the device.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch


def sent(
    numbers: Sequence[int] | Sequence[Sequence[int]],
    device: torch.device | str,
    dtype: torch.dtype = torch.int64,
) -> torch.Tensor:
    """Return numbers as a tensor on a device.

    Args:
        numbers: Of one or two dimensions.
        device: Where they are read.
        dtype: Of whole numbers.
    """
    return moved(torch.tensor(numbers, dtype=dtype), device)


def moved(here: torch.Tensor, device: torch.device | str) -> torch.Tensor:
    """Return a tensor of the host's on a device; the same one if that is the host."""
    pinned = here.pin_memory() if torch.device(device).type == "cuda" else here
    return pinned.to(device, non_blocking=True)
