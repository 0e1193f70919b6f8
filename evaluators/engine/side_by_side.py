"""Several cells in one training: a step reads a batch of every cell at once, and each cell stays as if it were alone.

In: networks of one strategy over one base and their jobs, which differ in draw and seed. Out: the same networks,
trained in place. A cell keeps its own weights, order, dropout stream, gradient norm and BatchNorm statistics; what is
frozen is one for all and reads the rows of all. Results equal those of a cell alone within 1e-5 on float32 logits:
products are grouped otherwise, and batches are padded to the longest text of all cells.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from itertools import accumulate
from typing import cast

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from evaluators.backbones.backbone import Backbone, Prepared
from evaluators.backbones.sending import sent
from evaluators.cuts import cut_step
from evaluators.engine.acceleration import Acceleration
from evaluators.engine.baselines import samples_of
from evaluators.engine.batching import autocast, batches
from evaluators.engine.job import FitJob
from evaluators.engine.network import Network
from evaluators.engine.products import fast_products
from evaluators.engine.recipe import Recipe
from evaluators.engine.resident import batches_of
from evaluators.engine.rows_in_use import only_rows_in_use
from evaluators.engine.stack import CannotStack, Stack
from evaluators.engine.stacked_layers import StackedLinear, stack_modules
from evaluators.engine.streams import DropoutStreams, drops
from evaluators.engine.training import Trained, decay_of_table, descend, received
from evaluators.engine.tuning import PLAIN


def twin(backbone: Backbone) -> Backbone:
    """Return a backbone of the same tensors whose layers can be exchanged without touching the first."""
    shared = {id(tensor): tensor for tensor in [*backbone.module.parameters(), *backbone.module.buffers()]}
    other = copy.copy(backbone)
    other.module = copy.deepcopy(backbone.module, shared)
    return other


def train_together(networks: Sequence[Network], jobs: Sequence[FitJob], recipe: Recipe) -> Trained:
    """Train networks of one kind in place, as `train` would train each.

    Args:
        networks: At least one, equal in all but the values of trained weights and statistics.
        jobs: One a network, with equally many samples; progress is told to the first.
        recipe: How.

    Returns:
        What the training of each was.

    Raises:
        CannotStack: If they cannot be trained so, or hold unequally many samples; nothing was trained.
        DivergedError: If a loss or a weight of one of them became NaN or infinite.
    """
    if len({len(job.labels) for job in jobs}) > 1:
        raise CannotStack("unequally many samples")
    prepared = [
        network.backbone.prepare(samples_of(job.inputs)) for network, job in zip(networks, jobs, strict=True)
    ]
    everything = [sample for own in prepared for sample in own]
    unread_decay: list[float] = []
    with ExitStack() as tables:
        left_out, *_ = [
            tables.enter_context(only_rows_in_use(network.backbone, everything, unread_decay))
            for network in networks
        ]
        learner = SideBySide(networks, prepared, jobs, recipe)
        steps = recipe.steps(len(jobs[0].labels))
        unread_decay += decay_of_table(networks[0], recipe, PLAIN, steps)
        with fast_products(learner.trunk):
            descend(learner, jobs[0], recipe, steps)
        learner.write_back()
        count = left_out + received(learner)
    for network in networks:
        network.eval()
    return Trained(steps, count)


class SideBySide:
    """The learner of several cells.

    Attributes:
        cells: How many.
        trunk: The network of all.
    """

    def __init__(
        self,
        networks: Sequence[Network],
        prepared: Sequence[Prepared],
        jobs: Sequence[FitJob],
        recipe: Recipe,
    ) -> None:
        for network in networks:
            network.train()
        self.cells, self._stack, first = len(networks), Stack(len(networks)), networks[0]
        trunk = twin(first.backbone)
        others = [network.backbone.module for network in networks[1:]]
        trunk.module = stack_modules([trunk.module, *others], self._stack)
        self.trunk = trunk.module
        head = StackedLinear([network.head for network in networks], self._stack)
        self._network = Network(trunk, cast("nn.Linear", head), ())
        stacked = {id(parts[0]): weight for weight, parts in self._stack.weights}
        if len(stacked) < len(self._stack.weights):
            raise CannotStack("two layers share a weight")
        self._trained = [(name, stacked[id(weight)]) for name, weight in first.trained()]
        self._job = jobs[0]
        everything = [sample for own in prepared for sample in own]
        self._batches = batches_of(trunk, everything, Acceleration())
        self._starts = [0, *accumulate(len(own) for own in prepared)][: self.cells]
        self._lengths = [first.backbone.length(own) for own in prepared]
        # On a GPU calls cost more than padding ever does; where a base is trained whole, each part would add up all of
        # its gradients once more; and BatchNorm counts what it reads at once.
        frozen = any(not weight.requires_grad for weight in first.backbone.module.parameters())
        self._cuts = jobs[0].device == "cpu" and frozen and not self._stack.buffers
        self._labels = torch.cat([torch.from_numpy(job.labels) for job in jobs]).to(self._job.device)
        self._orders = [
            batches(lengths, recipe.batch_size, torch.Generator().manual_seed(job.seed))
            for lengths, job in zip(self._lengths, jobs, strict=True)
        ]
        seeds = [job.seed for job in jobs]
        self._streams = DropoutStreams(seeds, self._job.device) if drops(first.active) else None

    def trained(self) -> list[tuple[str, nn.Parameter]]:
        """Return the stacked weights under the names that they have in a cell."""
        return self._trained

    def is_matrix(self, weight: nn.Parameter) -> bool:
        """Whether it has more than one dimension beside that of the cells."""
        return weight.dim() > 2

    def backward(self, step: int, steps: int) -> torch.Tensor:  # noqa: ARG002 - nothing here depends on it
        """Take the gradients of one batch of every cell; return the mean loss of each, (cells,)."""
        drawn = [next(order) for order in self._orders]
        total = torch.zeros(self.cells, device=self._labels.device)
        for part in self._parts(drawn):
            rows = [
                start + own[place]
                for start, own, places in zip(self._starts, drawn, part, strict=True)
                for place in places
            ]
            # None is faster, and the same for a batch that is not cut.
            places = [place for own in part for place in own] if len(part[0]) < len(drawn[0]) else None
            total += self._of_part(step, rows, places, len(drawn[0]))
        return total

    def _of_part(self, step: int, rows: list[int], places: list[int] | None, size: int) -> torch.Tensor:
        """Take the gradients of equally many rows of every cell, as a share of batches of a size."""
        self._stack.total_rows = len(rows)
        batch = self._batches.batch(rows)
        with self._streams.at(step, places=places) if self._streams else nullcontext():
            with autocast(self._job.device, self._job.dtype):
                logits = self._network.logits(batch)
            wanted = self._labels[sent(rows, self._labels.device)]
            losses = functional.cross_entropy(logits.float(), wanted, reduction="none")
            losses = losses.view(self.cells, -1).sum(dim=1) / size
            # The gradient of the sum is, for each cell's weights, that of its own loss.
            torch.autograd.backward(losses.sum())
        return losses.detach()

    def _parts(self, drawn: list[list[int]]) -> list[list[list[int]]]:
        """Return the places in every cell's batch that are read at once, the longest first."""
        whole = [list(range(len(own))) for own in drawn]
        if not self._cuts:
            return [whole]
        lengths = [[own[index] for index in one] for own, one in zip(self._lengths, drawn, strict=True)]
        sizes = cut_step(np.array(lengths, dtype=np.float64), self._network.backbone.width)
        if len(sizes) == 1:
            return [whole]
        ranked = [np.argsort(-np.array(own), kind="stable").tolist() for own in lengths]
        ends = list(accumulate(sizes))
        return [[one[end - size : end] for one in ranked] for size, end in zip(sizes, ends, strict=True)]

    def clip(self, largest: float) -> None:
        """Shrink the gradient of each cell to a norm, as `clip_grad_norm_` does."""
        gradients = [weight.grad for _, weight in self._trained if weight.grad is not None]
        norms = [torch.linalg.vector_norm(gradient.flatten(1), dim=1) for gradient in gradients]
        norm = torch.linalg.vector_norm(torch.stack(norms), dim=0)
        factor = (largest / (norm + 1e-6)).clamp(max=1.0)
        for gradient in gradients:
            gradient.mul_(factor.view(-1, *[1] * (gradient.dim() - 1)))

    def write_back(self) -> None:
        """Give each network what was trained of it."""
        self._stack.write_back()
