"""Pooled taps: what every block of a trunk gives, in the forward pass that also gives its features.

In: a backbone. Out: a function from a batch to one row a sample. Only pooled rows leave the block, so memory does not
grow with the number of blocks. The last tap is the base's own features, which are the last block's after final norms;
so the features of a sample are the last columns of its layers, from the same pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn

from evaluators.backbones.backbone import Backbone

Read = Callable[[dict[str, torch.Tensor]], torch.Tensor]
"""From a batch to rows, (batch, widths side by side) float32."""


@contextmanager
def pooled_layers(backbone: Backbone) -> Iterator[Read]:
    """Yield a function that reads every block: the pooled output of all but the last, bottom-up, then the features.

    Inside the block the trunk has forward hooks; they change nothing of what it computes.

    Args:
        backbone: Any.
    """
    _, *blocks, _ = backbone.blocks()
    outputs: list[torch.Tensor | None] = [None] * (len(blocks) - 1)
    batches: list[dict[str, torch.Tensor]] = []

    def tap(place: int) -> Callable[[nn.Module, Any, Any], None]:
        def keep(_module: nn.Module, _inputs: Any, output: Any) -> None:
            hidden = output[0] if isinstance(output, tuple) else output
            outputs[place] = backbone.pool_block(hidden, batches[-1])

        return keep

    def read(batch: dict[str, torch.Tensor]) -> torch.Tensor:
        batches[:] = [batch]
        outputs[:] = [None] * len(outputs)
        features = backbone.features(batch)
        below = [rows for rows in outputs if rows is not None]
        if len(below) != len(outputs):
            raise ValueError(
                f"{len(outputs) - len(below)} blocks of the trunk were not run, so they give no rows"
            )
        return torch.cat([*below, features], dim=1)

    with ExitStack() as hooks:
        for place, block in enumerate(blocks[:-1]):
            # A block may be a list of parts that has no forward of its own; its last part gives its output.
            last = list(block)[-1] if isinstance(block, nn.ModuleList) else block
            hooks.enter_context(_hooked(last, tap(place)))
        yield read


@contextmanager
def _hooked(module: nn.Module, hook: Callable[[nn.Module, Any, Any], None]) -> Iterator[None]:
    handle = module.register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()
