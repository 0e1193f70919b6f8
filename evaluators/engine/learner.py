"""What the training loop drives: one network, as here, or the networks of several cells (`side_by_side.py`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import torch
from torch import nn

from evaluators.backbones.backbone import Prepared
from evaluators.engine.acceleration import acceleration
from evaluators.engine.batching import autocast
from evaluators.engine.checkpointing import recomputed
from evaluators.engine.job import FitJob
from evaluators.engine.memory import WHOLE, Footprint
from evaluators.engine.objective import Objective
from evaluators.engine.recipe import Recipe
from evaluators.engine.resident import batches_of
from evaluators.engine.streams import DropoutStreams, drops
from evaluators.engine.tuning import PLAIN, Tuning, open_layers

if TYPE_CHECKING:
    from evaluators.engine.network import Network


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

    def __init__(
        self, network: Network, prepared: Prepared, job: FitJob, how: Training, objective: Objective
    ) -> None:
        self._network, self._job, self._how, self._objective = network, job, how, objective
        lengths = network.backbone.length(prepared)
        self._order = objective.order(lengths, how.recipe.batch_size, job.seed)
        dropping = drops(network.active)
        self._streams = DropoutStreams([job.seed], job.device) if dropping else None
        faster = acceleration(
            job.device,
            lengths,
            steps=how.recipe.steps(objective.items),
            blocks=len(network.backbone.blocks()),
            drops=dropping,
        )
        self._batches = batches_of(network.backbone, prepared, faster)
        self._outputs = objective.outputs(network)
        if faster.lengths:  # never on a CPU
            self._outputs = torch.compile(self._outputs, dynamic=False, mode="reduce-overhead")
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
        total = self._objective.backward(
            next(self._order), partial(self._read, step), self._how.footprint.micro_batch
        )
        return (total if self._penalty is None else total + self._penalty()).view(1)

    @contextmanager
    def _read(self, step: int, samples: Sequence[int], first_row: int) -> Iterator[torch.Tensor]:
        """Give what comes out of samples; gradients are taken inside: recomputed blocks draw in that pass too."""
        batch = self._batches.batch(samples)
        places = range(first_row, first_row + len(samples))
        with self._streams.at(step, places=places) if self._streams else nullcontext():
            with autocast(self._job.device, self._job.dtype):
                outputs = self._outputs(batch)
            yield outputs.float()

    def clip(self, largest: float) -> None:
        """Shrink the gradient to a norm."""
        nn.utils.clip_grad_norm_([weight for _, weight in self._trained], largest)
