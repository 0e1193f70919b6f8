"""The first draft of a card: facts from a model's own configuration, TODO where only a person can answer.

In: the names of a model's files, its configuration files and the head of its README. Out: YAML text of a proposed card.
Nothing is invented: what the files do not say is a TODO, which `hub catalog check` refuses, or the strictest value.
Pure.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluators.errors import InvalidDocument
from hub.catalog_rules import TODO

#: Files that make up a model beside its safetensors; everything else of a repository is left where it is.
KNOWN = frozenset({
    "1_Pooling/config.json", "added_tokens.json", "config.json", "config_sentence_transformers.json", "merges.txt",
    "model.safetensors.index.json", "modules.json", "preprocessor_config.json", "sentence_bert_config.json",
    "sentencepiece.bpe.model", "special_tokens_map.json", "spiece.model", "tokenizer.json", "tokenizer.model",
    "tokenizer_config.json", "vocab.json", "vocab.txt",
})  # fmt: skip
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".th", ".h5", ".msgpack")
#: Licence tags of model hubs -> SPDX id and class of use. Others are for a person.
_LICENCES = {
    "apache-2.0": ("Apache-2.0", "any"),
    "mit": ("MIT", "any"),
    "bsd-3-clause": ("BSD-3-Clause", "any"),
    "bsd-2-clause": ("BSD-2-Clause", "any"),
    "cc0-1.0": ("CC0-1.0", "any"),
    "cc-by-4.0": ("CC-BY-4.0", "any"),
    "cc-by-nc-4.0": ("CC-BY-NC-4.0", "non-commercial"),
}
_MOST_TOKENS = 512


@dataclass(frozen=True)
class Seen:
    """What was read of a model.

    Attributes:
        place: How people name it: a repository, a folder.
        mirror: The lines of its mirror, as YAML flow.
        paths: Names of its files.
        documents: Parsed JSON files, by name.
        head: Front matter of its README; {} if there is none.
        page: Where people can read about it; None for a folder, whose path means nothing elsewhere.
    """

    place: str
    mirror: str
    paths: Sequence[str]
    documents: Mapping[str, Any]
    head: Mapping[str, Any]
    page: str | None = None

    def document(self, name: str) -> Mapping[str, Any]:
        """Return a JSON document, {} if it is missing or no object."""
        found = self.documents.get(name)
        return found if isinstance(found, dict) else {}


def files_of(seen: Seen) -> tuple[str, ...]:
    """Return the files that make up the model.

    Raises:
        InvalidDocument: If it has no safetensors, or is an adapter.
    """
    if "adapter_config.json" in seen.paths:
        base = seen.document("adapter_config.json").get("base_model_name_or_path") or "its base"
        raise InvalidDocument(
            f"{seen.place} is an adapter of {base}, no base model",
            hint="merge it into its base and save that, or propose the base",
        )
    weights = [path for path in seen.paths if path.endswith(".safetensors") and "/" not in path]
    if not weights:
        pickles = [path for path in seen.paths if path.endswith(_PICKLES)]
        found = f"; it has {', '.join(pickles[:3])}, which can run code when loaded" if pickles else ""
        raise InvalidDocument(
            f"{seen.place} has no safetensors weights{found}",
            hint="load it where you trust it and save it with save_pretrained(..., safe_serialization=True)",
        )
    if "config.json" not in seen.paths:
        raise InvalidDocument(
            f"{seen.place} has no config.json", hint="save the model with its configuration"
        )
    return tuple(sorted([*weights, *(path for path in seen.paths if path in KNOWN)]))


def draft_card(name: str, seen: Seen) -> str:
    """Return the YAML of a proposed card.

    Raises:
        InvalidDocument: If the model is no base model that can be loaded and headed here.
    """
    files = files_of(seen)
    config = seen.document("config.json")
    vision = "architecture" in config
    library = "timm" if vision else "transformers"
    architectures = config.get("architectures") or [config.get("architecture") or "unknown"]
    if not vision and "model_type" not in config:
        raise InvalidDocument(
            f"{seen.place}: config.json names no model_type", hint="is it a transformers model?"
        )
    if not vision and ("vision" in str(config.get("model_type")) or "image_size" in config):
        raise InvalidDocument(
            f"{seen.place}: images are read through timm here, and this is a transformers vision model",
            hint="propose the same network from timm's own repositories",
        )
    causal = any(str(row).endswith("ForCausalLM") for row in architectures)
    family = "vision" if vision else "causal-lm" if causal else "encoder"
    spdx, use = _licence(seen)
    languages = seen.head.get("language") or []
    languages = [languages] if isinstance(languages, str) else list(languages)
    listed = "".join(f"  - {path}\n" for path in files)
    inputs = _image(config) if vision else _text(seen, causal=causal)
    return f"""schema: 1
