"""Image backbones: a timm network from a verified folder to one vector an image.

In: an `ImageInput` (size, crop, normalisation, pooling) and a folder with timm's `config.json` and
`model.safetensors`. Out: an `ImageBackbone`. Nothing of the folder is executed: the architecture must be one of
timm's own, weights are read by safetensors, and arguments that would make timm read other files are refused.
Preprocessing is what timm does for evaluation, without augmentation; its result is kept as bytes.
"""

from __future__ import annotations

import inspect
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import timm
import torch
from PIL import Image as Pillow
from safetensors.torch import load_file
from timm.models import group_parameters
from torch import nn

from evaluators.backbones.backbone import Prepared
from evaluators.candidate import ImageInput
from evaluators.data.samples import Image, Samples
from evaluators.errors import IntegrityError, InvalidDocument

_RESAMPLING = {
    "nearest": Pillow.Resampling.NEAREST,
    "bilinear": Pillow.Resampling.BILINEAR,
    "bicubic": Pillow.Resampling.BICUBIC,
}


class ImageBackbone:
    """An image trunk; see `evaluators.backbones.backbone.Backbone`.

    Attributes:
        module: The trunk without its classifier, in evaluation mode.
        width: Length of the feature vector.
    """

    def __init__(self, module: Any, spec: ImageInput) -> None:
        self.module: nn.Module = module
        # Some networks (MobileNetV3) put a layer after the pooling that widens the features.
        pooled = getattr(module, "head_hidden_size", None) or module.num_features
        self.width = int(pooled if spec.pooling == "model" else module.num_features)
        self._spec = spec
        self._mean = torch.tensor(_per_channel(spec.mean, spec)).view(1, -1, 1, 1)
        self._std = torch.tensor(_per_channel(spec.std, spec)).view(1, -1, 1, 1)
        # oneDNN runs convnets a third faster with channels innermost; attention and ConvNeXt gain nothing.
        convolutional = any(isinstance(layer, nn.BatchNorm2d) for layer in self.module.modules())
        self._layout = torch.channels_last if convolutional else torch.contiguous_format
        self.module.to(memory_format=self._layout)

    def prepare(self, samples: Samples) -> Prepared:
        """Resize and crop once; one uint8 tensor (channels, size, size) an image, a quarter of its floats."""
        return [_to_bytes(image, self._spec) for image in samples.images]

    def length(self, prepared: Prepared) -> list[int]:
        """Return 1 for every image: all have one size."""
        return [1] * len(prepared)

    def batch(self, prepared: Prepared, indices: Sequence[int]) -> dict[str, torch.Tensor]:
        """Stack and normalise.

        Returns:
            `pixels`, (batch, channels, size, size) float32, on the backbone's device.
        """
        device = next(self.module.parameters()).device
        pixels = torch.stack([prepared[index] for index in indices]).to(device).float().div_(255)
        pixels.sub_(self._mean.to(device)).div_(self._std.to(device))
        return {"pixels": pixels.to(memory_format=self._layout)}

    def blank(self, lengths: Sequence[int]) -> dict[str, torch.Tensor]:
        """Return a batch of black images that takes no memory."""
        spec = self._spec
        pixel = torch.zeros((), device=next(self.module.parameters()).device)
        return {"pixels": pixel.expand(len(lengths), spec.channels, spec.size, spec.size)}

    def features(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        """Return pooled features (batch, width) in float32, differentiable."""
        pixels = batch["pixels"].to(next(self.module.parameters()).dtype)
        if self._spec.pooling == "model":
            pooled = self.module(pixels)
        else:
            network: Any = self.module
            pooled = _pool(network.forward_features(pixels), network, self._spec.pooling)
        pooled = pooled.float()
        return nn.functional.normalize(pooled, dim=-1) if self._spec.normalize else pooled

    def pool_block(self, hidden: torch.Tensor, _batch: dict[str, torch.Tensor], /) -> torch.Tensor:
        """Average a map, or tokens; of tokens the first, where the card pools by it."""
        if hidden.dim() == 4:
            # timm says so of the few networks with channels last.
            innermost = str(getattr(self.module, "output_fmt", "NCHW")) == "NHWC"
            return hidden.float().mean(dim=(1, 2) if innermost else (2, 3))
        pooling = "cls" if self._spec.pooling == "cls" else "mean"
        return _pool(hidden.float(), self.module, pooling)

    def rows_read(self, prepared: Prepared) -> None:
        """Return None: an image network has no table."""

    def blocks(self) -> list[nn.Module]:
        """Return [stem, block..., final norms] after timm's own groups; the last is empty where there are none."""
        return _cut(self.module)

    def adapter_targets(self) -> list[str]:
        """Return the names of all linear layers and convolutions but grouped ones, which have no low rank."""
        return [
            name
            for name, layer in self.module.named_modules()
            if isinstance(layer, nn.Linear) or (isinstance(layer, nn.Conv2d) and layer.groups == 1)
        ]


def load_image(spec: ImageInput, folder: Path, *, pretrained: bool) -> ImageBackbone:
    """Load an image backbone on the CPU, in evaluation mode.

    Args:
        spec: How an image becomes a tensor, and the tensor one vector.
        folder: Verified files: config.json, and model.safetensors if `pretrained`.
        pretrained: False gives the same architecture from a random initialisation (torch's global generator).

    Raises:
        InvalidDocument: If config.json names no architecture of timm, or the pooling does not exist for it.
        IntegrityError: If config.json would make timm read other files, or the weights do not fill the model.
    """
    if spec.pooling == "last":
        raise InvalidDocument(
            f"{folder}: pooling 'last' is for causal language models", hint="use model, mean or cls"
        )
    config = _read_config(folder)
    arguments = {key: value for key, value in config.get("model_args", {}).items() if key != "num_classes"}
    refused = sorted(set(arguments) & set(inspect.signature(timm.create_model).parameters))
    if refused:
        raise IntegrityError(f"{folder}/config.json: model_args may not set {', '.join(refused)}")
    # timm initialises even what it is about to overwrite; only an untrained network may draw from the generator.
    with torch.random.fork_rng(devices=[], enabled=pretrained):
        module = timm.create_model(
            config["architecture"],
            pretrained=False,  # or timm would choose the file, and could choose a pickle
            pretrained_cfg=config.get("pretrained_cfg"),
            num_classes=0,
            **arguments,
        )
    if pretrained:
        _fill(module, folder, config)
    return ImageBackbone(module.eval(), spec)


def _read_config(folder: Path) -> dict[str, Any]:
    config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    architecture = config.get("architecture")
    # is_model also keeps out `hf-hub:` and `local-dir:` names, which lead to other files.
    if not isinstance(architecture, str) or not timm.is_model(architecture):
        raise InvalidDocument(
            f"{folder}/config.json: {architecture!r} is no architecture of timm {timm.__version__}"
        )
    return config


def _fill(module: nn.Module, folder: Path, config: dict[str, Any]) -> None:
    """Load the weights; only those of the classifier that the trunk does not have may be left over."""
    weights, wanted = load_file(folder / "model.safetensors"), module.state_dict()
    classifier = config.get("pretrained_cfg", {}).get("classifier") or ()
    heads = (classifier,) if isinstance(classifier, str) else tuple(classifier)
    for name in set(weights) - set(wanted):
        if name.startswith(tuple(f"{head}." for head in heads)):
            del weights[name]
    shapes = {name: tensor.shape for name, tensor in weights.items()}
    wrong = sorted(set(shapes.items()) ^ {(name, tensor.shape) for name, tensor in wanted.items()})
    if wrong:
        names = ", ".join(dict.fromkeys(name for name, _ in wrong[:4]))
        raise IntegrityError(f"{folder}: the weights do not fill {config['architecture']}: {names}")
    module.load_state_dict(weights)


def _per_channel(values: Sequence[float], spec: ImageInput) -> list[float]:
    return list(values) if len(values) == spec.channels else [values[0]] * spec.channels


def _to_bytes(image: Image, spec: ImageInput) -> torch.Tensor:
    """Resize the shorter side, crop the centre; (channels, size, size) uint8."""
    picture = Pillow.fromarray(image)
    if spec.channels == 1:
        picture = picture.convert("L")
    shorter, target = min(picture.size), math.floor(spec.size / spec.crop)
    scaled = (int(target * picture.width / shorter), int(target * picture.height / shorter))
    picture = picture.resize(scaled, _RESAMPLING[spec.interpolation])
    left, top = round((scaled[0] - spec.size) / 2), round((scaled[1] - spec.size) / 2)
    picture = picture.crop((left, top, left + spec.size, top + spec.size))
    pixels = np.asarray(picture).reshape(spec.size, spec.size, spec.channels)
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1)))


