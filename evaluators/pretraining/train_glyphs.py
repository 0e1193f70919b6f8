"""Trains the in-house glyph base and writes its folder: what `catalog/data/glyph-resnet` was made with.

In: the name of a recipe of `glyphs.RECIPES`. Out: a folder with `model.safetensors` (the backbone; the
classifier of the 62 characters is thrown away) and `config.json` in the form that timm (`local-dir:DIR`) and
transformers (`AutoModel`) both load. Invariants: one recipe gives the same bytes on one machine and package
set; `config.json` says nothing of the recipe, because two bases of one architecture differ by their weights
only.

    python -m evaluators.pretraining.train_glyphs --recipe good --into catalog/data/glyph-resnet
    python -m evaluators.pretraining.train_glyphs --recipe plain --into catalog/data/glyph-resnet-plain

About three minutes each on 2 idle CPU cores.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from safetensors.torch import save
from timm.optim import create_optimizer_v2
from timm.utils import AverageMeter, accuracy
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.lr_scheduler import OneCycleLR

from evaluators.pretraining.glyphs import CHARACTERS, RECIPES, SHOWN, GlyphRecipe, draw_glyphs

ARCHITECTURE = "test_resnet"  # 0.37 M parameters, the smallest convolutional network of timm
MEAN, STD = 0.5, 0.5

# Without model_args: transformers passes num_classes=0 itself and would pass it twice. Without a tag or an
# address: timm would take the base for its own, trained on ImageNet.
CONFIG = {
    "architecture": ARCHITECTURE,
    "num_classes": 0,
    "num_features": 96,
    "global_pool": "avg",
    "pretrained_cfg": {
        "architecture": ARCHITECTURE,
        "num_classes": 0,
        "custom_load": False,
        "input_size": [3, SHOWN, SHOWN],
        "fixed_input_size": False,
        "interpolation": "bilinear",
        "crop_pct": 1.0,
        "crop_mode": "center",
        "mean": [MEAN] * 3,
        "std": [STD] * 3,
        "pool_size": [1, 1],
        "first_conv": "conv1.0",
        "classifier": "fc",
        "license": "apache-2.0",
    },
}


@dataclass(frozen=True)
class Epoch:
    """What one pass over the images came to: means over its batches, measured before each step."""

    number: int
    loss: float
    accuracy_percent: float
    seconds: float


def to_pixels(images: NDArray[np.uint8]) -> Tensor:
    """Normalize grey images as `config.json` describes.

    Args:
        images: Shape (batch, height, width), 0 to 255.

    Returns:
        (batch, 3, height, width) float32 in -1 to 1, the grey value in each channel.
    """
    scaled = (torch.from_numpy(images).float() / 255 - MEAN) / STD
    return scaled.unsqueeze(1).repeat(1, 3, 1, 1).to(memory_format=torch.channels_last)


def new_model(recipe: GlyphRecipe) -> nn.Module:
    """Build the untrained network with a classifier of the 62 characters, initialized from the seed."""
    torch.manual_seed(recipe.seed)
    model: nn.Module = timm.create_model(ARCHITECTURE, pretrained=False, num_classes=len(CHARACTERS))
    # Channels innermost: oneDNN is measurably faster so on images this small.
    return model.to(memory_format=torch.channels_last)


def train(
    model: nn.Module, images: NDArray[np.uint8], labels: NDArray[np.int64], recipe: GlyphRecipe
) -> Iterator[Epoch]:
    """Train in place, one epoch for each value taken from the iterator.

    Args:
        model: Maps (batch, 3, 32, 32) to logits (batch, 62).
        images: Shape (images, 32, 32), as `draw_glyphs` gives them.
        labels: Shape (images,), indices into `CHARACTERS`.
        recipe: Epochs, batch, learning rate and seed.

    Yields:
        The summary of each epoch.
    """
    rng = np.random.default_rng(recipe.seed)
    steps = len(images) // recipe.batch  # the last few images of an order wait for the next one
    optimizer = create_optimizer_v2(model, opt="adamw", lr=recipe.max_lr, weight_decay=recipe.weight_decay)
    schedule = OneCycleLR(optimizer, recipe.max_lr, total_steps=steps * recipe.epochs)
    model.train()
    for number in range(1, recipe.epochs + 1):
        began = time.perf_counter()
        losses, accuracies = AverageMeter(), AverageMeter()
        order = rng.permutation(len(images))[: steps * recipe.batch]
        for batch in order.reshape(steps, recipe.batch):
            targets = torch.from_numpy(labels[batch])
            logits = model(to_pixels(images[batch]))
            loss = functional.cross_entropy(logits, targets)
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            losses.update(loss.item())
            accuracies.update(accuracy(logits, targets)[0].item())
        yield Epoch(number, losses.avg, accuracies.avg, time.perf_counter() - began)


def save_base(model: nn.Module, into: Path) -> None:
    """Write the backbone's weights and `config.json` into a folder, which is made where it is missing.

    Args:
        model: The trained network; its classifier is not written.
        into: The folder of the base.
    """
    into.mkdir(parents=True, exist_ok=True)
    backbone = {
        name: tensor.contiguous()
        for name, tensor in model.state_dict().items()
        if not name.startswith("fc.")  # a head of 62 characters would only be a warning at every loading
    }
    # Not save_file: that makes a file which only its owner may read, and a base is there to be shared.
    (into / "model.safetensors").write_bytes(save(backbone, metadata={"format": "pt"}))
    (into / "config.json").write_text(json.dumps(CONFIG, indent=2) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line.

    Args:
        arguments: Instead of the process's own.
    """
    parser = argparse.ArgumentParser(description="Train an in-house glyph base and write its folder.")
    parser.add_argument("--recipe", choices=RECIPES, required=True, help="which recipe to train")
    parser.add_argument("--into", type=Path, required=True, metavar="DIR", help="folder of the base")
    options = parser.parse_args(arguments)
    recipe = RECIPES[options.recipe]

    torch.set_num_threads(recipe.threads)
    _say(f"drawing {recipe.images:,} glyphs")
    images, labels = draw_glyphs(recipe)
    model = new_model(recipe)
    _say(f"training {ARCHITECTURE}, {recipe.epochs} epochs; the base will be in {options.into}")
    spent = 0.0
    for epoch in train(model, images, labels, recipe):
        spent += epoch.seconds
        left = spent / epoch.number * (recipe.epochs - epoch.number)
        _say(
            f"epoch {epoch.number}/{recipe.epochs}  loss {epoch.loss:.3f}  "
            f"accuracy {epoch.accuracy_percent:.1f} %  {epoch.seconds:.0f} s, about {left:.0f} s left"
        )
    save_base(model, options.into)
    _say(f"wrote {options.into}")


def _say(line: str) -> None:
    """Show a line of progress: on standard error, which nobody pipes on and nothing buffers."""
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
