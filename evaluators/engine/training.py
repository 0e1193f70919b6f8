"""The one training loop: from scratch, partial freeze, LoRA and full fine-tuning differ only in what is trainable.

In: a network whose parameters say by `requires_grad` what is trained, a job, a recipe. Out: the same network,
trained in place. All randomness comes from the job's seed; the global generators are left as they were. What takes the
steps is a `Learner`: one network, or those of several cells side by side (`side_by_side.py`).
AdamW with bias correction, linear warm-up then decay to 0, clipping, a fixed number of steps and no early stopping:
nothing is selected on data that the job does not hold.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn
from torch.nn import functional

from evaluators.backbones.backbone import Backbone, Prepared
from evaluators.engine.baselines import samples_of
from evaluators.engine.batching import arithmetic, autocast, batches
from evaluators.engine.checkpointing import recomputed
from evaluators.engine.job import DivergedError, FitJob
from evaluators.engine.recipe import Recipe
from evaluators.engine.rows_in_use import only_rows_in_use
from evaluators.engine.streams import DropoutStreams, drops
from evaluators.memory import WHOLE, Footprint

#: On a GPU the loss is looked at every so many steps: each look waits for the device.
CHECK_EVERY = 50


@dataclass(frozen=True, eq=False)
class Network:
    """A backbone and a linear head.

    Attributes:
        backbone: The trunk.
        head: (width) to (classes) logits.
        active: Parts of the trunk that are trained: dropout and BatchNorm are active in these only.
    """

    backbone: Backbone
    head: nn.Linear
    active: tuple[nn.Module, ...]

    def logits(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return (batch, classes) logits."""
        features = self.backbone.features(batch)
        # Brings every base's features to one scale, unit-norm ones too, so that one head rate serves all.
        scores: torch.Tensor = self.head(functional.layer_norm(features, features.shape[-1:]))
        return scores

    def trained(self) -> list[tuple[str, nn.Parameter]]:
        """Return the trained parameters of the trunk by name, then the head's as `head.`."""
        trunk = [(f"trunk.{name}", weight) for name, weight in self.backbone.module.named_parameters()]
        head = [(f"head.{name}", weight) for name, weight in self.head.named_parameters()]
        return [(name, weight) for name, weight in trunk + head if weight.requires_grad]

    def train(self) -> None:
        """Put what is trained into training mode, and everything else into evaluation mode."""
        self.eval()
        for part in (*self.active, self.head):
            part.train()

    def eval(self) -> None:
        """Put everything into evaluation mode."""
        self.backbone.module.eval()
        self.head.eval()


@contextmanager
def seeded(seed: int, device: str) -> Iterator[None]:
    """Seed torch inside the block; outside, its generators are as if the block had not run."""
    devices = [torch.cuda.current_device()] if device != "cpu" else []
    with torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(seed)
        if devices:
            torch.cuda.manual_seed(seed)
        yield


@dataclass(frozen=True)
class Trained:
    """What a training was.

    Attributes:
        steps: Optimiser steps taken.
        parameters: Numbers that received a gradient; of a table, all of its rows.
    """

    steps: int
    parameters: int


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

    def backward(self, step: int) -> torch.Tensor:
        """Take the gradients of a step's loss; return the loss of each cell, (cells,), still on the device."""
        ...

    def clip(self, largest: float) -> None:
        """Shrink the gradient of each cell whose norm is larger."""
        ...


def train(network: Network, job: FitJob, recipe: Recipe, footprint: Footprint = WHOLE) -> Trained:
    """Train a network in place.

    Args:
        network: On the job's device; `requires_grad` says what is trained.
        job: Samples, labels, seed, device and dtype.
        recipe: How.
        footprint: How its steps are cut to fit into memory.

    Raises:
        DivergedError: If the loss or a weight became NaN or infinite; it names the step.
    """
    prepared = network.backbone.prepare(samples_of(job.inputs))
    unread_decay: list[float] = []
    with only_rows_in_use(network.backbone, prepared, unread_decay) as left_out:
        learner = OneNetwork(network, prepared, job, recipe, footprint)
        with learner.frugal():
            steps = descend(learner, job, recipe, unread_decay)
        weights = [weight for _, weight in learner.trained()]
        count = left_out + sum(weight.numel() for weight in weights if weight.grad is not None)
        for weight in weights:
            weight.grad = None
    network.eval()
    return Trained(steps, count)


