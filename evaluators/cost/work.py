"""What a unit of work takes, counted before it is done. Pure values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Phase = Literal["start", "encode", "floors", "heads", "training"]
"""Kinds of work that differ in what limits them: a worker starts; a frozen trunk reads; floors fit data alone; heads
fit features; networks are trained and predict."""

PHASES: tuple[Phase, ...] = ("start", "encode", "floors", "heads", "training")


@dataclass(frozen=True)
class Work:
    """One unit of work.

    Attributes:
        phase: What kind of work it is.
        strategy: Row of the ladder; "" for encoding.
        cells: Cells that it computes; 0 for encoding.
        launches: How often the processor is handed something: batches, optimiser steps; of a floor, samples by class.
        flops: Floating-point operations.
        moved: Bytes of weights that are read and written for them.
        forwards: Samples through a network, with or without gradients.
        device: `cpu` or `cuda`.
        dtype: Arithmetic.
    """

    phase: Phase
    strategy: str
    cells: int
    launches: float
    flops: float
    moved: float
    forwards: int
    device: str = "cpu"
    dtype: str = "float32"

    @property
    def size_class(self) -> int:
        """How much is computed at once, in factors of four: small pieces leave a processor idle."""
        each = self.flops / self.launches if self.flops and self.launches else self.launches
        return round(math.log(max(each, 1.0), 4))

    @property
    def kind(self) -> str:
        """Works of one kind, but for their size, run at one pace."""
        together = "together" if self.cells > 1 else "alone"
        return "/".join((self.phase, self.strategy or "trunk", together, self.device, self.dtype))
