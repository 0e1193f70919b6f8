"""Where a benchmark runs: device, size, scratch folder, and what goals share so that nothing is measured twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Scene:
    """A run of the benchmark.

    Attributes:
        folder: Scratch; emptied by the caller.
        data: Folder of real data (HUB_DATA); not read where the scene is tiny.
        device: `cpu` or `cuda`.
        full: Whether every cell of a slow peer is run, and none extrapolated.
        tiny: Toy models and data: seconds, to test the harness itself. Its ratios mean nothing.
        shared: What `once` has made.
    """

    folder: Path
    data: Path
    device: str = "cpu"
    full: bool = False
    tiny: bool = False
    shared: dict[str, Any] = field(default_factory=dict)

    @property
    def dtype(self) -> str:
        """Arithmetic of our cells: that of a tuned peer on the same device."""
        return "bfloat16" if self.device == "cuda" else "float32"

    def amount(self, real: int, tiny: int) -> int:
        """Return how many of something there are."""
        return tiny if self.tiny else real

    def wanted(self, cpu: float, gpu: float) -> float | None:
        """Return the ratio that is the goal on this device; none where only the harness is tested."""
        if self.tiny:
            return None
        return gpu if self.device == "cuda" else cpu

    def place(self, name: str) -> Path:
        """Return a new folder."""
        number = 0
        while (self.folder / f"{name}-{number}").exists():
            number += 1
        place = self.folder / f"{name}-{number}"
        place.mkdir(parents=True)
        return place

    def once(self, name: str, make: Callable[[], T]) -> T:
        """Return what `make` returned when it was first asked for."""
        if name not in self.shared:
            self.shared[name] = make()
        made: T = self.shared[name]
        return made
