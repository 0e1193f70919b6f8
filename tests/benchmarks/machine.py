"""The machine: what it is, and its ceiling: the rate of a large matrix product, measured in the same run."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from evaluators.engine.products import fast_products
from evaluators.observe import hardware, package_versions


@dataclass(frozen=True)
class Machine:
    """What a table was measured on.

    Attributes:
        hardware: Processor, cores, memory, system, GPU.
        packages: Versions.
        threads: Of torch.
        float32: FLOP/s of a matrix product.
        bfloat16: The same in bf16.
        amx: Whether the processor multiplies bf16 matrices in tiles.
    """

    hardware: dict[str, str]
    packages: dict[str, str]
    threads: int
    float32: float
    bfloat16: float
    amx: bool

    def ceiling(self, dtype: str) -> float:
        """Return the FLOP/s that a kind of number can reach here."""
        return self.bfloat16 if dtype == "bfloat16" else self.float32


def machine(device: str, side: int = 2048) -> Machine:
    """Look at the machine and measure its ceilings."""
    return Machine(
        hardware=hardware(),
        packages=package_versions(),
        threads=torch.get_num_threads(),
        float32=_rate(torch.float32, device, side),
        bfloat16=_rate(torch.bfloat16, device, side),
        amx="amx_bf16" in _flags(),
    )


def _rate(dtype: torch.dtype, device: str, side: int) -> float:
    """Return the FLOP/s of the fastest of some square matrix products, by the library that is fastest here."""
    layer = nn.Linear(side, side, bias=False, dtype=dtype, device=device)
    matrix = torch.ones(side, side, dtype=dtype, device=device)
    best = math.inf
    with torch.inference_mode(), fast_products(layer):
        for _ in range(6):
            _wait(device)
            started = time.perf_counter()
            layer(matrix)
            _wait(device)
            best = min(best, time.perf_counter() - started)
    return 2.0 * side**3 / best


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


def _flags() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
