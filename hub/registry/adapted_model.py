"""Builds what MLflow carries of an adapted model: its exact folder below `model/`, and an `MLmodel` that loads it.

In: an adapted model on disk. Out: a folder for a run, a logged model or a version. Invariants: every byte below
`model/` was hashed while it was placed; the same folder gives the same artifacts, byte for byte; no input example is
ever written, because a task's data may be restricted.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from hub.adapted.files import Artifact
from hub.registry.exact_model import MODEL, place_exact

LOADER = "hub.pyfunc_adapted"


def build_adapted(artifact: Artifact, into: Path) -> Path:
    """Build the artifacts of an adapted model.

    Args:
        artifact: The folder.
        into: Folder to fill; made if need be, and empty.

    Returns:
        `into`.

    Raises:
        IntegrityError: If a file changed since the folder was read.
    """
    for entry in artifact.files:
        place_exact(artifact.folder / entry.path, into / MODEL / entry.path, entry)
    adapted = artifact.adapted
    document: dict[str, Any] = {
        "flavors": {"python_function": {"loader_module": LOADER, "python_version": "3.11"}},
        "metadata": {"hub.digest": artifact.digest, "hub.base": adapted.lineage, "hub.task": adapted.task},
        "signature": _signature(adapted.base.modality),
    }
    (into / "MLmodel").write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return into


def _signature(modality: str) -> dict[str, str]:
    """Return inputs, outputs and parameters as MLflow writes them."""
    inputs = [{"type": "string" if modality == "text" else "binary", "required": True}]
    outputs = [{"type": "string", "required": True}]
    params = [{"name": "probabilities", "default": False, "shape": None, "type": "boolean"}]
    return {"inputs": json.dumps(inputs), "outputs": json.dumps(outputs), "params": json.dumps(params)}
