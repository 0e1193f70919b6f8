"""How a fitted classifier lies on disk: `fit.json` for words and numbers, `fit.safetensors` for arrays. No pickle.

Reading gives plain values only; `evaluators.engine.reload` turns them into a classifier again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

FORMAT = 1
_WORDS, _ARRAYS = FILES = "fit.json", "fit.safetensors"
"""The files of a record."""


@dataclass(frozen=True)
class Record:
    """What was trained, as plain values.

    Attributes:
        kind: Which classifier reads it.
        facts: JSON-able values.
        tensors: Arrays by name.
    """

    kind: str
    facts: Mapping[str, Any]
    tensors: Mapping[str, torch.Tensor]


def write_record(folder: Path, record: Record) -> None:
    """Write a record into an existing folder."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in record.tensors.items()}
    save_file(tensors, folder / _ARRAYS)
    words = {**record.facts, "format": FORMAT, "kind": record.kind}
    (folder / _WORDS).write_text(json.dumps(words, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_record(folder: Path) -> Record:
    """Read a record.

    Raises:
        ValueError: If a later version of this program wrote it.
    """
    kind, facts = read_facts(folder)
    return Record(kind, facts, load_file(folder / _ARRAYS))


def read_facts(folder: Path) -> tuple[str, dict[str, Any]]:
    """Read the kind and the facts of a record, without its arrays.

    Raises:
        ValueError: If a later version of this program wrote it.
    """
    words = json.loads((folder / _WORDS).read_text(encoding="utf-8"))
    if words.pop("format") != FORMAT:
        raise ValueError(f"{folder / _WORDS} has a format that this version cannot read")
    return words.pop("kind"), words
