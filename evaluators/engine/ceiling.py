"""The ceilings of a device as torch reaches them: arithmetic of a matrix product, and memory of a copy.

In the arithmetic that strategies compute in: float32 without TF32.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import nn

from evaluators.engine.batching import arithmetic
from evaluators.engine.products import fast_products

#: Side of the matrices, and numbers that are copied, by device: a GPU is not filled by what fills a core.
_SIDES = {"cpu": 512, "cuda": 8192}
_COPIED = {"cpu": 12_000_000, "cuda": 250_000_000}
_REPEATS = 8


def measure_ceilings(device: str) -> tuple[float, float]:
    """Return (FLOP/s of the float32 matrix product, bytes/s read or written by a copy), the best of some tries.

    Args:
        device: `cpu` or `cuda`.
    """
    side = _SIDES[device]
    # A linear layer, so that the library that multiplies is the one that networks get.
    layer = nn.Linear(side, side, bias=False, device="meta")  # draws nothing at random
    layer.weight = nn.Parameter(torch.ones(side, side, device=device), requires_grad=False)
    with torch.inference_mode(), arithmetic(device, training=False), fast_products(layer):
        matrix = torch.ones(side, side, device=device)
        multiplying = min(_seconds(device, lambda: layer(matrix)) for _ in range(_REPEATS))
        source = torch.ones(_COPIED[device], device=device)
        target = torch.empty_like(source)
        copying = min(_seconds(device, lambda: target.copy_(source)) for _ in range(_REPEATS))
    return 2 * side**3 / multiplying, 2 * source.nbytes / copying


def _seconds(device: str, work: Callable[[], object]) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    started = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started
