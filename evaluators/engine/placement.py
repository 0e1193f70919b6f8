"""Where states at a boundary lie: on the device, in the host's memory, on disk, or nowhere. Pure: no torch, no clock.

In: what each cache would hold and how often it is read, and what a machine has. Out: a tier for each. A cache is worth
its place where reading a state is cheaper than computing it again. The rates below are of the order of the hardware
and never measured at run time, so that a plan is placed alike on every run on one machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Tier = Literal["device", "host", "disk", "recompute"]
"""`recompute`: no cache; the lower blocks run at every step, without gradients."""

TIERS: tuple[Tier, ...] = ("device", "host", "disk", "recompute")
"""Of two that cost the same, the earlier."""

#: Share of a memory that caches may take: the rest is for weights, activations and whoever else computes there.
SHARE = 0.25


@dataclass(frozen=True)
class Machine:
    """What a machine lends to caches.

    Attributes:
        device_bytes: Budget in the accelerator's memory; 0 where the processor computes.
        host_bytes: Budget in the host's memory.
        disk_bytes: Budget in the folder for temporary files, of what is free there.
        device_rate: Bytes a second that a kernel reads from the device's memory.
        host_rate: Bytes a second from the host's memory to where it is computed.
        disk_rate: Bytes a second from disk.
        flops: FLOPs a second that a forward reaches.
    """

    device_bytes: int
    host_bytes: int
    disk_bytes: int
    device_rate: float
    host_rate: float
    disk_rate: float
    flops: float


def processor(*, host_bytes: int, disk_bytes: int) -> Machine:
    """Return a machine whose processor computes.

    An encoder's forward reaches some 100 GFLOP/s on a few cores (measured: six blocks of ViT-B, 176 ms), memory gives
    10 GB/s and a disk 1 GB/s; any cache is faster than computing again.
    """
    return Machine(0, host_bytes, disk_bytes, 1e10, 1e10, 1e9, 1e11)


def accelerator(*, device_bytes: int, host_bytes: int, disk_bytes: int, dtype: str) -> Machine:
    """Return a machine with an H200-like accelerator.

    NVIDIA's data sheet: 4.8 TB/s, 989 TFLOP/s in bfloat16 and 67 in float32, of which an encoder's forward reaches
    some 40 to 60 %; 50 GB/s over PCIe 5 from pinned memory; 5 GB/s from NVMe. Six blocks of ViT-B in bfloat16 take
    44 us a sample, their state 60 us from disk and 6 us from the host's memory.
    """
    flops = 4e14 if dtype == "bfloat16" else 4e13
    return Machine(device_bytes, host_bytes, disk_bytes, 4.8e12, 5e10, 5e9, flops)


@dataclass(frozen=True)
class Cached:
    """The states at one boundary, of all samples that a plan demands.

    Attributes:
        samples: How many, each once.
        bytes_per_sample: Size of a state: tokens x width x 4 in float32.
        flops_per_sample: Of the blocks below.
        reads: How many states are read in all, over steps, cells and predictions.
        may_touch_disk: False where the data must leave nothing behind.
    """

    samples: int
    bytes_per_sample: float
    flops_per_sample: float
    reads: int
    may_touch_disk: bool = True

    @property
    def bytes(self) -> int:
        """Size of the cache."""
        return round(self.samples * self.bytes_per_sample)


@dataclass(frozen=True)
class Placement:
    """Where a cache lies.

    Attributes:
        tier: Where.
        seconds: What making and reading it costs there.
        recomputed: What it would cost without a cache.
    """

    tier: Tier
    seconds: float
    recomputed: float


def seconds(cached: Cached, tier: Tier, machine: Machine) -> float:
    """Return what the lower blocks cost over a plan if their states lie in a tier: making, writing and reading."""
    forward = cached.flops_per_sample / machine.flops
    if tier == "recompute":
        return cached.reads * forward
    rate = {"device": machine.device_rate, "host": machine.host_rate, "disk": machine.disk_rate}[tier]
    return cached.samples * forward + (cached.samples + cached.reads) * cached.bytes_per_sample / rate


def place(caches: Sequence[Cached], machine: Machine) -> list[Placement]:
    """Return where each of several caches lies that are alive together.

    What saves most time a byte chooses first; each takes the cheapest tier that still has room.
    """
    left = {"device": machine.device_bytes, "host": machine.host_bytes, "disk": machine.disk_bytes}
    placed: dict[int, Placement] = {}
    for index in sorted(range(len(caches)), key=lambda i: (-_worth(caches[i], machine), i)):
        cached = caches[index]
        tier = min(
            (t for t in TIERS if _fits(cached, t, left)),
            key=lambda t: (seconds(cached, t, machine), TIERS.index(t)),
        )
        if tier != "recompute":
            left[tier] -= cached.bytes
        placed[index] = Placement(tier, seconds(cached, tier, machine), seconds(cached, "recompute", machine))
    return [placed[index] for index in range(len(caches))]


def _fits(cached: Cached, tier: Tier, left: dict[str, int]) -> bool:
    if tier == "recompute":
        return True
    allowed = cached.may_touch_disk or tier != "disk"
    # An empty budget means that there is no such memory, even for an empty cache.
    return allowed and left[tier] > 0 and cached.bytes <= left[tier]


def _worth(cached: Cached, machine: Machine) -> float:
    """Return the seconds that a byte of memory saves."""
    fastest: Tier = "device" if machine.device_bytes else "host"
    saved = seconds(cached, "recompute", machine) - seconds(cached, fastest, machine)
    return saved / max(1, cached.bytes)
