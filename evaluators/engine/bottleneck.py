"""Bottleneck adapters: small residual networks behind the attention and behind every block, and a head.

In: a job with raw samples and a way to a fresh backbone. Out: a `Classifier` that saves the adapters and the head.
Two a transformer block, as Houlsby et al. (arXiv 1902.00751); a block without attention, as in a convolutional network,
has one. Written here because the library of the field binds itself to classes of transformers and knows no timm.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import nn

from evaluators.backbones.backbone import Backbone
from evaluators.engine.classifier import Classifier
from evaluators.engine.finetuning import fit_network
from evaluators.engine.job import FitJob
from evaluators.protocol import SettingValue


def fit_bottleneck(job: FitJob) -> Classifier:
    """Train bottleneck adapters and a head.

    Settings beside those of training: `bottleneck`, the width of an adapter, at most that of what it stands behind.
    """
    return fit_network(job, "bottleneck", lambda backbone: add_bottlenecks(backbone, job.settings))


class Bottleneck(nn.Module):
    """Adds to its input what a narrow two-layer network makes of it; starts as the identity.

    Attributes:
        down: (width) to (narrow).
        up: (narrow) to (width), zero at the start.
    """

    def __init__(self, width: int, narrow: int, channels: int) -> None:
        """Initialise.

        Args:
            width: Size of the input along its axis of channels.
            narrow: Width in between.
            channels: The axis of channels: 1 of a map (batch, channels, height, width), else -1.
        """
        super().__init__()
        self.down = nn.Linear(width, narrow)
        self.up = nn.Linear(narrow, width)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)
        self._channels = channels

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return hidden states of the same shape."""
        last = hidden.movedim(self._channels, -1)
        change: torch.Tensor = self.up(torch.relu(self.down(last)))
        return hidden + change.movedim(-1, self._channels)


def add_bottlenecks(backbone: Backbone, settings: Mapping[str, SettingValue]) -> tuple[nn.Module, ...]:
    """Put adapters into a backbone, in place.

    Args:
        backbone: Fresh; its own parameters become frozen.
        settings: `bottleneck`.

    Returns:
        Nothing: no part of an adapter has a mode.
    """
    module = backbone.module
    module.requires_grad_(False)
    device = next(module.parameters()).device
    # Beside the blocks and not inside: a block that is a Sequential would run what is added to it.
    module.bottlenecks = nn.ModuleList()
    for place, shape in _places(backbone).items():
        channels = 1 if len(shape) == 4 and getattr(module, "output_fmt", "NCHW") != "NHWC" else -1
        width = shape[channels]
        adapter = Bottleneck(width, min(int(settings["bottleneck"]), width), channels).to(device)
        module.bottlenecks.append(adapter)
        _follow(place, adapter)
    return ()


def _places(backbone: Backbone) -> dict[nn.Module, torch.Size]:
    """Return the modules that an adapter stands behind, in the order in which they run, and the shapes they return."""
    shapes: dict[nn.Module, torch.Size] = {}

    def look(part: nn.Module, _inputs: Any, output: Any) -> None:
        shapes[part] = _first(output).shape

    _, *blocks, _ = backbone.blocks()
    attentions = [part for block in blocks for part in _attentions(block)]
    # timm's groups are lists of parts, of which the last that runs gives the block's output.
    parts = [list(block) if isinstance(block, nn.ModuleList) else [block] for block in blocks]
    watched = [*attentions, *(part for group in parts for part in group)]
    handles = [part.register_forward_hook(look) for part in watched]
    try:
        with torch.no_grad():
            backbone.features(backbone.blank([1]))
    finally:
        for handle in handles:
            handle.remove()
    order = list(shapes)
    ends = {max((part for part in group if part in shapes), key=order.index) for group in parts}
    return {part: shape for part, shape in shapes.items() if part in ends or part in attentions}


def _attentions(block: nn.Module) -> Iterator[nn.Module]:
    """Yield the attention of a block, from outside: what its own parts are called does not matter."""
    for part in block.children():
        if "attention" in type(part).__name__.lower():
            yield part
        else:
            yield from _attentions(part)


def _follow(place: nn.Module, adapter: Bottleneck) -> None:
    """Let an adapter change what a module returns: hidden states, or a tuple that begins with them."""

    def adapt(_part: nn.Module, _inputs: Any, output: Any) -> Any:
        changed = adapter(_first(output))
        return (changed, *output[1:]) if isinstance(output, tuple) else changed

    place.register_forward_hook(adapt)


def _first(output: Any) -> torch.Tensor:
    hidden: torch.Tensor = output[0] if isinstance(output, tuple) else output
    return hidden
