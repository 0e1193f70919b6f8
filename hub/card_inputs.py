"""How inputs reach a model, as its own files say it: the `input` lines of a drafted card. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evaluators.errors import InvalidDocument
from evaluators.names import printable
from hub.yaml_text import yaml_text

_MOST_TOKENS = 512
_POOLINGS = {"cls": "cls", "mean": "mean", "lasttoken": "last"}


def text_lines(documents: Mapping[str, Any], *, causal: bool) -> str:
    """Return the lines for a text model.

    Args:
        documents: Parsed JSON files, by name.
        causal: Whether it is a causal language model.
    """
    config, tokenizer = _object(documents, "config.json"), _object(documents, "tokenizer_config.json")
    known = [
        _object(documents, "sentence_bert_config.json").get("max_seq_length"),
        tokenizer.get("model_max_length"),
        config.get("max_position_embeddings"),
    ]
    lengths = [value for value in known if type(value) is int and 0 < value < 1_000_000]
    said = list(_said(_object(documents, "1_Pooling/config.json")))
    kind = _POOLINGS.get(said[0], "mean") if said else "last" if causal else "mean"
    guess = ""
    if not said:
        guess = "  # a guess: the files do not say it"
    elif len(said) > 1 or said[0] not in _POOLINGS:
        guess = f"  # TODO: its files say {printable('+'.join(said))}, which is not known here"
    modules = documents.get("modules.json")
    normalised = isinstance(modules, list) and any(
        str(row.get("type", "")).endswith("Normalize") for row in modules if isinstance(row, dict)
    )
    prompt = _prompt(_object(documents, "config_sentence_transformers.json"))
    return (
        f"  modality: text\n  max_tokens: {min([*lengths, _MOST_TOKENS])}\n  pooling: {kind}{guess}\n"
        f"  normalize: {str(normalised).lower()}\n" + (f"  prompt: {yaml_text(prompt)}\n" if prompt else "")
    )


def image_lines(config: Mapping[str, Any]) -> str:
    """Return the lines for a timm network.

    Raises:
        InvalidDocument: If its configuration has something else where numbers belong.
    """
    published = config.get("pretrained_cfg")
    facts = published if isinstance(published, dict) else {}
    channels, size = _size(facts.get("input_size") or [3, 224, 224])
    mean = _numbers("mean", facts.get("mean") or [0.485, 0.456, 0.406])
    std = _numbers("std", facts.get("std") or [0.229, 0.224, 0.225])
    crop = _numbers("crop_pct", [facts.get("crop_pct") or 1.0])[0]
    interpolation = facts.get("interpolation")
    return (
        f"  modality: image\n  size: {size}\n  channels: {channels}\n  mean: {mean}\n"
        f"  std: {std}\n"
        f"  interpolation: {interpolation if interpolation in ('nearest', 'bilinear', 'bicubic') else 'bicubic'}\n"
        f"  crop: {crop}\n  pooling: model\n"
    )


def _size(value: Any) -> tuple[int, int]:
    """Return channels and height of timm's `input_size`."""
    if not isinstance(value, list) or len(value) != 3 or any(type(row) is not int for row in value):
        raise _unreadable("input_size", "three whole numbers: channels, height, width")
    return value[0], value[1]


def _numbers(name: str, value: Any) -> list[float]:
    # Compared, not converted: JSON may hold NaN, and integers that no float holds.
    if not isinstance(value, list) or not all(type(row) in (int, float) and abs(row) < 1e6 for row in value):
        raise _unreadable(name, "numbers")
    return [float(row) for row in value]


def _unreadable(name: str, wanted: str) -> InvalidDocument:
    return InvalidDocument(
        f"config.json: pretrained_cfg.{name} should be {wanted}",
        hint="is it a configuration that timm wrote?",
    )


def _said(pooling: Mapping[str, Any]) -> Iterator[str]:
    """Yield the poolings that a SentenceTransformer names: one word since version 6, a flag for each before."""
    if isinstance(pooling.get("pooling_mode"), str):
        yield pooling["pooling_mode"]
        return
    for key, value in pooling.items():
        if key.startswith("pooling_mode_") and value is True:
            yield {"cls_token": "cls", "mean_tokens": "mean"}.get(key[13:], key[13:])


def _prompt(config: Mapping[str, Any]) -> str:
    """Return what a SentenceTransformer puts before every text unless it is told otherwise; "" if nothing."""
    prompts, default = config.get("prompts"), config.get("default_prompt_name")
    found = prompts.get(default) if isinstance(prompts, dict) and isinstance(default, str) else None
    return found if isinstance(found, str) else ""


def _object(documents: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = documents.get(name)
    return found if isinstance(found, dict) else {}