def descend(learner: Learner, job: FitJob, recipe: Recipe, unread_decay: list[float]) -> int:
    """Take the recipe's steps; the last gradients stay.

    Args:
        learner: In training mode.
        job: Gives the number of samples, device and progress.
        recipe: How.
        unread_decay: Filled with the factor by which each step's weight decay shrank a matrix.

    Returns:
        The number of steps.

    Raises:
        DivergedError: If a loss or a weight became NaN or infinite.
    """
    steps = recipe.steps(len(job.labels))
    optimizer = _optimizer(learner, recipe)
    rates = [float(group["lr"]) for group in optimizer.param_groups]
    losses = torch.zeros(steps, learner.cells, device=job.device)
    with arithmetic(job.device, training=True):
        for step in range(steps):
            factor = recipe.factor(step, steps)
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            unread_decay.append(1.0 - recipe.learning_rate * factor * recipe.weight_decay)
            optimizer.zero_grad(set_to_none=True)
            losses[step] = learner.backward(step)
            learner.clip(recipe.clip)
            optimizer.step()
            _check(losses, step, job.device)
            job.progress(step + 1, steps)
    # A sum is one pass over the weights; looking at each of them costs as much as a step.
    if not all(bool(torch.isfinite(weight.detach().sum())) for _, weight in learner.trained()):
        raise DivergedError(f"a weight became NaN or infinite at the last step ({steps})")
    return steps


class OneNetwork:
    """The learner of a cell that trains by itself.

    Attributes:
        cells: 1.
    """

    cells = 1

    def __init__(
        self, network: Network, prepared: Prepared, job: FitJob, recipe: Recipe, footprint: Footprint
    ) -> None:
        self._network, self._prepared, self._job = network, prepared, job
        self._labels = torch.from_numpy(job.labels).to(job.device)
        self._order = batches(
            network.backbone.length(prepared), recipe.batch_size, torch.Generator().manual_seed(job.seed)
        )
        self._footprint = footprint
        self._micro_batch = footprint.micro_batch or len(job.labels)
        self._streams = DropoutStreams([job.seed], job.device) if drops(network.active) else None
        self._trained = network.trained()
        network.train()

    def frugal(self) -> AbstractContextManager[None]:
        """Recompute blocks inside, if the footprint says so."""
        blocks = self._network.backbone.blocks()[1:-1] if self._footprint.checkpointing else []
        return recomputed(blocks, self._streams)

    def trained(self) -> list[tuple[str, nn.Parameter]]:
        """Return the network's trained parameters."""
        return self._trained

    def is_matrix(self, weight: nn.Parameter) -> bool:
        """Whether it has more than one dimension."""
        return weight.dim() > 1

    def backward(self, step: int) -> torch.Tensor:
        """Take the gradients of a batch, in micro-batches if need be; return its mean loss, (1,)."""
        indices = next(self._order)
        total = torch.zeros(1, device=self._job.device)
        done = 0
        for part in _cut(indices, self._micro_batch):
            batch = self._network.backbone.batch(self._prepared, part)
            # Blocks that are recomputed draw in the backward pass too.
            with self._streams.at(step, first_row=done) if self._streams else nullcontext():
                with autocast(self._job.device, self._job.dtype):
                    logits = self._network.logits(batch)
                wanted = self._labels[torch.tensor(part, device=self._labels.device)]
                # Weighted by size: the parts' gradients add up to that of the batch's mean loss.
                loss = functional.cross_entropy(logits.float(), wanted) * (len(part) / len(indices))
                torch.autograd.backward(loss)
            total += loss.detach()
            done += len(part)
        return total

    def clip(self, largest: float) -> None:
        """Shrink the gradient to a norm."""
        nn.utils.clip_grad_norm_([weight for _, weight in self._trained], largest)


def _cut(indices: list[int], largest: int) -> list[list[int]]:
    """Cut a batch into the fewest parts that are not too large, as equal as can be: BatchNorm must not meet one row."""
    parts = torch.tensor_split(torch.tensor(indices), math.ceil(len(indices) / largest))
    return [part.tolist() for part in parts] if len(parts) > 1 else [indices]


def _optimizer(learner: Learner, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW with one group for each of (trunk, head) x (matrices, vectors); only matrices decay."""
    groups = []
    for prefix, rate in (("trunk.", 1.0), ("head.", recipe.head_rate)):
        weights = [weight for name, weight in learner.trained() if name.startswith(prefix)]
        for matrices in (True, False):
            chosen = [weight for weight in weights if learner.is_matrix(weight) is matrices]
            decay = recipe.weight_decay if matrices else 0.0
            groups.append({"params": chosen, "lr": recipe.learning_rate * rate, "weight_decay": decay})
    # Fused also on a CPU: one pass over the weights instead of ten.
    return torch.optim.AdamW([group for group in groups if group["params"]], fused=True)


def _check(losses: torch.Tensor, step: int, device: str) -> None:
    """Raise at the first loss that is not finite, among those since the last look."""
    every = 1 if device == "cpu" else CHECK_EVERY
    if (step + 1) % every and step + 1 < len(losses):
        return
    first = step - step % every
    finite = torch.isfinite(losses[first : step + 1]).all(dim=1)
    if not bool(finite.all()):
        at = first + int(finite.logical_not().nonzero()[0]) + 1
        raise DivergedError(f"the loss became NaN or infinite at step {at} of {len(losses)}")
