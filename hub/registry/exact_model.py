"""Builds the artifacts of a version around the exact bytes of a base model, so that plain MLflow can load them.

In: a candidate and the folder of its verified files. Out: a folder that holds, at its root, an `MLmodel` in two
flavors, `model/` with the upstream file set untouched, `components/` with copies of the small files that MLflow looks
for there, and `.hub/candidate.json`. Invariants: every byte below `model/` was hashed while it was placed; the same
candidate gives the same folder, byte for byte. (MLflow's own `log_model` writes the weights anew, which ends their
provenance.)
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from evaluators.candidate import Candidate, FileEntry
from evaluators.errors import IntegrityError

MODEL = "model"
CANDIDATE = ".hub/candidate.json"
LOADER = "hub.pyfunc"

_BLOCK = 1 << 20
_TOKENIZER = (
    "config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "vocab.txt", "vocab.json", "merges.txt", "spiece.model", "sentencepiece.bpe.model", "tokenizer.model",
    "chat_template.jinja",
)  # fmt: skip
_PROCESSOR = ("config.json", "preprocessor_config.json", "processor_config.json")


def build_version(candidate: Candidate, files: Path, into: Path) -> Path:
    """Build the artifacts of a version.

    Args:
        candidate: What the files are.
        files: Where they lie.
        into: Folder to fill; made if need be, and empty.

    Returns:
        `into`.

    Raises:
        IntegrityError: If a file is not what the candidate says.
    """
    for entry in candidate.files:
        place_exact(files / entry.path, into / MODEL / entry.path, entry)
    component, names = (
        ("tokenizer", _TOKENIZER) if candidate.modality == "text" else ("image_processor", _PROCESSOR)
    )
    copied = _components(candidate.files, names)
    for name in copied:
        target = into / "components" / component / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(into / MODEL / name, target)
    flavors = {"python_function": {"loader_module": LOADER, "python_version": "3.11"}}
    if _loads_in_transformers(candidate, into / MODEL):
        flavors["transformers"] = _transformers(candidate, component if copied else None)
    document: dict[str, Any] = {"flavors": flavors, "metadata": {"hub.digest": candidate.digest}}
    document |= _signature(candidate)
    (into / "MLmodel").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    described = into / CANDIDATE
    described.parent.mkdir(parents=True, exist_ok=True)
    described.write_text(candidate.model_dump_json(indent=1) + "\n", encoding="utf-8")
    return into


def place_exact(source: Path, target: Path, entry: FileEntry) -> None:
    """Copy a file and hash what was copied.

    Raises:
        IntegrityError: If it is missing, or is not what the entry says.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    sha = hashlib.sha256()
    try:
        with source.open("rb") as reader, target.open("wb") as writer:
            while block := reader.read(_BLOCK):
                sha.update(block)
                writer.write(block)
    except FileNotFoundError as error:
        raise IntegrityError(
            f"{entry.path} is missing in {source.parent}", hint="fetch the model, or adapt it again"
        ) from error
    if sha.hexdigest() != entry.sha256:
        raise IntegrityError(
            f"{source} does not have the bytes that are pinned for it",
            hint="bring back what was there (fetch the model, or adapt it again); nothing was promoted",
        )


def _components(files: Iterable[FileEntry], names: tuple[str, ...]) -> list[str]:
    there = {entry.path for entry in files}
    return [name for name in names if name in there]


def _loads_in_transformers(candidate: Candidate, folder: Path) -> bool:
    """Whether transformers can read the folder as it is.

    timm's own configuration is read by the TimmWrapper, unless it repeats `num_classes` among the model's arguments.
    """
    if candidate.library == "transformers":
        return True
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError):
        return False
    return (
        isinstance(config, dict)
        and "architecture" in config
        and "num_classes" not in (config.get("model_args") or {})
    )


def _transformers(candidate: Candidate, component: str | None) -> dict[str, Any]:
    """Return the flavor that `mlflow.transformers.load_model` reads."""
    text = candidate.modality == "text"
    wrapped = candidate.library == "timm"
    flavor: dict[str, Any] = {
        "task": "feature-extraction" if text else "image-feature-extraction",
        "instance_type": "FeatureExtractionPipeline" if text else "ImageFeatureExtractionPipeline",
        # A class of transformers itself, so that MLflow never asks the folder's configuration for code to run.
        "pipeline_model_type": "TimmWrapperModel" if wrapped else "AutoModel",
        "model_binary": MODEL,
        "source_model_name": candidate.name,
        "components": [component] if component else [],
    }
    if component:
        flavor[f"{component}_type"] = "AutoTokenizer" if text else "AutoImageProcessor"
    return flavor


def _signature(candidate: Candidate) -> dict[str, Any]:
    """Return inputs and outputs as the UI shows them. Images have none: MLflow has no type for a list of pictures."""
    if candidate.modality != "text":
        return {}
    vectors = {
        "type": "tensor",
        "tensor-spec": {"dtype": "float32", "shape": [-1, candidate.structure.width]},
    }
    inputs = [{"type": "string", "required": True}]
    return {"signature": {"inputs": json.dumps(inputs), "outputs": json.dumps([vectors]), "params": None}}
