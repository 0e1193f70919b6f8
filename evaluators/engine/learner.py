"""What the training loop drives: one network, as here, or the networks of several cells (`side_by_side.py`)."""

from __future__ import annotations

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch import nn
from torch.nn import functional

from evaluators.backbones.backbone import Prepared
from evaluators.engine.acceleration import acceleration
from evaluators.engine.batching import autocast, batches
from evaluators.engine.checkpointing import recomputed
from evaluators.engine.job import FitJob
from evaluators.engine.recipe import Recipe
from evaluators.engine.resident import batches_of
from evaluators.engine.streams import DropoutStreams, drops
from evaluators.engine.tuning import PLAIN, Tuning, open_layers
from evaluators.memory import WHOLE, Footprint

if TYPE_CHECKING:
    from evaluators.engine.training import Network


@dataclass(frozen=True, eq=False)
class Training:
    """How a network is trained.

    Attributes:
        recipe: Steps, rates and their decay.
        tuning: What goes beyond it.
        footprint: How steps are cut to fit into memory.
    """

    recipe: Recipe
    tuning: Tuning = PLAIN
    footprint: Footprint = WHOLE


class Learner(Protocol):
    """What takes its optimiser steps as one: a network, or the networks of several cells side by side.

    Attributes:
        cells: How many.
    """

    cells: int

    def trained(self) -> list[tuple[str, nn.Parameter]]:
        """Return what is trained, named and ordered as `Network.trained` has it."""
        ...

    def is_matrix(self, weight: nn.Parameter) -> bool:
        """Whether a trained weight is a matrix of each cell, which decays."""
        ...

    def backward(self, step: int, steps: int) -> torch.Tensor:
        """Take the gradients of a step's loss; return the loss of each cell, (cells,), still on the device."""
        ...

    def clip(self, largest: float) -> None:
        """Shrink the gradient of each cell whose norm is larger."""
        ...


class OneNetwork:
    """The learner of a cell that trains by itself.

    Attributes:
        cells: 1.
    """

    cells = 1

    def __init__(self, network: Network, prepared: Prepared, job: FitJob, how: Training) -> None:
        self._network, self._job, self._how = network, job, how
        self._labels = torch.from_numpy(job.labels).to(job.device)
        generator = torch.Generator().manual_seed(job.seed)
        self._order = batches(network.backbone.length(prepared), how.recipe.batch_size, generator)
        dropping = drops(network.active)
        self._streams = DropoutStreams([job.seed], job.device) if dropping else None
        faster = acceleration(
            job.device,
            network.backbone.length(prepared),
            steps=how.recipe.steps(len(job.labels)),
            blocks=len(network.backbone.blocks()),
            drops=dropping,
        )
        self._batches = batches_of(network.backbone, prepared, faster)
        self._logits = network.logits
        if faster.lengths:  # never on a CPU
            self._logits = torch.compile(network.logits, dynamic=False, mode="reduce-overhead")
        self._trained = network.trained()
        self._penalty = how.tuning.penalty(network) if how.tuning.penalty else None
        network.train()

    def frugal(self) -> AbstractContextManager[None]:
        """Recompute blocks inside, if the footprint says so."""
        blocks = self._network.backbone.blocks()[1:-1] if self._how.footprint.checkpointing else []
        return recomputed(blocks, self._streams)

    def trained(self) -> list[tuple[str, nn.Parameter]]:
        """Return the network's trained parameters."""
        return self._trained

    def is_matrix(self, weight: nn.Parameter) -> bool:
        """Whether it has more than one dimension."""
        return weight.dim() > 1

    def backward(self, step: int, steps: int) -> torch.Tensor:
        """Take the gradients of a batch, in micro-batches if need be; return its mean loss, (1,)."""
        open_layers(self._network, self._how.tuning.layers, step, steps)
        indices = next(self._order)
        total = torch.zeros(1, device=self._job.device)
        done = 0
        for part in _cut(indices, self._how.footprint.micro_batch or len(indices)):
            batch = self._batches.batch(part)
            # Blocks that are recomputed draw in the backward pass too.
            with self._streams.at(step, first_row=done) if self._streams else nullcontext():
                with autocast(self._job.device, self._job.dtype):
                    logits = self._logits(batch)
                wanted = self._labels[torch.tensor(part, device=self._labels.device)]
                # Weighted by size: the parts' gradients add up to that of the batch's mean loss.
                loss = functional.cross_entropy(logits.float(), wanted) * (len(part) / len(indices))
                torch.autograd.backward(loss)
            total += loss.detach()
            done += len(part)
        if self._penalty is not None:
            total += self._penalty()
        return total

    def clip(self, largest: float) -> None:
        """Shrink the gradient to a norm."""
        nn.utils.clip_grad_norm_([weight for _, weight in self._trained], largest)


def _cut(indices: list[int], largest: int) -> list[list[int]]:
    """Cut a batch into the fewest parts that are not too large, as equal as can be: BatchNorm must not meet one row."""
    parts = torch.tensor_split(torch.tensor(indices), math.ceil(len(indices) / largest))
    return [part.tolist() for part in parts] if len(parts) > 1 else [indices]
