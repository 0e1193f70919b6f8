"""How samples are grouped for a forward pass without gradients, and in which arithmetic it runs.

Batches are a pure function of the lengths: one plan gives the same bits on one machine. Sorting by length wastes
next to nothing on padding (3.9 times faster than padding to 128 tokens, measured on banking77).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

BATCH = 128
#: Long texts go in smaller batches: 128 texts of 256 tokens, 4 of 8,192.
BATCH_TOKENS = 128 * 256


def length_sorted(lengths: Sequence[int]) -> list[list[int]]:
    """Return batches of indices, longest first, so that memory runs out at once or never.

    Args:
        lengths: Length of each sample, as the backbone counts it.
    """
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    batches: list[list[int]] = []
    start = 0
    while start < len(order):
        size = max(1, min(BATCH, BATCH_TOKENS // max(1, lengths[order[start]])))
        batches.append(order[start : start + size])
        start += size
    return batches


@contextmanager
def arithmetic(device: str, *, training: bool) -> Iterator[None]:
    """Fix what the hardware would otherwise choose: no TF32, and deterministic kernels where there is a gradient.

    Nothing to fix on a CPU.

    Args:
        device: `cpu` or `cuda`.
        training: Whether gradients are taken. Fused attention adds them up in no fixed order.
    """
    if device == "cpu":
        yield
        return
    matmul = torch.backends.cuda.matmul.allow_tf32
    with ExitStack() as stack:
        stack.enter_context(
            torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
        )
        if training:
            stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        stack.callback(setattr, torch.backends.cuda.matmul, "allow_tf32", matmul)
        torch.backends.cuda.matmul.allow_tf32 = False
        yield


def autocast(device: str, dtype: str) -> torch.autocast:
    """Return the autocast of a job: on for `bfloat16`, a no-op for `float32`."""
    return torch.autocast(device, dtype=torch.bfloat16, enabled=dtype == "bfloat16")
