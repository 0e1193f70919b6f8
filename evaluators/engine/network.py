"""What is trained: a trunk with a linear head, and which of its parts are active."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional

from evaluators.backbones.backbone import Backbone


@dataclass(frozen=True, eq=False)
class Network:
    """A backbone and a linear head.

    Attributes:
        backbone: The trunk.
        head: (width) to (classes) logits.
        active: Parts of the trunk that are trained: dropout and BatchNorm are active in these only.
    """

    backbone: Backbone
    head: nn.Linear
    active: tuple[nn.Module, ...]

    def logits(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return (batch, classes) logits."""
        features = self.backbone.features(batch)
        # Brings every base's features to one scale, unit-norm ones too, so that one head rate serves all.
        scores: torch.Tensor = self.head(functional.layer_norm(features, features.shape[-1:]))
        return scores

    def trained(self) -> list[tuple[str, nn.Parameter]]:
        """Return the trained parameters of the trunk by name, then the head's as `head.`."""
        trunk = [(f"trunk.{name}", weight) for name, weight in self.backbone.module.named_parameters()]
        head = [(f"head.{name}", weight) for name, weight in self.head.named_parameters()]
        return [(name, weight) for name, weight in trunk + head if weight.requires_grad]

    def train(self) -> None:
        """Put what is trained into training mode, and everything else into evaluation mode."""
        self.eval()
        for part in (*self.active, self.head):
            part.train()

    def eval(self) -> None:
        """Put everything into evaluation mode."""
        self.backbone.module.eval()
        self.head.eval()
