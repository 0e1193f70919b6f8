"""What this machine can do: the ceiling of arithmetic, that of memory, and how much of it is free now.

Measured when asked, in a tenth of a second: of a processor with NumPy, of a GPU with torch. Nothing is computed faster
than the lower of the two ceilings (Williams, Waterman and Patterson 2009, "Roofline").
"""

from __future__ import annotations

import importlib.util
import os
import time
from dataclasses import dataclass

import numpy as np

#: Side of the matrices: large enough for the best kernels, small enough for the cache.
_SIDE = 512
#: Seconds that the products are repeated: long enough to be interrupted where others compute.
_SECONDS = 0.12
#: Bytes of the array that is copied: more than the caches hold.
_COPIED = 48 * 1024 * 1024


@dataclass(frozen=True)
class Roofline:
    """The two ceilings of a device.

    Attributes:
        flops_per_second: Of the float32 matrix product, the best that was seen.
        bytes_per_second: Read or written, of a copy larger than the caches.
        free: Share of `flops_per_second` that was to be had on average while it was measured; lower where others
            compute.
        threads: Threads that computed.
    """

    flops_per_second: float
    bytes_per_second: float
    free: float
    threads: int

    def seconds(self, flops: float, moved: float) -> float:
        """Return the least time in which so much can be computed and so many bytes moved, on an idle machine."""
        return max(flops / self.flops_per_second, moved / self.bytes_per_second)


#: What a data-centre GPU does in float32 without tensor cores: for planning where there is none.
SOME_GPU = Roofline(flops_per_second=5e13, bytes_per_second=3e12, free=1.0, threads=1)


def measure_roofline(device: str = "cpu") -> Roofline:
    """Measure this machine's processor, or its GPU; without one `SOME_GPU` stands for it.

    Args:
        device: `cpu` or `cuda`.
    """
    return _of_gpu() if device == "cuda" else _of_processor()


def _of_gpu() -> Roofline:
    if importlib.util.find_spec("torch") is None:
        return SOME_GPU
    import torch

    if not torch.cuda.is_available():
        return SOME_GPU
    from evaluators.engine.ceiling import measure_ceilings

    flops, moved = measure_ceilings("cuda")
    return Roofline(flops, moved, free=1.0, threads=threads())


def _of_processor() -> Roofline:
    matrix = np.ones((_SIDE, _SIDE), dtype=np.float32)
    matrix @ matrix
    times: list[float] = []
    ending = time.perf_counter() + _SECONDS
    while not times or time.perf_counter() < ending:
        started = time.perf_counter()
        matrix @ matrix
        times.append(time.perf_counter() - started)
    best = min(times)
    return Roofline(
        flops_per_second=2 * _SIDE**3 / best,
        bytes_per_second=_copying(),
        free=min(1.0, best * len(times) / sum(times)),
        threads=threads(),
    )


def threads() -> int:
    """Return how many threads compute here: as OMP_NUM_THREADS says, else one a core that this process may use."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    if said.isdigit() and int(said):
        return int(said)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _copying() -> float:
    """Return the bytes a second of a copy: each is read once and written once."""
    source = np.ones(_COPIED, dtype=np.uint8)
    target = np.empty_like(source)
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        np.copyto(target, source)
        best = min(best, time.perf_counter() - started)
    return 2 * _COPIED / best
