"""Pages of `recipes/` for tests: any strategy on any input, and running the first part of one."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from unittest import mock

from evaluators.candidate import Candidate, ImageInput, Structure, TextInput
from evaluators.evidence import Estimate
from evaluators.protocol import SettingValue
from evaluators.recipe_page import Training, recipe_page
from evaluators.strategy import strategy
from evaluators.task import DataFile

STRUCTURE = Structure(architecture="any", parameters=1, width=1, blocks=1, flops_per_input=1)
TEXT = TextInput(max_tokens=32, pooling="mean", normalize=True)
IMAGE = ImageInput(size=32, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), interpolation="bilinear")


def data_file(format_: str, *, name: str = "data", **changes: Any) -> DataFile:
    """Return how a file of a format is read."""
    columns = {"text": "body", "label": "queue"} if format_ in ("csv", "tsv", "jsonl", "parquet") else {}
    pixels = {"shape": (8, 8), "maximum": 16.0} if format_ == "pixel-table" else {}
    facts = {"sha256": "a" * 64, "size": 1, "mirrors": (f"data:{name}",), "format": format_}
    return DataFile(**{**facts, **columns, **pixels, **changes})


def training(
    name: str,
    accepts: TextInput | ImageInput,
    *files: DataFile,
    settings: dict[str, SettingValue] | None = None,
) -> Training:
    """Return what a page is made of."""
    library = "transformers" if accepts.modality == "text" else "timm"
    base = Candidate(name="some-base", library=library, input=accepts, structure=STRUCTURE, files=())
    row = strategy(name)
    return Training(
        row=row,
        base=base,
        settings={**row.defaults_for(accepts.modality), **(settings or {})},
        seed=7,
        dtype="float32",
        data=files or (data_file("csv" if accepts.modality == "text" else "image-folder"),),
        score=Estimate(value=0.9, low=0.8, high=0.95, n=40),
    )


def page(*arguments: Any, **settings: Any) -> str:
    """Return the text of the page of a `training`."""
    text = recipe_page(training(*arguments, **settings))
    assert text is not None
    return text


def run_until(
    text: str, line: str, *, folder: Path, arguments: tuple[Path, ...] = (), **given: Any
) -> dict[str, Any]:
    """Run a page that lies in a folder up to the line that begins so; return its names.

    Args:
        text: The page.
        line: Beginning of the first line that is not run.
        folder: Holds `base/`.
        arguments: Of its command line.
        given: Names that stand in for what the page reads: then reading and splitting are not run.
    """
    above, found, _ = text.partition(f"\n{line}")
    assert found, f"no line begins with {line}"
    if given:
        head, _, rest = above.partition("\npaths, out = ")
        above = head + "\n" + rest[rest.index("\nused, held = ") + 1 :].partition("\n")[2]
    names: dict[str, Any] = {"__file__": str(folder / "recipe.py"), "__name__": "recipe", **given}
    with mock.patch.object(sys, "argv", ["recipe.py", *map(str, arguments)]):
        exec(compile(above, "recipe.py", "exec"), names)
    return names
