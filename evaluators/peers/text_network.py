"""The classifier that the peers train on texts: an encoder, pooling, a linear head, written with transformers alone.

It is the network of our cells (mean or first token, features on one scale, a head that starts at zero), so that peer
and harness differ in how they train and not in what.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from peft import get_peft_model
from torch import nn
from torch.nn import functional
from transformers import AutoConfig, AutoModel

from evaluators.candidate import TextInput
from evaluators.engine.recipe import Recipe
from evaluators.peers.cell import PeerCell
from evaluators.peers.lora import lora_config


class TextClassifier(nn.Module):
    """An encoder with a head; `forward` has the signature that `transformers.Trainer` looks for.

    Attributes:
        sample_forwards: Texts that went through the encoder.
        tokens: Their tokens, padding included.
    """

    def __init__(self, encoder: nn.Module, spec: TextInput, classes: int) -> None:
        super().__init__()
        config: Any = encoder.config
        self.encoder = encoder
        self.head = nn.Linear(int(config.hidden_size), classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.sample_forwards = 0
        self.tokens = 0
        self._spec = spec

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        labels: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """Return `logits`, and the `loss` where labels are given."""
        features = self.features(input_ids, attention_mask)
        logits = self.head(functional.layer_norm(features, features.shape[-1:]))
        if labels is None:
            return {"logits": logits}
        return {"loss": functional.cross_entropy(logits, labels), "logits": logits}

    def features(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Return pooled features, (batch, width)."""
        self.sample_forwards += len(input_ids)
        self.tokens += input_ids.numel()
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return self._pooled(hidden, attention_mask)

    def _pooled(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        if self._spec.pooling == "cls":
            pooled = hidden[:, 0]
        else:
            weights = mask.unsqueeze(-1).to(hidden.dtype)
            pooled = (hidden * weights).sum(dim=1) / weights.sum(dim=1)
        return functional.normalize(pooled, dim=-1) if self._spec.normalize else pooled


def text_classifier(cell: PeerCell) -> TextClassifier:
    """Return the network of a cell, with what it does not train frozen by `requires_grad`.

    Raises:
        ValueError: If the cell is not about texts, or its pooling is neither `mean` nor `cls`.
    """
    if not isinstance(cell.input, TextInput) or cell.input.pooling not in ("mean", "cls"):
        raise ValueError("this peer reads texts, pooled by mean or cls")
    network = TextClassifier(encoder_of(cell.folder, cell.trains == "scratch"), cell.input, cell.classes)
    if cell.trains == "head":
        network.encoder.requires_grad_(False)
    if cell.trains == "upper":
        _freeze_lower(network.encoder, float(cell.settings["trained_share"]))
    if cell.trains == "adapters":
        network.encoder = get_peft_model(network.encoder, lora_config(cell.settings, "all-linear"))
    return network


def encoder_of(folder: Path, untrained: bool) -> nn.Module:
    """Load an encoder without its pooler, or make one of the same architecture at random."""
    if untrained:
        encoder: nn.Module = AutoModel.from_config(AutoConfig.from_pretrained(folder))
        encoder.pooler = None  # type: ignore[assignment]  # what add_pooling_layer=False does
        return encoder
    loaded: nn.Module = AutoModel.from_pretrained(folder, add_pooling_layer=False)
    return loaded


def padded_length(folder: Path, wanted: int) -> int:
    """Return how many tokens every text is padded to: `wanted`, or fewer where the base has no more positions."""
    return min(wanted, int(AutoConfig.from_pretrained(folder).max_position_embeddings))


def parameter_groups(network: nn.Module, head: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """Return the trained parameters for AdamW: the head at its own rate, no decay of vectors."""
    inside = {id(weight) for weight in head.parameters()}
    groups: list[dict[str, Any]] = []
    for is_head, rate in ((False, recipe.learning_rate), (True, recipe.learning_rate * recipe.head_rate)):
        for matrices, decay in ((True, recipe.weight_decay), (False, 0.0)):
            chosen = [
                weight
                for weight in network.parameters()
                if weight.requires_grad
                and (id(weight) in inside) is is_head
                and (weight.dim() > 1) is matrices
            ]
            if chosen:
                groups.append({"params": chosen, "lr": rate, "weight_decay": decay})
    return groups


def _freeze_lower(encoder: nn.Module, share: float) -> None:
    parts: Any = encoder
    layers = parts.encoder.layer
    trained = max(1, round(share * len(layers)))
    parts.embeddings.requires_grad_(False)
    for layer in layers[: len(layers) - trained]:
        layer.requires_grad_(False)
