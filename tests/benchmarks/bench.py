"""What the engine's goals are worth on this machine: `make bench`, or `python -m tests.benchmarks.bench`.

Every goal races what a person would run instead (`evaluators/peers/`) against the harness called the public way, over
the same cells, in turns in one process tree. A ratio counts only if both are equally good. Prints a table, writes JSON
and a picture to `tests/benchmarks/results/`, and the table into the README between its markers.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from transformers.utils import logging as library_log

from tests.benchmarks.goals import (
    encoding,
    frozen_family,
    head_grid,
    reference_matrix,
    trained_cells,
    utilisation,
)
from tests.benchmarks.machine import Machine, machine
from tests.benchmarks.plot import write_plot
from tests.benchmarks.row import Row, sums
from tests.benchmarks.scene import Scene
from tests.benchmarks.table import markdown, plain, put_into_readme, write_json

ROOT = Path(__file__).parents[2]
RESULTS = Path(__file__).parent / "results"
#: In this order, because G8 needs what G1 and G7 have measured.
GOALS: dict[str, Callable[[Scene, Machine], list[Row]]] = {
    "G1": lambda scene, _: frozen_family.rows(scene),
    "G2": lambda scene, _: head_grid.rows(scene),
    "G3": encoding.rows,
    "G4": lambda scene, _: trained_cells.partial_freezes(scene),
    "G5": lambda scene, _: trained_cells.lora_cells(scene),
    "G6": lambda scene, _: trained_cells.small_cells(scene),
    "MFU": lambda scene, _: utilisation.rows(scene),
    "G7": lambda scene, _: reference_matrix.rows(scene),
    "G8": lambda scene, _: reference_matrix.again(scene),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the goals that are asked for and publish them."""
    asked = _parser().parse_args(arguments)
    data = Path(os.environ.get("HUB_DATA") or ROOT.parent / "shared" / "data")
    if not data.is_dir():
        raise SystemExit(f"no real data: set HUB_DATA ({data} is no folder)")
    # Libraries that the peers use warn of each other's next versions; a table is no place for it.
    warnings.simplefilter("ignore")
    library_log.set_verbosity_error()
    library_log.disable_progress_bar()
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    try:
        scene = Scene(folder, data, asked.device, asked.full)
        here = machine(asked.device)
        rows: list[Row] = []
        for found in run(scene, here, asked.goals or list(GOALS), say=print):
            rows += found
            if not asked.goals:
                # After every goal: a lent machine may be taken back before the last one.
                publish(rows, here, asked.device)
    finally:
        shutil.rmtree(folder)
    print(plain(rows, here, asked.device))  # noqa: T201  a benchmark prints
    print(sums(rows))  # noqa: T201


def run(scene: Scene, here: Machine, goals: Sequence[str], say: Callable[[str], None]) -> Iterator[list[Row]]:
    """Run goals in their order and yield the rows of each."""
    for name in GOALS:
        if name not in goals or (name == "MFU" and scene.device != "cuda"):
            continue
        started = time.perf_counter()
        found = GOALS[name](scene, here)
        for row in found:
            say(f"{row.goal} {row.work}, {row.against}: {row.ratio:.2f}x {row.verdict} {row.reason}")
        say(f"{name} took {time.perf_counter() - started:.0f} s")
        yield found


def publish(rows: Sequence[Row], here: Machine, device: str) -> None:
    """Write the table of a run, or of what it has measured up to now: JSON, picture, README."""
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    stem = f"bench-{day}" if device == "cpu" else f"bench-{device}-{day}"
    RESULTS.mkdir(exist_ok=True)
    write_json(RESULTS / f"{stem}.json", rows, here, day, device)
    write_plot(RESULTS / f"{stem}.svg", rows, here, day)
    put_into_readme(ROOT / "README.md", markdown(rows, here, day, f"tests/benchmarks/results/{stem}"), device)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("goals", nargs="*", metavar="GOAL", help=f"{', '.join(GOALS)}; none: all, published")
    parser.add_argument("--full", action="store_true", help="run every cell of slow peers")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    return parser


if __name__ == "__main__":
    main()
