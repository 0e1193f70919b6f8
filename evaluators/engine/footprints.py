"""How the steps of a loaded network are cut to fit into its device: `evaluators.engine.memory`, asked with facts.

The whole memory of the device counts and not what is free just now, so that one machine always decides the same.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from evaluators.backbones.backbone import Prepared
from evaluators.engine.job import FitJob
from evaluators.engine.memory import Footprint, Load, both, footprint

if TYPE_CHECKING:
    from evaluators.engine.network import Network

#: Side of an image's patches, in pixels: of most vision transformers, and about what convnets shrink to on average.
PATCH = 16


def fitting(network: Network, prepared: Prepared, job: FitJob, batch: int, asked: Footprint) -> Footprint:
    """Return the cut that a training needs here, no gentler than what was asked for; `job.remedy` is told of it."""
    needed = footprint(load_of(network, prepared, batch), device_bytes(job.device))
    chosen = both(needed, asked)
    if chosen != asked:
        job.remedy(f"trained with {chosen}: whole batches would not fit into memory")
    return chosen


def load_of(network: Network, prepared: Prepared, batch: int) -> Load:
    """Return what determines the memory of a network's steps."""
    weights = [*network.backbone.module.parameters(), *network.head.parameters()]
    longest = max(network.backbone.length(prepared), default=1)
    if isinstance(prepared[0], torch.Tensor):  # an image, (channels, height, width)
        longest = (prepared[0].shape[-2] // PATCH) * (prepared[0].shape[-1] // PATCH)
    return Load(
        parameters=sum(weight.numel() for weight in weights),
        trained=sum(weight.numel() for _, weight in network.trained()),
        width=network.backbone.width,
        blocks=max(1, len(network.backbone.blocks()) - 2),
        tokens=max(1, longest),
        batch=min(batch, len(prepared)),
    )


def device_bytes(device: str) -> int:
    """Return the memory of a device: of the GPU, or of this machine, or what a container may use of it."""
    if device != "cpu":
        return int(torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory)
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = Path("/sys/fs/cgroup/memory.max")
    allowed = limit.read_text(encoding="ascii").strip() if limit.exists() else "max"
    return min(machine, int(allowed)) if allowed.isdigit() else machine
