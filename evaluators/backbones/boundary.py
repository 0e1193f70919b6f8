"""The hidden state that enters a block: taken at several depths in one forward, and a forward that begins from it.

What lies below a boundary is frozen and runs in evaluation mode, so it gives the same state at every step of every
fit. `states_at` takes it, `features_from` runs the rest: while it does, something that computes nothing stands in for
every part below the boundary, and the first part of the block at the boundary is handed the state. The network is
whole again afterwards, also after an error.

That a network can be cut like this is tried and not believed: a skip connection over the boundary would not survive.
`find_boundaries` compares both ways on samples, and leaves out the depths at which they differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from evaluators.backbones.backbone import Backbone, Prepared
from evaluators.backbones.calls import Calls, hidden, with_hidden
from evaluators.backbones.stand_in import StandIn, standing_in

#: Largest difference between both ways, as a share of the largest feature, at which a boundary is taken for sound.
#: On a CPU there is none; a GPU's kernels may add up in another order where padding differs.
TOLERANCE = 1e-5
#: What an architecture may raise when it meets parts that compute nothing: it is not cut then, and trains as a whole.
_MISFITS = (RuntimeError, TypeError, ValueError, AttributeError, IndexError, KeyError)


@dataclass(frozen=True)
class Boundary:
    """A place where a network can be cut.

    Attributes:
        depth: How many blocks lie below it.
        entry: Name of the part that the block above it begins with.
        below: What stands in for what lies below.
        by_token: Whether a state has a row for each token; otherwise one for each sample.
        row: Shape of such a row, in the order in which it lies in memory.
        channels_last: Whether a row is (height, width, channels) where the network has (channels, height, width).
        flops: Of a forward to the boundary, for each row.
    """

    depth: int
    entry: str
    below: tuple[StandIn, ...]
    by_token: bool
    row: tuple[int, ...]
    channels_last: bool
    flops: float


class _Reached(Exception):
    """The deepest boundary is reached; what lies above need not run."""


def find_boundaries(backbone: Backbone, prepared: Prepared, depths: Sequence[int]) -> dict[int, Boundary]:
    """Return where a backbone can be cut, of the depths asked for; found by running it.

    Args:
        backbone: In evaluation mode. Every boundary costs a forward from it, and one forward is for all.
        prepared: One or two samples.
        depths: Blocks below each boundary, 0 for what enters the first block.
    """
    batch = backbone.batch(prepared, range(len(prepared)))
    lengths = backbone.length(prepared)
    found: dict[int, Boundary] = {}
    with torch.no_grad(), _without_gradients(backbone.module):
        calls = Calls(backbone)
        with calls.listening():
            expected = backbone.features(batch)
        for depth in sorted(set(depths)):
            # What is looked up may be read above the boundary too: then it stays.
            for keep_lookups in (False, True):
                with suppress(*_MISFITS):
                    boundary = _boundary(calls, depth, lengths, keep_lookups=keep_lookups)
                    boundary, state = _counted(backbone, boundary, batch)
                    if boundary.by_token:
                        for number, length in enumerate(lengths):
                            state[number, length:] = 0.0
                    if _agree(features_from(backbone, boundary, state, lengths), expected):
                        found[depth] = boundary
                        break
    return found


def states_at(
    backbone: Backbone, boundaries: Sequence[Boundary], batch: dict[str, torch.Tensor]
) -> list[torch.Tensor]:
    """Return the states that a batch has at boundaries, from one forward that ends at the deepest of them.

    Returns:
        For each boundary (batch, tokens, ...) with the batch's padding, or (batch, ...).
    """
    deepest = max(boundary.depth for boundary in boundaries)
    taken: dict[int, torch.Tensor] = {}

    def take(depth: int) -> Callable[..., None]:
        def hook(_part: nn.Module, args: Any, kwargs: Any) -> None:
            # A part that a network runs several times is met first where the block begins.
            taken.setdefault(depth, hidden(args, kwargs))
            if depth == deepest:
                raise _Reached

        return hook

    with ExitStack() as hooks, suppress(_Reached):
        for boundary in boundaries:
            entry = backbone.module.get_submodule(boundary.entry)
            hook = entry.register_forward_pre_hook(take(boundary.depth), with_kwargs=True)
            hooks.callback(hook.remove)
        backbone.features(batch)
    return [taken[boundary.depth] for boundary in boundaries]


def features_from(
    backbone: Backbone, boundary: Boundary, state: torch.Tensor, lengths: Sequence[int]
) -> torch.Tensor:
    """Return the pooled features (batch, width) of samples whose state at a boundary is known, differentiable.

    Args:
        backbone: What lies below the boundary does not run, whatever mode it is in.
        boundary: Of this architecture.
        state: As `states_at` gives it; what stands at padding is not read.
        lengths: Of each sample, as the backbone counts them.
    """
    module, given = backbone.module, [state]

    def hand_over(_part: nn.Module, args: Any, kwargs: Any) -> tuple[Any, Any] | None:
        return with_hidden(args, kwargs, given.pop()) if given else None

    with ExitStack() as hooks, standing_in(module, boundary.below):
        entry = module.get_submodule(boundary.entry)
        hooks.callback(entry.register_forward_pre_hook(hand_over, with_kwargs=True).remove)
        return backbone.features(backbone.blank(lengths))


@contextmanager
def _without_gradients(module: nn.Module) -> Iterator[None]:
    """Take no gradient of any parameter inside the block: the counter of FLOPs would follow those that are inputs."""
    trained = [weight for weight in module.parameters() if weight.requires_grad]
    for weight in trained:
        weight.requires_grad_(False)
    try:
        yield
    finally:
        for weight in trained:
            weight.requires_grad_(True)


def _boundary(calls: Calls, depth: int, lengths: Sequence[int], *, keep_lookups: bool) -> Boundary:
    entry = min(
        (name for name in calls.blocks[depth] if name in calls.by_name),
        key=lambda name: calls.by_name[name].place,
    )
    state = calls.by_name[entry].read
    place = calls.by_name[entry].place
    names = [*calls.below, *calls.between, *(name for block in calls.blocks[:depth] for name in block)]
    below = []
    for name in names:
        call = calls.by_name.get(name)
        if call is None or call.place > place:
            continue
        looks_up = not call.read.is_floating_point()
        wrapped = len(call.gave) if isinstance(call.gave, tuple) else 0
        if wrapped and name in calls.between:
            continue  # rotary embeddings: read by every block
        gives = call.gave[0] if wrapped else call.gave
        # What is looked up token by token becomes the state; what is looked up otherwise is a bias of every block.
        if looks_up and (keep_lookups or gives.shape[:2] != state.shape[:2]):
            continue
        dtype = gives.dtype if looks_up else None
        below.append(StandIn(name, tuple(call.read.shape), tuple(gives.shape), dtype, wrapped))
    by_token = state.dim() == 3 and state.shape[1] == max(lengths)
    last = (
        state.dim() == 4
        and state.is_contiguous(memory_format=torch.channels_last)
        and not state.is_contiguous()
    )
    row = state.permute(0, 2, 3, 1).shape[1:] if last else state.shape[2 if by_token else 1 :]
    return Boundary(depth, entry, tuple(below), by_token, tuple(row), last, 0.0)


def _counted(
    backbone: Backbone, boundary: Boundary, batch: dict[str, torch.Tensor]
) -> tuple[Boundary, torch.Tensor]:
    """Return a boundary with the FLOPs of reaching it, and the state of a batch there."""
    with FlopCounterMode(display=False) as counter:
        (state,) = states_at(backbone, [boundary], batch)
    rows = state.shape[0] * (state.shape[1] if boundary.by_token else 1)
    return replace(boundary, flops=counter.get_total_flops() / rows), state


def _agree(resumed: torch.Tensor, expected: torch.Tensor) -> bool:
    if resumed.shape != expected.shape or not bool(torch.isfinite(resumed).all()):
        return False
    scale = max(float(expected.abs().max()), 1e-12)
    return float((resumed - expected).abs().max()) <= TOLERANCE * scale
