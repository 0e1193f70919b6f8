"""Which files of a place make up a base model: safetensors, configuration, tokenizer; and what is left where it is.

In: the names of files. Out: those that a card lists, or why they make no base model. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from evaluators.errors import InvalidDocument

#: Files that make up a model beside its safetensors; everything else of a repository is left where it is.
KNOWN = frozenset({
    "1_Pooling/config.json", "added_tokens.json", "config.json", "config_sentence_transformers.json", "merges.txt",
    "model.safetensors.index.json", "modules.json", "preprocessor_config.json", "sentence_bert_config.json",
    "sentencepiece.bpe.model", "special_tokens_map.json", "spiece.model", "tokenizer.json", "tokenizer.model",
    "tokenizer_config.json", "vocab.json", "vocab.txt",
})  # fmt: skip
_TOKENIZERS = frozenset({
    "sentencepiece.bpe.model", "spiece.model", "tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt",
})  # fmt: skip
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".th", ".h5", ".msgpack")
_SHARD = re.compile(r"model-\d+-of-\d+\.safetensors")
_SAVE = "load it where you trust it and save it with save_pretrained(..., safe_serialization=True)"


def files_of(place: str, paths: Sequence[str], adapter: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the files that make up the model, sorted.

    Args:
        place: How people name it.
        paths: Names of all its files.
        adapter: Its adapter_config.json; {} if there is none.

    Raises:
        InvalidDocument: If it has no safetensors, no configuration, or is an adapter.
    """
    if "adapter_config.json" in paths or "adapter_model.safetensors" in paths:
        base = adapter.get("base_model_name_or_path") or "a base that it does not name"
        raise InvalidDocument(
            f"{place} is an adapter of {base}, no base model",
            hint="merge it into its base (merge_and_unload) and save that, or propose the base",
        )
    weights = _weights(paths)
    if not weights:
        raise _without_weights(place, paths)
    if "config.json" not in paths:
        raise InvalidDocument(f"{place} has no config.json", hint="save the model with its configuration")
    return tuple(sorted([*weights, *(path for path in paths if path in KNOWN)]))


def require_tokenizer(place: str, files: Sequence[str]) -> None:
    """Refuse a text model without a tokenizer: a Trainer that was not given one saves none.

    Raises:
        InvalidDocument: If there is none.
    """
    if not _TOKENIZERS & set(files):
        raise InvalidDocument(
            f"{place} has no tokenizer", hint="tokenizer.save_pretrained() into the folder of the model"
        )


def left_out(paths: Sequence[str], files: Sequence[str]) -> tuple[str, ...]:
    """Return sentences about files that a person may miss: pickles, code, other weights, further modules."""
    others = [path for path in paths if path not in files]
    kinds = (
        ("pickles, which can run code when loaded", [path for path in others if path.endswith(PICKLES)]),
        ("code, which is never run", [path for path in others if path.endswith(".py")]),
        ("weights beside the model's", [path for path in others if path.endswith(".safetensors")]),
    )
    return tuple(f"left out ({why}): {_some(found)}" for why, found in kinds if found)


def _weights(paths: Sequence[str]) -> list[str]:
    """Return the weights of one copy of the model: repositories carry variants beside it."""
    found = [path for path in paths if path.endswith(".safetensors") and "/" not in path]
    if "model.safetensors" in found:
        return ["model.safetensors"]
    return [path for path in found if _SHARD.fullmatch(path)] or found


def _without_weights(place: str, paths: Sequence[str]) -> InvalidDocument:
    below = [path for path in paths if path.endswith(".safetensors")]
    if below:
        folder = PurePosixPath(below[0]).parent
        return InvalidDocument(
            f"{place} has no safetensors weights at its top; there are some in {folder}/",
            hint=f"propose that folder with its configuration and tokenizer: {place.rstrip('/')}/{folder}",
        )
    pickles = [path for path in paths if path.endswith(PICKLES)]
    found = f"; it has {_some(pickles)}, which can run code when loaded" if pickles else ""
    return InvalidDocument(f"{place} has no safetensors weights{found}", hint=_SAVE)


def _some(paths: Sequence[str]) -> str:
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")
