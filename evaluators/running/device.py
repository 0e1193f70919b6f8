"""The device that computes: which one it is, and how much of its memory was used at most."""

from __future__ import annotations

import re
from pathlib import Path

from evaluators.errors import EnvironmentProblem


def choose_device(wanted: str) -> str:
    """Return `cpu` or `cuda` for a wish of `any`, `cpu` or `cuda`.

    Raises:
        EnvironmentProblem: If `cuda` is asked for and there is none.
    """
    if wanted == "cpu":
        return "cpu"
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if wanted == "cuda":
        raise EnvironmentProblem(
            "a GPU was asked for, but torch finds none",
            hint="run without --device cuda, or check `nvidia-smi`",
        )
    return "cpu"


def reset_peak(device: str) -> bool:
    """Start watching the memory anew; return whether that is possible here (for a process: on Linux)."""
    if device == "cuda":
        import torch

        torch.cuda.reset_peak_memory_stats()
        return True
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def peak_bytes(device: str) -> int:
    """Return the peak since `reset_peak`: of the device, or of this process; 0 if the kernel tells none."""
    if device == "cuda":
        import torch

        return int(torch.cuda.max_memory_allocated())
    status = Path("/proc/self/status").read_text(encoding="utf-8", errors="replace")
    kibibytes = re.search(r"^VmHWM:\s+(\d+) kB", status, re.MULTILINE)
    return int(kibibytes[1]) * 1024 if kibibytes else 0
