"""Where cells are computed: hardware, packages, commit. Stored with every result, because it may not be this machine.

Reads the machine and asks git about a folder; never imports a heavy package to ask it something (torch is asked only
where it is loaded already).
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from evaluators.observations import Environment

#: The packages whose versions can change a result.
PACKAGES = (
    "basehub",
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "torchvision",
    "transformers",
    "timm",
    "peft",
    "datasets",
    "evaluate",
    "tokenizers",
    "safetensors",
    "pillow",
)
_GIT_SECONDS = 10


def environment(device: str, folder: Path | None = None) -> Environment:
    """Return what this process computes on and with.

    Args:
        device: `cpu` or `cuda`.
        folder: Working folder whose commit is recorded; None for the current one.
    """
    commit, dirty = git_state(folder or Path.cwd())
    return Environment(
        device=device,
        hardware=hardware(),
        packages=package_versions(),
        python=platform.python_version(),
        commit=commit,
        dirty=dirty,
    )


def hardware() -> dict[str, str]:
    """Return `cpu`, `cores`, `memory`, `system`, and `gpu` where torch sees one."""
    facts = {
        "cpu": _cpu_model(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.machine()}",
    }
    gpu = _gpu()
    return {**facts, "gpu": gpu} if gpu else facts


def package_versions() -> dict[str, str]:
    """Return the installed versions of `PACKAGES`."""
    versions: dict[str, str] = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def git_state(folder: Path) -> tuple[str | None, bool | None]:
    """Return the commit of a folder and whether it has changes; (None, None) without either git or commit."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None, None
    changes = _git(folder, "status", "--porcelain")
    return commit, None if changes is None else bool(changes)


def _git(folder: Path, *arguments: str) -> str | None:
    git = shutil.which("git")
    if git is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603  fixed program and arguments, no shell
            [git, "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=_GIT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor() or platform.machine())


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return "unknown"
    return f"{size / 2**30:.1f} GiB"


def _gpu() -> str | None:
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return str(torch.cuda.get_device_name(0))
