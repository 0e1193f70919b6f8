"""How fast this machine was: what works took, against what a simple model of the machine says they take.

In: a `Work` and the machine's `Roofline`. Out: seconds. The model is the roofline with the share of it that such work
usually reaches, and an overhead a launch and a cell. Every run adds, for each kind of work, by how much it was off;
the median of the last such ratios corrects it. What was never measured is corrected as the nearest size of its kind,
then, where all run the same kernels, of its phase. A file keeps the ratios; it is a memory, so a damaged one is an
empty one.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from evaluators.cost.roofline import Roofline
from evaluators.cost.work import Phase, Work

#: Ratios that are kept of a kind and size; older ones are of another driver, another library.
KEPT = 15
#: Seconds until a worker has imported what it computes with, where no others compute.
START_SECONDS = 4.0
#: Share of the matrix product's rate that work usually reaches, and seconds of overhead a launch and a cell, on a CPU.
#: A floor's launch is a sample that it predicts, or fits for one class.
_REACHED: Mapping[Phase, float] = {"encode": 0.55, "heads": 0.1, "training": 0.5}
_LAUNCH: Mapping[Phase, float] = {"encode": 2e-3, "heads": 0.0, "training": 6e-3, "floors": 3e-5}
_CELL: Mapping[Phase, float] = {"encode": 0.0, "heads": 0.01, "training": 0.1, "floors": 0.04}
#: Phases in which all works run the same kernels, so that one tells of another.
_ALIKE = frozenset({"encode", "training"})
_VERSION = 1


@dataclass(frozen=True)
class Took:
    """What works of one kind and size took in one run.

    Attributes:
        kind: `Work.kind`.
        size_class: `Work.size_class`.
        ratio: Seconds taken, by those that the model said.
    """

    kind: str
    size_class: int
    ratio: float


@dataclass(frozen=True)
class Calibration:
    """What is known of one machine.

    Attributes:
        ratios: Recent ratios, the newest last, by kind and size.
        starts: Seconds that workers took to start, as if no others had computed, the newest last.
    """

    ratios: Mapping[tuple[str, int], tuple[float, ...]] = field(default_factory=dict)
    starts: tuple[float, ...] = ()

    def seconds(self, work: Work, roofline: Roofline) -> float:
        """Return what a work will take, as busy as the machine is now."""
        return modelled_seconds(work, roofline) * self.correction(work)

    def correction(self, work: Work) -> float:
        """Return by how much the model was off for such work; 1 if nothing like it was measured."""
        like = [key for key in self.ratios if key[0] == work.kind]
        if not like and work.phase in _ALIKE:
            like = [key for key in self.ratios if key[0].split("/")[0] == work.phase]
        if not like:
            return 1.0
        nearest = min(abs(size - work.size_class) for _, size in like)
        found = [median(self.ratios[key]) for key in like if abs(key[1] - work.size_class) == nearest]
        return median(found)

    def knows(self, work: Work) -> bool:
        """Whether such work was measured here, in whatever size."""
        return any(kind == work.kind for kind, _ in self.ratios)

    @property
    def start_seconds(self) -> float:
        """What a worker takes to start where no others compute."""
        return median(self.starts) if self.starts else START_SECONDS

    def with_run(self, took: Iterable[Took], start: float) -> Calibration:
        """Return what is known after a run; of each kind and size it says one ratio."""
        ratios = dict(self.ratios)
        for row in took:
            key = (row.kind, row.size_class)
            ratios[key] = (*ratios.get(key, ()), row.ratio)[-KEPT:]
        return Calibration(ratios, (*self.starts, start)[-KEPT:])


def modelled_seconds(work: Work, roofline: Roofline) -> float:
    """Return what a work would take by the model alone, before anything was measured."""
    reached = _REACHED.get(work.phase, 1.0)
    computing = max(
        work.flops / (reached * roofline.flops_per_second), work.moved / roofline.bytes_per_second
    )
    overhead = work.launches * _LAUNCH[work.phase] + max(1, work.cells) * _CELL[work.phase]
    return (computing + overhead) / roofline.free


def read_calibration(path: Path, machine: str) -> Calibration:
    """Return what a file knows of a machine; nothing if there is none, or it is damaged or of another version."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["version"] != _VERSION or machine not in kept["machines"]:
            return Calibration()
        return _calibration(kept["machines"][machine])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Calibration()


def write_calibration(path: Path, machine: str, known: Calibration) -> None:
    """Write what is known of a machine beside what the file knows of others, whole or not at all.

    Raises:
        OSError: If the place cannot be written.
    """
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        machines = dict(kept["machines"]) if kept["version"] == _VERSION else {}
    except (OSError, ValueError, KeyError, TypeError):
        machines = {}
    machines[machine] = {
        "starts": [round(seconds, 2) for seconds in known.starts],
        "ratios": [
            {"kind": kind, "size": size, "ratios": [round(ratio, 4) for ratio in ratios]}
            for (kind, size), ratios in sorted(known.ratios.items())
        ],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, suffix=".part", delete=False
    ) as stream:
        json.dump({"version": _VERSION, "machines": machines}, stream, indent=1)
    Path(stream.name).replace(path)


def _calibration(row: Mapping[str, Any]) -> Calibration:
    ratios = {
        (str(known["kind"]), int(known["size"])): tuple(float(ratio) for ratio in known["ratios"])
        for known in row["ratios"]
    }
    if any(not found or min(found) <= 0 for found in ratios.values()):
        raise ValueError("a ratio is above 0")
    return Calibration(ratios, tuple(float(seconds) for seconds in row["starts"]))
