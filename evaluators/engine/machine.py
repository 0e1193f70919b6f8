"""What this machine lends to caches of hidden states: budgets read from the system, rates from `placement`.

Budgets of memory are shares of all of it, not of what is free just now, so that a plan is placed alike on every run. Of
the disk it is a share of what is free now in the folder where states would lie (`states.folder`): disks are full of
other things, and a file that outgrows one ends the process. So a cache may lie elsewhere on the next run, with the same
bits; one that has room nowhere costs forwards at every step and moves logits by rounding (README, decision 38).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import torch

from evaluators.engine.placement import SHARE, Machine, accelerator, processor
from evaluators.engine.states import folder

#: Where a container's limit stands (cgroup 2); `max` or no such file where there is none.
_LIMIT = Path("/sys/fs/cgroup/memory.max")


def machine(device: str, dtype: str) -> Machine:
    """Return this machine as `evaluators.engine.placement` sees it.

    Args:
        device: `cpu` or `cuda`.
        dtype: `float32` or `bfloat16`: how fast a forward is.
    """
    host = round(SHARE * host_memory())
    disk = round(SHARE * shutil.disk_usage(folder()).free)
    if device == "cpu":
        return processor(host_bytes=host, disk_bytes=disk)
    memory = torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory
    return accelerator(device_bytes=round(SHARE * memory), host_bytes=host, disk_bytes=disk, dtype=dtype)


def host_memory() -> int:
    """Return the bytes of memory that this process may have at most; 4 GiB where the system does not tell."""
    try:
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not POSIX
        physical = 4 * 2**30
    limit = _LIMIT.read_text(encoding="ascii").strip() if _LIMIT.exists() else ""
    return min(physical, int(limit)) if limit.isdigit() else physical
