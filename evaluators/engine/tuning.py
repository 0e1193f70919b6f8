"""What a training does beyond the plain one: rates by layer, layers that join later, a penalty. Small parts, no loop.

In: names of a trunk's weights. Out: values that `evaluators.engine.training` reads. Weights go by name and not by
identity, because while training lasts a table may be replaced by the rows in use (`rows_in_use.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import nn

from evaluators.backbones.backbone import Backbone

if TYPE_CHECKING:
    from evaluators.engine.network import Network

Penalty = Callable[[], torch.Tensor]
"""Adds its gradient to that of the weights, and returns what it adds to the loss, a scalar on their device."""


@dataclass(frozen=True, eq=False)
class Layer:
    """Weights of the trunk that share a rate.

    Attributes:
        names: Their names in the trunk.
        parts: The parts of the trunk that hold them.
        rate: Their rate, as a multiple of the recipe's.
        opens: Share of the steps before which they are frozen, their parts in evaluation mode; below 1.
    """

    names: frozenset[str]
    parts: tuple[nn.Module, ...] = ()
    rate: float = 1.0
    opens: float = 0.0


@dataclass(frozen=True, eq=False)
class Tuning:
    """How a training departs from the plain one, in which all weights of the trunk have one rate from the first step.

    Attributes:
        layers: Disjoint; what is in none of them has the recipe's rate, from the first step.
        penalty: Called once, when the network is as it will be trained.
    """

    layers: tuple[Layer, ...] = ()
    penalty: Callable[[Network], Penalty] | None = None


PLAIN = Tuning()


def layers_of(backbone: Backbone, groups: Sequence[Sequence[nn.Module]]) -> list[Layer]:
    """Return a layer for each group of a trunk's parts, bottom-up, with rate 1.

    Args:
        backbone: The trunk.
        groups: Parts of it, bottom-up. What lies in none of them (a class token) belongs to the lowest.
    """
    group_of = {
        id(weight): number
        for number, parts in enumerate(groups)
        for part in parts
        for weight in part.parameters()
    }
    names: list[set[str]] = [set() for _ in groups]
    for name, weight in backbone.module.named_parameters():
        names[group_of.get(id(weight), 0)].add(name)
    return [Layer(frozenset(held), tuple(parts)) for held, parts in zip(names, groups, strict=True)]


def open_layers(network: Network, layers: Sequence[Layer], step: int, steps: int) -> None:
    """Freeze, at the first step, the layers that open later; at the step at which one opens, train it.

    Args:
        network: In training mode, its weights unfrozen.
        layers: Those of a `Tuning`.
        step: The step that is about to be taken, 0-based.
        steps: Of the whole training.
    """
    for layer in layers:
        opens = int(layer.opens * steps)
        if opens and step in (0, opens):
            weights = dict(network.backbone.module.named_parameters())
            for name in layer.names:
                weights[name].requires_grad_(step == opens)
            for part in layer.parts:
                part.train(step == opens)


def towards_start(alpha: float, beta: float) -> Callable[[Network], Penalty]:
    """Return L2-SP: alpha/2 ||w - w0||^2 of the trunk's weights and beta/2 ||v||^2 of the head's (Li et al. 2018)."""

    def penalty(network: Network) -> Penalty:
        held = [
            (weight, *((beta, None) if name.startswith("head.") else (alpha, weight.detach().clone())))
            for name, weight in network.trained()
        ]

        @torch.no_grad()
        def pull() -> torch.Tensor:
            loss = torch.zeros((), device=network.head.weight.device)
            for weight, strength, start in held:
                moved = weight if start is None else weight - start
                loss += 0.5 * strength * moved.square().sum()
                if weight.grad is not None:
                    weight.grad.add_(moved, alpha=strength)
            return loss

        return pull

    return penalty
