"""One process for one cell: how it gets what it needs, and gives back what it found. Plain JSON and NumPy files.

`run_script` is the caller's side and `serve` that of the script; between them lies a folder.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from evaluators.candidate import Input
from evaluators.data.samples import LabelledSet, Samples, image_samples, text_samples
from evaluators.peers.cell import PeerCell, PeerResult

_INPUT: TypeAdapter[Any] = TypeAdapter(Input)


def run_script(module: str, cell: PeerCell) -> PeerResult:
    """Run `python -m MODULE FOLDER` and return what it found.

    Args:
        module: A peer that calls `serve`.
        cell: What to measure.

    Raises:
        RuntimeError: If the script failed; with the end of what it said.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_cell(cell, folder)
        done = subprocess.run(  # noqa: S603  our own interpreter, and a module of this package
            [sys.executable, "-m", module, str(folder)],
            capture_output=True,
            text=True,
            env={**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"},
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{module} failed: {done.stderr[-2000:]}")
        return _read_result(folder)


def serve(fit: Callable[[PeerCell], PeerResult]) -> None:
    """Read the cell in the folder that the command line names, measure it, write what was found."""
    folder = Path(sys.argv[1])
    result = fit(read_cell(folder))
    np.savez(folder / "result.npz", allow_pickle=False, **dict(result.probabilities))
    facts = {"steps": result.steps, "counters": dict(result.counters)}
    (folder / "result.json").write_text(json.dumps(facts), encoding="utf-8")


def write_cell(cell: PeerCell, folder: Path) -> None:
    """Write a cell into an existing folder."""
    sets = {"train": cell.train.samples, "validation": cell.validation.samples, **_named(cell)}
    facts = {
        "folder": str(cell.folder),
        "input": cell.input.model_dump(mode="json"),
        "trains": cell.trains,
        "classes": cell.classes,
        "settings": dict(cell.settings),
        "seed": cell.seed,
        "device": cell.device,
        "sets": sorted(cell.sets),
        "labels": {"train": cell.train.labels.tolist(), "validation": cell.validation.labels.tolist()},
        "texts": {name: list(samples.texts) for name, samples in sets.items() if samples.modality == "text"},
    }
    images = {name: np.stack(s.images) for name, s in sets.items() if s.modality == "image"}
    (folder / "cell.json").write_text(json.dumps(facts), encoding="utf-8")
    np.savez(folder / "images.npz", allow_pickle=False, **images)


def read_cell(folder: Path) -> PeerCell:
    """Read what `write_cell` wrote."""
    facts = json.loads((folder / "cell.json").read_text(encoding="utf-8"))
    with np.load(folder / "images.npz", allow_pickle=False) as archive:
        images = {name: archive[name] for name in archive.files}

    def samples(name: str) -> Samples:
        return image_samples(list(images[name])) if name in images else text_samples(facts["texts"][name])

    def labelled(name: str) -> LabelledSet:
        return LabelledSet(name, samples(name), np.array(facts["labels"][name], dtype=np.int64))

    return PeerCell(
        folder=Path(facts["folder"]),
        input=_INPUT.validate_json(json.dumps(facts["input"])),
        trains=facts["trains"],
        train=labelled("train"),
        validation=labelled("validation"),
        sets={name: samples(f"set:{name}") for name in facts["sets"]},
        classes=facts["classes"],
        settings=facts["settings"],
        seed=facts["seed"],
        device=facts["device"],
    )


def _read_result(folder: Path) -> PeerResult:
    facts = json.loads((folder / "result.json").read_text(encoding="utf-8"))
    with np.load(folder / "result.npz", allow_pickle=False) as archive:
        probabilities = {name: archive[name] for name in archive.files}
    return PeerResult(probabilities, facts["steps"], facts["counters"])


def _named(cell: PeerCell) -> dict[str, Samples]:
    return {f"set:{name}": samples for name, samples in cell.sets.items()}
