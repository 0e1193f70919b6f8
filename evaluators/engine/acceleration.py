"""Whether a training is worth a compiled network on a GPU, and for which lengths: pure decisions, no torch, no device.

A small network on a GPU waits for launches: some 50 a block and pass, about 7 microseconds each. `torch.compile` with
CUDA graphs removes most of that, but takes tens of seconds for every shape that it meets. So batches are padded to one
of at most four lengths, and a network is compiled only where the predicted steps repay it. On a CPU nothing is changed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: Lengths at most that batches are padded to; every one is compiled.
SHAPES = 4
#: Seconds of compiling a shape (published: 20 to 75 for the first, less for the next).
COMPILE_SECONDS = 30.0
#: Share of a launch-bound step that compiling saves (nanoGPT 0.46, ViT-S on an H100 0.7; README, decision 51).
SAVED = 0.5
#: Launches a block and pass, and seconds each.
LAUNCHES, LAUNCH_SECONDS = 50, 7e-6
#: Lengths are rounded up to multiples of this.
GRAIN = 8


@dataclass(frozen=True)
class Acceleration:
    """What is done to make steps faster.

    Attributes:
        lengths: Rising; batches are padded to the next of them, and the network is compiled. Empty: neither.
    """

    lengths: tuple[int, ...] = ()

    def padded(self, longest: int) -> int:
        """Return the length that a batch is padded to."""
        return next((length for length in self.lengths if length >= longest), longest)


def acceleration(
    device: str, lengths: Sequence[int], *, steps: int, blocks: int, drops: bool
) -> Acceleration:
    """Decide for one training.

    Args:
        device: `cpu` or `cuda`.
        lengths: Of the samples.
        steps: Optimiser steps.
        blocks: Of the network.
        drops: Whether it draws dropout from streams of ours, which cannot be compiled.
    """
    shapes = buckets(lengths)
    seconds = steps * 3 * blocks * LAUNCHES * LAUNCH_SECONDS  # a backward pass is two forward ones
    pays = SAVED * seconds > COMPILE_SECONDS * len(shapes)
    return Acceleration(shapes) if device != "cpu" and pays and not drops else Acceleration()


def buckets(lengths: Sequence[int]) -> tuple[int, ...]:
    """Return at most `SHAPES` lengths, rising, with about equally many samples up to each; the last holds all."""
    ordered = sorted(lengths)
    ends = [ordered[math.ceil(len(ordered) * part / SHAPES) - 1] for part in range(1, SHAPES + 1)]
    if ordered[0] == ordered[-1]:  # images, which all have length 1
        return (ordered[0],)
    return tuple(sorted({math.ceil(end / GRAIN) * GRAIN for end in ends}))
