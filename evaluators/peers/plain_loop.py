"""A tuned loop in plain torch, for peers that bring their own model: fused AdamW, no looks at the loss on the way.

In: a network, its parameter groups, a way to a batch, and indices of each batch. Out: the network, trained.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import torch
from torch import nn
from torch.nn import functional

from evaluators.engine.recipe import Recipe


def descend(
    weights: list[nn.Parameter],
    optimizer: torch.optim.Optimizer,
    batches: Iterable[tuple[Callable[[], torch.Tensor], torch.Tensor]],
    recipe: Recipe,
    steps: int,
) -> None:
    """Take the steps of a recipe.

    Args:
        weights: What is trained, clipped together.
        optimizer: Holds them, at their full rates.
        batches: Pairs of (a function that returns the logits of a batch, its labels), at least `steps`.
        recipe: Warm-up, decay and clipping.
        steps: How many.
    """
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: recipe.factor(step, steps))
    for _, (logits, labels) in zip(range(steps), batches, strict=False):
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(functional.cross_entropy(logits(), labels))
        nn.utils.clip_grad_norm_(weights, recipe.clip)
        optimizer.step()
        schedule.step()


def by_length(lengths: list[int], batch_size: int, generator: torch.Generator) -> Iterator[list[int]]:
    """Yield batches without end: each epoch a random order, sorted by length within windows of 50 batches.

    The sampler that Trainer calls `group_by_length`.
    """
    window = 50 * batch_size
    while True:
        order = torch.randperm(len(lengths), generator=generator).tolist()
        windows = [order[start : start + window] for start in range(0, len(order), window)]
        like = [index for part in windows for index in sorted(part, key=lambda i: -lengths[i])]
        parts = [like[start : start + batch_size] for start in range(0, len(like), batch_size)]
        for number in torch.randperm(len(parts), generator=generator).tolist():
            yield parts[number]
