"""A1: one-shot classification of handwritten characters by the modified Hausdorff distance (Lake et al. 2015).

Twenty runs of twenty characters: each test image goes to the training image whose ink is nearest. Deterministic.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial.distance import cdist

from evaluators.selfcheck.figure import AbsentError, Figure, Outcome

SOURCE = "Lake et al. 2015, demo_classification.py of brendenlake/omniglot"
ERRORS = Figure("A1", "Omniglot one-shot, modified Hausdorff, error", 38.8, 0.1, "%")
RUNS, CHARACTERS = 20, 20

Ink = NDArray[np.float64]


def check(data: Path) -> Iterator[Outcome]:
    """Classify the 400 test images.

    Raises:
        AbsentError: If the images are not there.
    """
    path = data / "omniglot" / "all_runs.zip"
    if not path.is_file():
        raise AbsentError(f"no {path.relative_to(data)} (from brendenlake/omniglot)")
    wrong = 0
    with zipfile.ZipFile(path) as archive:
        for run in range(1, RUNS + 1):
            pairs = [
                line.split() for line in archive.read(f"run{run:02d}/class_labels.txt").decode().splitlines()
            ]
            known = [f"run{run:02d}/training/class{number:02d}.png" for number in range(1, CHARACTERS + 1)]
            inks = [_ink(archive.read(name)) for name in known]
            for item, right in pairs:
                asked = _ink(archive.read(item))
                nearest = int(np.argmin([modified_hausdorff(asked, ink) for ink in inks]))
                wrong += known[nearest] != right
    yield Outcome(ERRORS, 100.0 * wrong / (RUNS * CHARACTERS))


def modified_hausdorff(first: Ink, second: Ink) -> float:
    """Return the larger of the mean distances from a point of one to the nearest of the other (Dubuisson 1994).

    Args:
        first: (m, 2) coordinates.
        second: (n, 2) coordinates.
    """
    distances = cdist(first, second)
    return float(max(distances.min(axis=1).mean(), distances.min(axis=0).mean()))


def _ink(content: bytes) -> Ink:
    """Return the coordinates of the black pixels, about their mean."""
    with Image.open(io.BytesIO(content)) as image:
        black = np.asarray(image.convert("L")) == 0
    points = np.argwhere(black).astype(np.float64)
    centred: Ink = points - points.mean(axis=0)
    return centred
