"""What a forward calls: which parts, in which order, and what passes through them. A network is cut by that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from evaluators.backbones.backbone import Backbone


@dataclass(frozen=True)
class Call:
    """The first call of a part: its place in the order of all, its first tensor, and what it returned."""

    place: int
    read: torch.Tensor
    gave: Any


class Calls:
    """Which parts a forward calls, in which order, and what passes through them."""

    def __init__(self, backbone: Backbone) -> None:
        """Look at the parts of a backbone; nothing is called yet."""
        module = backbone.module
        self._names = {id(part): name for name, part in module.named_modules()}
        below, *blocks, top = backbone.blocks()
        self.below = self._named(below)
        self.blocks = [self._named(block) for block in blocks]
        inside = [module.get_submodule(name) for block in (*self.blocks, self._named(top)) for name in block]
        inside += [module.get_submodule(name) for name in self.below]
        known = {id(part) for whole in inside for part in whole.modules()}
        # What has no parameters belongs to no block: activations and pooling between the parts of a stem.
        self.between = [
            name
            for name, part in module.named_modules()
            if id(part) not in known and not list(part.parameters()) and not list(part.children())
        ]
        self.by_name: dict[str, Call] = {}
        self._module = module

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Note the first call of every part inside the block."""
        with ExitStack() as hooks:
            for name in (*self.below, *self.between, *(name for block in self.blocks for name in block)):
                part = self._module.get_submodule(name)
                hooks.callback(part.register_forward_hook(self._noting(name), with_kwargs=True).remove)
            yield

    def _noting(self, name: str) -> Callable[..., None]:
        def hook(_part: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
            # Parts that read lists of tensors are not noted, so nothing is cut that needs them.
            if name not in self.by_name and reads_tensor(args, kwargs):
                self.by_name[name] = Call(len(self.by_name), hidden(args, kwargs), output)

        return hook

    def _named(self, block: nn.Module) -> list[str]:
        """Return the names of a block's parts: itself where the network has it, else what was collected into it."""
        parts = [block] if id(block) in self._names else list(block.children())
        return [self._names[id(part)] for part in parts]


def reads_tensor(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bool:
    """Whether a part is called with a tensor."""
    return any(isinstance(value, torch.Tensor) for value in (*args, *kwargs.values()))


def hidden(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> torch.Tensor:
    """Return the first tensor that a part is called with."""
    for value in (*args, *kwargs.values()):
        if isinstance(value, torch.Tensor):
            return value
    raise TypeError("a part of the network is called without a tensor")


def with_hidden(
    args: tuple[Any, ...], kwargs: dict[str, Any], state: torch.Tensor
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return arguments whose first tensor is another."""
    for index, value in enumerate(args):
        if isinstance(value, torch.Tensor):
            return (*args[:index], state, *args[index + 1 :]), kwargs
    name = next(name for name, value in kwargs.items() if isinstance(value, torch.Tensor))
    return args, {**kwargs, name: state}