id: {name}
title: {_quoted(seen.place.rsplit("/", 1)[-1])}
summary: "{TODO}: what it is and when one would take it, in a sentence"
library: {library}
family: {family}
input:
{inputs}mirrors:
  - {seen.mirror}
files:
{listed}languages: {json.dumps([str(row) for row in languages])}
pretraining:
  text: "{TODO}: what it was trained on"
  source: "{TODO}: where that can be checked"
owner: "{TODO}: who answers for this card"
licence:
  spdx: {_quoted(spdx)}
  use: {use}{"" if spdx != TODO else "  # the strictest, until a person says otherwise"}
  source: {_quoted(seen.page or f"{TODO}: where that can be checked")}
intended_use: "{TODO}: what it is for here"
limits:
  - "{TODO}: what it is bad at, and what it must not be used for"
lifecycle: {{state: proposed}}
sources:
  - {_quoted(seen.page or f"{TODO}: where more is said about it")}
"""


def _text(seen: Seen, *, causal: bool) -> str:
    config, pooling = seen.document("config.json"), seen.document("1_Pooling/config.json")
    known = [
        seen.document("sentence_bert_config.json").get("max_seq_length"),
        seen.document("tokenizer_config.json").get("model_max_length"),
        config.get("max_position_embeddings"),
    ]
    lengths = [int(value) for value in known if isinstance(value, int) and 0 < value < 1_000_000]
    if pooling.get("pooling_mode_cls_token"):
        kind = "cls"
    elif pooling.get("pooling_mode_lasttoken") or (not pooling and causal):
        kind = "last"
    else:
        kind = "mean"
    modules = seen.documents.get("modules.json")
    normalised = isinstance(modules, list) and any(
        str(row.get("type", "")).endswith("Normalize") for row in modules if isinstance(row, dict)
    )
    guess = "" if pooling else "  # a guess: the files do not say it"
    return (
        f"  modality: text\n  max_tokens: {min([*lengths, _MOST_TOKENS])}\n  pooling: {kind}{guess}\n"
        f"  normalize: {str(normalised).lower()}\n"
    )


def _image(config: Mapping[str, Any]) -> str:
    published = config.get("pretrained_cfg")
    facts = published if isinstance(published, dict) else {}
    channels, size, _ = facts.get("input_size") or (3, 224, 224)
    mean, std = facts.get("mean") or (0.485, 0.456, 0.406), facts.get("std") or (0.229, 0.224, 0.225)
    interpolation = facts.get("interpolation")
    return (
        f"  modality: image\n  size: {size}\n  channels: {channels}\n  mean: {[float(row) for row in mean]}\n"
        f"  std: {[float(row) for row in std]}\n"
        f"  interpolation: {interpolation if interpolation in ('nearest', 'bilinear', 'bicubic') else 'bicubic'}\n"
        f"  crop: {float(facts.get('crop_pct') or 1.0)}\n  pooling: model\n"
    )


def _licence(seen: Seen) -> tuple[str, str]:
    tag = seen.head.get("license")
    return _LICENCES.get(str(tag).lower(), (TODO, "research-only")) if tag else (TODO, "research-only")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