def _pool(hidden: torch.Tensor, module: Any, pooling: str) -> torch.Tensor:
    """Pool tokens (batch, tokens, width) or a map, (batch, width, h, w) or (batch, h, w, width)."""
    if hidden.dim() == 3:
        first = int(getattr(module, "num_prefix_tokens", 0))
        return hidden[:, 0] if pooling == "cls" else hidden[:, first:].mean(dim=1)
    if pooling == "cls":
        raise InvalidDocument(f"{type(module).__name__} has no class token", hint="use pooling model or mean")
    return hidden.mean(dim=(1, 2) if hidden.shape[-1] == module.num_features else (2, 3))


def _cut(module: Any) -> list[nn.Module]:
    """Collect, for each of timm's parameter groups, the largest parts of the network that lie inside it."""
    group_of = group_parameters(module, module.group_matcher(coarse=False), reverse=True)
    parts: dict[int, nn.ModuleList] = {}
    open_parts: list[tuple[str, nn.Module]] = list(module.named_children())
    while open_parts:
        name, part = open_parts.pop(0)
        groups = {group_of[f"{name}.{weight}"] for weight, _ in part.named_parameters()}
        if len(groups) == 1:
            parts.setdefault(groups.pop(), nn.ModuleList()).append(part)
        else:
            open_parts = [(f"{name}.{child}", inner) for child, inner in part.named_children()] + open_parts
    ordered = [list(parts[number]) for number in sorted(parts)]
    # timm counts a final norm to the last block, or as a group of its own.
    top = [part for part in ordered[-1] if all(weight.dim() <= 1 for weight in part.parameters())]
    ordered[-1] = [part for part in ordered[-1] if part not in top]
    return [*(nn.ModuleList(group) for group in ordered if group), nn.ModuleList(top)]
