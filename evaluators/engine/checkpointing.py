"""Gradient checkpointing: the blocks of a trunk keep their inputs only, and are computed again in the backward pass.

The libraries' own switches differ: some work in training mode only, and none of them knows of our dropout streams, nor
that BatchNorm must not count a batch twice. So torch's checkpoint is put around each block from outside.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from evaluators.engine.streams import DropoutStreams


@contextmanager
def recomputed(blocks: Sequence[nn.Module], streams: DropoutStreams | None) -> Iterator[None]:
    """Inside, each block is computed again in the backward pass, with the same dropout.

    Args:
        blocks: As `Backbone.blocks` gives them: modules, or lists of modules.
        streams: The streams that the forward pass draws from, if any.
    """
    parts = [part for block in blocks for part in (block if isinstance(block, nn.ModuleList) else [block])]
    for part in parts:
        contexts = functools.partial(_contexts, part, streams)
        part.forward = functools.partial(checkpoint, part.forward, use_reentrant=False, context_fn=contexts)
    try:
        yield
    finally:
        for part in parts:
            del part.forward  # the instance's; the class's shows again


def _contexts(part: nn.Module, streams: DropoutStreams | None) -> tuple[Any, Any]:
    """Return the contexts of the forward pass and of the second one."""
    again: Callable[[], Any] = streams.recomputation() if streams else nullcontext
    return nullcontext(), _second_pass(part, again)


@contextmanager
def _second_pass(part: nn.Module, streams: Callable[[], Any]) -> Iterator[None]:
    """Draw the same masks, and leave the statistics of BatchNorm as the first pass left them."""
    norms = [layer for layer in part.modules() if isinstance(layer, _BatchNorm) and layer.training]
    before = [(layer.momentum, layer.num_batches_tracked) for layer in norms]
    with ExitStack() as stack:
        stack.enter_context(streams())
        for layer, (_, counted) in zip(norms, before, strict=True):
            layer.momentum = 0.0
            layer.num_batches_tracked = None if counted is None else counted.clone()
        try:
            yield
        finally:
            for layer, (momentum, counted) in zip(norms, before, strict=True):
                layer.momentum, layer.num_batches_tracked = momentum, counted
