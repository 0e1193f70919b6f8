"""The one training loop: from scratch, partial freeze, LoRA and full fine-tuning differ only in what is trainable.

In: a network whose parameters say by `requires_grad` what is trained, a job, a recipe, and where a strategy needs more
than that, its `Tuning`. Out: the same network, trained in place. All randomness comes from the job's seed; the global
generators are left as they were. What takes the steps is a `Learner`: one network, or those of several cells.
AdamW with bias correction, linear warm-up then decay to 0, clipping, a fixed number of steps and no early stopping:
nothing is selected on data that the job does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from evaluators.engine.baselines import samples_of
from evaluators.engine.batching import arithmetic
from evaluators.engine.footprints import fitting
from evaluators.engine.job import DivergedError, FitJob
from evaluators.engine.learner import Learner, OneNetwork, Training
from evaluators.engine.memory import WHOLE, Footprint
from evaluators.engine.network import Network
from evaluators.engine.objective import Labelled, Objective
from evaluators.engine.products import fast_products
from evaluators.engine.recipe import Recipe
from evaluators.engine.rows_in_use import RowsInUse, only_rows_in_use
from evaluators.engine.tuning import PLAIN, Tuning

#: On a GPU the loss is looked at every so many steps: each look waits for the device.
CHECK_EVERY = 50


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


def train(
    network: Network,
    job: FitJob,
    recipe: Recipe,
    tuning: Tuning = PLAIN,
    footprint: Footprint = WHOLE,
    objective: Objective | None = None,
) -> Trained:
    """Train a network in place.

    Args:
        network: On the job's device; `requires_grad` says what is trained.
        job: Samples, labels, seed, device and dtype.
        recipe: How.
        tuning: Rates by layer, layers that join later, a penalty.
        footprint: How its steps are cut at least; more where the device has too little memory for that.
        objective: What is learnt; None: the labels.

    Raises:
        DivergedError: If the loss or a weight became NaN or infinite; it names the step.
    """
    prepared = network.backbone.prepare(samples_of(job.inputs))
    objective = Labelled(job) if objective is None else objective
    steps = recipe.steps(objective.items)
    cut = fitting(network, prepared, job, objective.rows(recipe.batch_size), footprint)
    unread_decay: list[float] = []
    with only_rows_in_use(network.backbone, prepared, unread_decay) as left_out:
        learner = OneNetwork(network, prepared, job, Training(recipe, tuning, cut), objective)
        unread_decay += decay_of_table(network, recipe, tuning, steps)
        with learner.frugal(), fast_products(network.backbone.module):
            descend(learner, job, recipe, steps, tuning)
        count = left_out + received(learner)
    network.eval()
    return Trained(steps, count)


def descend(learner: Learner, job: FitJob, recipe: Recipe, steps: int, tuning: Tuning = PLAIN) -> None:
    """Take steps; the last gradients stay.

    Args:
        learner: In training mode.
        job: Gives device and progress.
        recipe: How.
        steps: How many.
        tuning: Its rates.

    Raises:
        DivergedError: If a loss or a weight became NaN or infinite.
    """
    optimizer = _optimizer(learner, recipe, tuning)
    rates = [float(group["lr"]) for group in optimizer.param_groups]
    losses = torch.zeros(steps, learner.cells, device=job.device)
    with arithmetic(job.device, training=True):
        for step in range(steps):
            factor = recipe.factor(step, steps)
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            optimizer.zero_grad(set_to_none=True)
            losses[step] = learner.backward(step, steps)
            learner.clip(recipe.clip)
            optimizer.step()
            _check(losses, step, job.device)
            job.progress(step + 1, steps)
    # A sum is one pass over the weights; looking at each of them costs as much as a step.
    if not all(bool(torch.isfinite(weight.detach().sum())) for _, weight in learner.trained()):
        raise DivergedError(f"a weight became NaN or infinite at the last step ({steps})")


def received(learner: Learner) -> int:
    """Return how many numbers of a cell received a gradient at the last step, and let the gradients go."""
    count = 0
    for _, weight in learner.trained():
        count += 0 if weight.grad is None else weight.numel() // learner.cells
        weight.grad = None
    return count


def _optimizer(learner: Learner, recipe: Recipe, tuning: Tuning = PLAIN) -> torch.optim.AdamW:
    """AdamW with one group for each of (rates of the trunk, head) x (matrices, vectors); only matrices decay."""
    rates = {f"trunk.{name}": layer.rate for layer in tuning.layers for name in layer.names}
    together: dict[tuple[bool, float, bool], list[nn.Parameter]] = {}
    for name, weight in learner.trained():
        is_head = name.startswith("head.")
        rate = recipe.head_rate if is_head else rates.get(name, 1.0)
        together.setdefault((is_head, rate, learner.is_matrix(weight)), []).append(weight)
    groups = [
        {
            "params": weights,
            "lr": recipe.learning_rate * rate,
            "weight_decay": recipe.weight_decay if matrices else 0.0,
        }
        for (_, rate, matrices), weights in together.items()
    ]
    # Fused also on a CPU: one pass over the weights instead of ten.
    return torch.optim.AdamW(groups, fused=True)


def decay_of_table(network: Network, recipe: Recipe, tuning: Tuning, steps: int) -> Iterator[float]:
    """Yield the factor by which each step's weight decay shrinks those rows of a cut table that no sample reads."""
    for name, part in network.backbone.module.named_modules():
        if isinstance(part, RowsInUse):
            layer = next((layer for layer in tuning.layers if f"{name}.weight" in layer.names), None)
            rate = recipe.learning_rate * (layer.rate if layer else 1.0)
            for step in range(int(layer.opens * steps) if layer else 0, steps):
                yield 1.0 - rate * recipe.factor(step, steps) * recipe.weight_decay


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
