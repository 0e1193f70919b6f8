"""What this machine lends to caches of hidden states: budgets read from the system, rates from `placement`.

Budgets are shares of all memory, not of what is free just now, so that a plan is placed alike on every run.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import torch

from evaluators.placement import SHARE, Machine, accelerator, processor

#: Where a container's limit stands (cgroup 2); `max` or no such file where there is none.
_LIMIT = Path("/sys/fs/cgroup/memory.max")


def machine(device: str, dtype: str) -> Machine:
    """Return this machine as `evaluators.placement` sees it.

    Args:
        device: `cpu` or `cuda`.
        dtype: `float32` or `bfloat16`: how fast a forward is.
    """
    host = round(SHARE * host_memory())
    disk = round(SHARE * shutil.disk_usage(tempfile.gettempdir()).free)
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
