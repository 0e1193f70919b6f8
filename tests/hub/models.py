"""Tiny, real models for tests: bytes of a safetensors file and a configuration, and a catalog of them on disk."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path

from evaluators.candidate import FileEntry, Structure
from evaluators.canonical import digest_of_bytes
from hub.catalog import Catalog, load_catalog
from hub.lock import Lock, write_lock

COMMIT = "1" * 40


def safetensors(tensors: Mapping[str, tuple[str, list[int], bytes]]) -> bytes:
    """Return a safetensors file of (dtype, shape, bytes) by name, written by hand."""
    header, data = {}, b""
    for name, (dtype, shape, values) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    return with_header(json.dumps(header).encode(), data)


def with_header(header: bytes, data: bytes) -> bytes:
    """Return a safetensors file of a header as it is."""
    return struct.pack("<Q", len(header)) + header + data


def floats(*values: float) -> bytes:
    """Return little-endian float32."""
    return struct.pack(f"<{len(values)}f", *values)


def tiny_bert() -> dict[str, bytes]:
    """Return the files of a text encoder of one layer that nobody can load, but everybody can check."""
    config = {"architectures": ["BertModel"], "model_type": "bert", "hidden_size": 4, "num_hidden_layers": 1}
    weights = {
        "embeddings.word_embeddings.weight": ("F32", [5, 4], floats(*range(1, 21))),
        "encoder.layer.0.output.dense.weight": ("F32", [4, 4], floats(*range(16))),
        "encoder.layer.0.output.dense.bias": ("F32", [4], floats(0, 0, 0, 0)),
        "pooler.dense.weight": ("F32", [4, 4], floats(*range(16))),
        # Large enough to count as a large file on a Hub.
        "encoder.layer.0.intermediate.dense.weight": ("F32", [64, 4], floats(*([0.5] * 256))),
    }
    return {
        "config.json": json.dumps(config).encode(),
        "model.safetensors": safetensors(weights),
        "tokenizer.json": b'{"model": {"vocab": {"auto_map": 0}}}',
    }


def entries(files: Mapping[str, bytes]) -> tuple[FileEntry, ...]:
    """Return what a lock says of files."""
    return tuple(FileEntry(path=p, size=len(b), sha256=digest_of_bytes(b)) for p, b in files.items())


def put(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files into a folder."""
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


CARD = """\
schema: 1
id: {id}
title: Tiny
summary: A tiny model for tests.
library: transformers
family: encoder
input: {{modality: text, max_tokens: 16, pooling: mean}}
mirrors:
{mirrors}
files: [config.json, model.safetensors, tokenizer.json]
pretraining: {{text: nothing, source: tests}}
owner: tests
licence: {{spdx: Apache-2.0, use: any, source: tests}}
intended_use: Tests.
limits: [Knows nothing.]
review_by: 2030-01-01
lifecycle: {{state: {state}, since: 2026-01-01}}
"""


def card_text(name: str = "tiny", *mirrors: str, state: str = "active") -> str:
    """Return the YAML of a card with these mirrors."""
    listed = mirrors or ("{kind: directory, path: data/tiny}",)
    return CARD.format(id=name, mirrors="\n".join(f"  - {mirror}" for mirror in listed), state=state)


HUB_MIRROR = f"{{kind: hub, repository: org/tiny, revision: '{COMMIT}'}}"


def make_catalog(
    folder: Path,
    *mirrors: str,
    files: Mapping[str, bytes] | None = None,
    state: str = "active",
    locked: bool = True,
) -> Catalog:
    """Write a catalog of one card, `tiny`, with the files of `tiny_bert` under data/tiny, and read it."""
    files = tiny_bert() if files is None else files
    put(folder / "data" / "tiny", files)
    (folder / "models").mkdir(parents=True, exist_ok=True)
    (folder / "models" / "tiny.yaml").write_text(card_text("tiny", *mirrors, state=state), encoding="utf-8")
    if locked:
        structure = Structure(architecture="BertModel", parameters=300, width=4, blocks=1, flops_per_input=1)
        write_lock(folder / "models" / "tiny.lock.json", Lock(files=entries(files), structure=structure))
    return load_catalog(folder)
