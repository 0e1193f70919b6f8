"""How samples are grouped, with and without gradients, and in which arithmetic a pass runs.

Batches are a pure function of lengths and seed: one plan gives the same bits on one machine. Sorting by length wastes
next to nothing on padding (README, decision 60).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import accumulate

import numpy as np
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from evaluators.cuts import BATCH, cut

#: Share by which a sample's length is jittered before an epoch is cut into batches of like lengths.
JITTER = 0.3


def length_sorted(lengths: Sequence[int]) -> list[list[int]]:
    """Return batches of indices for reading: of like lengths, cut so that little is padded and few are small.

    The largest come first, so that memory runs out at once or never.

    Args:
        lengths: Length of each sample, as the backbone counts it.
    """
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    descending = np.array([max(1, lengths[index]) for index in order], dtype=np.float64)
    ends = list(accumulate(cut(descending, most=BATCH)))
    batches = [order[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    return sorted(batches, key=lambda batch: -len(batch) * lengths[batch[0]])


def batches(lengths: Sequence[int], batch_size: int, generator: torch.Generator) -> Iterator[list[int]]:
    """Yield the indices of each step's batch, epoch after epoch, without end.

    An epoch is a new random order. Samples of like lengths fall into one batch, roughly: their lengths are jittered
    before sorting, so that batches differ from epoch to epoch; where all have one length the order is uniform.
    Batches of an epoch differ by one sample at most, so that none is too small for BatchNorm. When the short and when
    the long ones come is random, but the same for every generator: cells that train side by side are then about as
    long, and equally many, at every step, so that little is padded (README, decision 47).
    """
    exact = torch.tensor(lengths, dtype=torch.float64)
    count = math.ceil(len(lengths) / batch_size)
    ranks = torch.Generator().manual_seed(count)
    while True:
        noise = torch.rand(len(lengths), generator=generator, dtype=torch.float64)
        order = torch.argsort(exact * (1.0 + JITTER * (2.0 * noise - 1.0)), stable=True)
        parts = torch.tensor_split(order, count)
        for number in torch.randperm(count, generator=ranks).tolist():
            yield parts[number].tolist()


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
