"""How much memory training takes, and how its steps are cut where there is less. Pure: no torch, no device.

In: counts of a network and a batch. Out: bytes, and a `Footprint`. Recomputing blocks in the backward pass gives the
same results for one more forward pass. Micro-batches give the same up to rounding, but are another training where
BatchNorm is active, which then normalises by fewer samples. So blocks are recomputed first.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

#: Bytes of a float32.
FLOAT = 4
#: Values kept for the backward pass by each block, for a token and unit of width. Measured by the tensors that autograd
#: saves: BERT 16.5, with dropout 22; ViT 17 to 20; a ResNet-18, with a token for 16 x 16 pixels, 14.
KEPT_VALUES = 24
#: Share of the memory that training may plan with: the rest is for buffers of the libraries and for other processes.
USABLE = 0.8


@dataclass(frozen=True)
class Load:
    """What determines the memory of a training step.

    Attributes:
        parameters: Of the network.
        trained: Those with a gradient and AdamW's two moments.
        width: Of a block's output.
        blocks: How many keep values for the backward pass.
        tokens: Of the longest sample; patches or positions of an image.
        batch: Samples a step.
    """

    parameters: int
    trained: int
    width: int
    blocks: int
    tokens: int
    batch: int


@dataclass(frozen=True)
class Footprint:
    """How a step is cut.

    Attributes:
        micro_batch: Samples whose gradients are taken at once; None: all of a batch.
        checkpointing: Whether blocks are recomputed in the backward pass.
    """

    micro_batch: int | None = None
    checkpointing: bool = False

    def __str__(self) -> str:
        """In words, as it is recorded."""
        parts = ["blocks recomputed in the backward pass"] if self.checkpointing else []
        if self.micro_batch is not None:
            parts.append(f"micro-batches of {self.micro_batch}")
        return ", ".join(parts) or "whole batches"


WHOLE = Footprint()


def training_bytes(load: Load, footprint: Footprint = WHOLE) -> int:
    """Return the bytes of weights, gradients, AdamW's moments and activations of one training step in float32.

    Attention's scores do not count: fused kernels keep none. Of convolutional networks it is a rough guess.
    """
    rows = min(load.batch, footprint.micro_batch or load.batch) * load.tokens * load.width
    kept = load.blocks + KEPT_VALUES if footprint.checkpointing else load.blocks * KEPT_VALUES
    return FLOAT * (load.parameters + 3 * load.trained + rows * kept)


def footprint(load: Load, available: int) -> Footprint:
    """Return the gentlest cut that fits, or the smallest that there is.

    Args:
        load: What is trained.
        available: Bytes of the device.
    """
    cut = WHOLE
    while training_bytes(load, cut) > USABLE * available:
        smaller = tighter(cut, load.batch)
        if smaller is None:
            return cut
        cut = smaller
    return cut


def tighter(cut: Footprint, batch: int) -> Footprint | None:
    """Return the next smaller cut, of a step over `batch` samples: recomputed blocks, then half the samples at once."""
    if not cut.checkpointing:
        return replace(cut, checkpointing=True)
    rows = cut.micro_batch or batch
    return replace(cut, micro_batch=(rows + 1) // 2) if rows > 1 else None


def both(one: Footprint, other: Footprint) -> Footprint:
    """Return the gentlest cut that is no larger than either."""
    rows = [cut.micro_batch for cut in (one, other) if cut.micro_batch is not None]
    return Footprint(min(rows, default=None), one.checkpointing or other.checkpointing)
