"""Reads a model's structure from its configuration and the headers of its weights, without torch.

In: files of a model, its library and input. Out: a `Structure` for the lock: what `hub plan` needs to say what a cell
costs before anything is loaded. Parameters and blocks are counted exactly. FLOPs of transformers follow from the
parameters (two a parameter and token, and the attention of every layer); of convolutional networks they are estimated
from the names of the stages: within a few per cent for those that halve by stage (ResNet, ConvNeXt), an order of
magnitude off for others (EfficientNet). `hub catalog lock` replaces the estimate by a count where torch is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from evaluators.candidate import TEXT_TOKENS, ImageInput, Input, Library, Structure
from evaluators.errors import InvalidDocument
from hub.file_formats import read_json
from hub.safetensors_file import Tensor, read_tensors

_WIDTH = ("hidden_size", "d_model", "n_embd", "dim")
_LAYERS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
# Not run for features: heads for pre-training tasks, and the pooler on the first token.
_HEADS = re.compile(r"(^|\.)(lm_head|cls|pooler|classifier|decoder|vocab_\w+)\.")
_BUFFERS = (".running_mean", ".running_var", ".num_batches_tracked", "position_ids")
_TIMM_BLOCK = re.compile(
    r"^(?P<block>layer\d+\.\d+|stages?[._]\d+\.blocks\.\d+|blocks\.\d+\.\d+|blocks\.\d+|layers?\.\d+\.blocks\.\d+)\."
)
_TIMM_STAGE = re.compile(r"^(layer|stages?[._]|blocks\.|layers?\.)(?P<stage>\d+)")


def read_structure(library: Library, accepts: Input, files: Mapping[str, Path]) -> Structure:
    """Return the structure of a model.

    Args:
        library: What loads it.
        accepts: How inputs reach it; the size of an image matters.
        files: Where the bytes of each file are, by its path inside the model. They have been admitted.

    Raises:
        InvalidDocument: If its configuration does not say what is needed.
    """
    config = _config(files)
    tensors = [
        t for name in sorted(files) if name.endswith(".safetensors") for t in read_tensors(files[name])
    ]
    weights = [t for t in tensors if t.is_float and not t.name.endswith(_BUFFERS)]
    if library == "timm":
        return _of_timm(config, accepts, weights)
    return _of_transformers(config, accepts, weights)


def _config(files: Mapping[str, Path]) -> dict[str, Any]:
    config = read_json(files["config.json"])
    if not isinstance(config, dict):
        raise InvalidDocument("config.json is not a mapping of settings")
    return config


def _of_transformers(config: dict[str, Any], accepts: Input, weights: list[Tensor]) -> Structure:
    # A model of several parts keeps the text part's numbers one level down.
    numbers = (
        {**config.get("text_config", {}), **config} if isinstance(config.get("text_config"), dict) else config
    )
    width, layers = _number(numbers, _WIDTH), _number(numbers, _LAYERS)
    trunk = [t for t in weights if not _HEADS.search(t.name) and not _is_embedding(t)]
    tokens = _tokens(config, accepts)
    named = config.get("architectures")
    return Structure(
        architecture=str(
            named[0] if isinstance(named, list) and named else config.get("model_type", "unknown")
        ),
        parameters=_count(weights),
        width=width,
        blocks=layers,
        flops_per_input=_transformer_flops(_count(trunk), layers, width, tokens),
    )


def _of_timm(config: dict[str, Any], accepts: Input, weights: list[Tensor]) -> Structure:
    blocks = {match["block"] for tensor in weights if (match := _TIMM_BLOCK.match(tensor.name))}
    width = _number(config, ("num_features",))
    if not isinstance(accepts, ImageInput):
        raise InvalidDocument("a timm model takes images, but its card describes text")
    patches = next((t for t in weights if t.name == "patch_embed.proj.weight" and len(t.shape) == 4), None)
    if patches is not None:
        tokens = (accepts.size // patches.shape[-1]) ** 2
        trunk = [tensor for tensor in weights if tensor.name.startswith("blocks.")]
        flops = _transformer_flops(_count(trunk), len(blocks), width, tokens) + 2 * patches.elements * tokens
    else:
        flops = _convolution_flops(weights, accepts.size)
    return Structure(
        architecture=str(config.get("architecture", "unknown")),
        parameters=_count(weights),
        width=width,
        blocks=max(1, len(blocks)),
        flops_per_input=max(1, flops),
    )


def _transformer_flops(parameters: int, layers: int, width: int, tokens: int) -> int:
    """Return the usual estimate of one forward pass: two a parameter and token, and attention."""
    return max(1, 2 * parameters * tokens + 4 * layers * tokens**2 * width)


def _convolution_flops(weights: Iterable[Tensor], size: int) -> int:
    """Estimate one forward pass: every kernel runs once a pixel of its stage, a quarter of the one before."""
    total = 0
    for tensor in weights:
        if len(tensor.shape) not in (2, 4) or tensor.name.startswith(("fc.", "head.", "classifier.")):
            continue
        match = _TIMM_STAGE.match(tensor.name)
        # Stages count from one in `layer1` and from zero elsewhere; the first one sees a quarter of the side.
        stage = int(match["stage"]) - tensor.name.startswith("layer") if match else -1
        side = max(1, size // 2 ** (stage + 2))
        total += 2 * tensor.elements * side**2
    return total


def _is_embedding(tensor: Tensor) -> bool:
    """Whether a tensor is looked up, not multiplied."""
    return len(tensor.shape) == 2 and bool(re.search(r"embed|(^|\.)w[tp]e\.|shared\.", tensor.name))


def _tokens(config: dict[str, Any], accepts: Input) -> int:
    if not isinstance(accepts, ImageInput):
        return min(TEXT_TOKENS, accepts.max_tokens)
    return (accepts.size // _number(config, ("patch_size",))) ** 2 + 1


def _count(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.elements for tensor in tensors)


def _number(config: Mapping[str, Any], names: tuple[str, ...]) -> int:
    for name in names:
        value = config.get(name)
        if type(value) is int and value > 0:
            return value
    raise InvalidDocument(
        f"config.json has no whole number for {' or '.join(names)}",
        hint="is `library` of the card right, and is this the model's own config.json?",
    )
