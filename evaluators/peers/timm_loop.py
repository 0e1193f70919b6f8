"""A timm user's loop: timm's model, transform, optimizer factory and scheduler over torch's DataLoader.

Low-rank updates are peft's. `cached` keeps transformed images; else they are transformed again in every epoch, as
loaders do. `python -m evaluators.peers.timm_loop FOLDER` is one script for one cell, without the cache and with a look
at validation after every epoch; see `script.py`. On a GPU it trains in bf16 autocast.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import timm
import torch
from peft import get_peft_model
from PIL import Image as Pillow
from timm.data import create_transform, resolve_model_data_config
from timm.optim import create_optimizer_v2
from timm.scheduler import CosineLRScheduler
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset

from evaluators.data.samples import FloatArray, IntArray, Samples
from evaluators.engine.recipe import Recipe, recipe_of
from evaluators.peers.cell import PeerCell, PeerResult
from evaluators.peers.lora import lora_config
from evaluators.peers.script import serve
from evaluators.peers.text_network import parameter_groups

_EVAL_BATCH = 128


class Pictures(Dataset[tuple[torch.Tensor, int]]):
    """Images with labels, transformed when they are asked for, or once."""

    def __init__(self, samples: Samples, labels: IntArray | None, transform: Any, cached: bool) -> None:
        self._pictures = [Pillow.fromarray(image) for image in samples.images]
        self._labels = [0] * len(samples) if labels is None else labels.tolist()
        self._transform = transform
        self._tensors = [transform(picture) for picture in self._pictures] if cached else None

    def __len__(self) -> int:
        return len(self._pictures)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        picture = self._tensors[index] if self._tensors else self._transform(self._pictures[index])
        return picture, self._labels[index]


class ImageClassifier(nn.Module):
    """A timm trunk with the head of our cells.

    Attributes:
        sample_forwards: Images that went through the trunk.
    """

    def __init__(self, trunk: Any, classes: int) -> None:
        super().__init__()
        self.trunk: nn.Module = trunk
        self.head = nn.Linear(int(trunk.num_features), classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.sample_forwards = 0

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        self.sample_forwards += len(pixels)
        features = self.trunk(pixels)
        logits: torch.Tensor = self.head(functional.layer_norm(features, features.shape[-1:]))
        return logits


def fit(cell: PeerCell, *, cached: bool = True) -> PeerResult:
    """Train and predict one cell of images."""
    torch.manual_seed(cell.seed)
    recipe = recipe_of(cell.settings)
    trunk = timm.create_model(f"local-dir:{cell.folder}", pretrained=cell.trains != "scratch", num_classes=0)
    transform = create_transform(**resolve_model_data_config(trunk), is_training=False)
    network = ImageClassifier(trunk, cell.classes)
    frozen = _freeze(network, cell)
    network.to(cell.device)
    train = Pictures(cell.train.samples, cell.train.labels, transform, cached)
    seen = Pictures(cell.validation.samples, cell.validation.labels, transform, False)
    steps = recipe.steps(len(train))
    _train(network, frozen, train, recipe, None if cached else seen)
    found = {
        name: _predict(network, Pictures(samples, None, transform, False), cell.classes)
        for name, samples in cell.sets.items()
    }
    return PeerResult(found, steps, {"sample_forwards": network.sample_forwards})


def _freeze(network: ImageClassifier, cell: PeerCell) -> Sequence[nn.Module]:
    """Freeze what the cell does not train; return the parts that stay in evaluation mode."""
    trunk: Any = network.trunk
    if cell.trains == "adapters":
        targets = [
            name
            for name, layer in trunk.named_modules()
            if isinstance(layer, nn.Linear) or (isinstance(layer, nn.Conv2d) and layer.groups == 1)
        ]
        network.trunk = get_peft_model(trunk, lora_config(cell.settings, targets))
        return [network.trunk]
    if cell.trains == "head":
        trunk.requires_grad_(False)
        return [trunk]
    if cell.trains == "upper":
        stages = [trunk.layer1, trunk.layer2, trunk.layer3, trunk.layer4]
        kept = len(stages) - max(1, round(float(cell.settings["trained_share"]) * len(stages)))
        frozen = [trunk.conv1, trunk.bn1, *stages[:kept]]
        for part in frozen:
            part.requires_grad_(False)
        return frozen
    return []


def _train(
    network: ImageClassifier,
    frozen: Sequence[nn.Module],
    train: Pictures,
    recipe: Recipe,
    validation: Pictures | None,
) -> None:
    device = next(network.parameters()).device
    # An epoch in equal parts, as ours: none is too small for BatchNorm.
    size = math.ceil(len(train) / math.ceil(len(train) / recipe.batch_size))
    loader = DataLoader(train, batch_size=size, shuffle=True)
    steps = recipe.steps(len(train))
    warm = round(recipe.warmup * steps)
    optimizer = create_optimizer_v2(
        parameter_groups(network, network.head, recipe), opt="adamw", lr=recipe.learning_rate
    )
    schedule = CosineLRScheduler(
        optimizer,
        t_initial=steps + 1 - warm,
        warmup_t=warm,
        warmup_lr_init=0.0,
        warmup_prefix=True,
        t_in_epochs=False,
    )
    weights = [weight for weight in network.parameters() if weight.requires_grad]
    done = 0
    while done < steps:
        network.train()
        for part in frozen:
            part.eval()
        for pixels, labels in loader:
            schedule.step_update(done + 1)
            optimizer.zero_grad()
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda"):
                logits = network(pixels.to(device))
            loss = functional.cross_entropy(logits.float(), labels.to(device))
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(weights, recipe.clip)
            optimizer.step()
            done += 1
            if done == steps:
                break
        if validation is not None:
            for _ in _batches_of_logits(network, validation):
                pass


def _batches_of_logits(network: ImageClassifier, pictures: Pictures) -> Iterator[torch.Tensor]:
    device = next(network.parameters()).device
    network.eval()
    with torch.inference_mode():
        for pixels, _ in DataLoader(pictures, batch_size=_EVAL_BATCH):
            yield network(pixels.to(device)).float().cpu()


def _predict(network: ImageClassifier, pictures: Pictures, classes: int) -> FloatArray:
    logits = torch.cat(list(_batches_of_logits(network, pictures)))
    found: FloatArray = torch.softmax(logits.reshape(-1, classes), dim=1).numpy()
    return np.asarray(found, dtype=np.float32)


def _as_script(cell: PeerCell) -> PeerResult:
    return fit(cell, cached=False)


if __name__ == "__main__":
    serve(_as_script)
