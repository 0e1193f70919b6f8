"""What stands where a frozen part was, while a state replaces what the part computes: it computes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from evaluators.backbones.calls import hidden


@dataclass(frozen=True)
class StandIn:
    """What stands where a part was, below a boundary, while a state replaces what the part computes.

    Attributes:
        name: Of the part, inside the module.
        reads: Shape of its first input in the trial.
        gives: Shape of its output there.
        dtype: Of its output there, if its input is of whole numbers; None if it takes over that of its input.
        wrapped: Length of the tuple that its output leads; 0 if the output is a bare tensor.
    """

    name: str
    reads: tuple[int, ...]
    gives: tuple[int, ...]
    dtype: torch.dtype | None
    wrapped: int


@contextmanager
def standing_in(module: nn.Module, below: Sequence[StandIn]) -> Iterator[None]:
    """Take parts out of a network inside the block, and put something that computes nothing where they were."""
    taken: list[tuple[nn.Module, str, nn.Module]] = []
    try:
        for stand_in in below:
            parent, _, child = stand_in.name.rpartition(".")
            holder = module.get_submodule(parent)
            part = holder.get_submodule(child)
            taken.append((holder, child, part))
            setattr(holder, child, _Passing(stand_in, part))
        yield
    finally:
        for holder, child, part in taken:
            setattr(holder, child, part)


class _Passing(nn.Module):
    """Passes its input on, or gives zeros of the shape that its part would give; for the rest it is like its part."""

    def __init__(self, stand_in: StandIn, part: nn.Module) -> None:
        super().__init__()
        self._stand_in = stand_in
        # Not registered: nothing of the part is below a module that it is not below.
        object.__setattr__(self, "_part", part)

    def __getattr__(self, name: str) -> Any:
        # Networks read attributes of their layers: which kind of attention one has.
        try:
            return super().__getattr__(name)
        except AttributeError:
            return getattr(self.__dict__["_part"], name)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Return a tensor, or a tuple that begins with it."""
        stand_in, passed = self._stand_in, hidden(args, kwargs)
        if stand_in.dtype is not None or stand_in.reads != stand_in.gives:
            zero = passed.new_zeros((), dtype=stand_in.dtype or passed.dtype)
            passed = zero.expand(_shape(stand_in, passed.shape))
        return (passed, *[None] * (stand_in.wrapped - 1)) if stand_in.wrapped else passed


def _shape(stand_in: StandIn, read: torch.Size) -> list[int]:
    """Return the shape that a part would give: its own, but for sides that it takes over from its input."""
    return [
        read[side] if side < len(read) and stand_in.reads[side] == given else given
        for side, given in enumerate(stand_in.gives)
    ]
