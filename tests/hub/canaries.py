"""Planted canaries: data whose texts, images and file names can be found again in anything that a command leaves."""

from __future__ import annotations

import base64
import io
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

from evaluators.canonical import digest_of_file
from tests.hub.checkouts import ROOT, small_catalog

WORDS = ("xylophonequark", "marzipanvortex")
#: Part of the name of every image file.
NAME = "grandmotherledger"
LABELS = ("alpha", "beta")
_SIDE, _IMAGES = 16, 12


@dataclass(frozen=True)
class Canaries:
    """Byte strings that stand in the data and must stand nowhere else."""

    planted: tuple[bytes, ...]

    def found_in(self, folders: Iterable[Path]) -> list[str]:
        """Return the files below some folders that hold a canary, in their bytes or their names."""
        files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
        return [
            str(path)
            for path in files
            if any(c in path.read_bytes() or c in str(path).encode() for c in self.planted)
        ]

    def said_in(self, text: str) -> list[bytes]:
        """Return the canaries that a text quotes."""
        return [canary for canary in self.planted if canary in text.encode()]


def table(path: Path) -> Canaries:
    """Write a table of texts, each with a canary."""
    rows = (
        f"{word} case {number},{label}\n"
        for number in range(_IMAGES)
        for word, label in zip(WORDS, LABELS, strict=True)
    )
    path.write_text("body,queue\n" + "".join(rows))
    return Canaries(tuple(word.encode() for word in WORDS))


def images(path: Path) -> Canaries:
    """Write a tar of noisy images, or a folder if the path has no ending; a folder for each label."""
    planted: list[bytes] = [NAME.encode()]
    for number, (name, pixels) in enumerate(_pictures()):
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, format="PNG")
        _put(path, name, buffer.getvalue(), first=number == 0)
        planted += _traces(pixels, buffer.getvalue())
    return Canaries(tuple(planted))


def _pictures() -> Iterator[tuple[str, np.ndarray]]:
    generator = np.random.default_rng(7)
    for number in range(_IMAGES):
        for place, label in enumerate(LABELS):
            pixels = generator.integers(0, 256, (_SIDE, _SIDE, 3), dtype=np.uint8)
            pixels[:, :, place] //= 4  # something to tell the labels apart
            yield f"{label}/{NAME}-{number}.png", pixels


def _traces(pixels: np.ndarray, png: bytes) -> Iterator[bytes]:
    """Yield what betrays an image: raw pixels, the file's compressed part, and that as base64, however aligned."""
    yield pixels[_SIDE // 2].tobytes()[:32]
    body = png[png.index(b"IDAT") + 8 :][:60]
    assert zlib.decompressobj().decompress(
        png[png.index(b"IDAT") + 4 :]
    )  # it is the part that holds the pixels
    yield body[:32]
    for shift in range(3):
        yield base64.b64encode(body[shift : shift + 48])


def _put(path: Path, name: str, data: bytes, *, first: bool) -> None:
    if not path.suffix:
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        return
    with tarfile.open(path, "w" if first else "a") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        archive.addfile(entry, io.BytesIO(data))


def secret_task(catalog: Path, file: Path, *, modality: str) -> str:
    """Write a restricted task about a file of the catalog and return its id."""
    columns = (
        {"format": "csv", "text": "body", "label": "queue"} if modality == "text" else {"format": "image-tar"}
    )
    task = yaml.safe_load((ROOT / "catalog" / "tasks" / "help-desk.yaml").read_text())
    task |= {
        "id": f"secret-{modality}", "sensitivity": "restricted", "licence": "LicenseRef-internal", "shifted": [],
        "modality": modality,
        "files": {"all": {
            "sha256": digest_of_file(file), "size": file.stat().st_size, "mirrors": [f"catalog:{file.name}"], **columns,
        }},
        "splits": {
            "train": {"file": "all"}, "validation": {"carve": "train", "fraction": 0.25},
            "test": {"carve": "train", "fraction": 0.25},
        },
    }  # fmt: skip
    (catalog / "tasks" / f"secret-{modality}.yaml").write_text(yaml.safe_dump(task))
    return f"secret-{modality}"


def catalog_in(folder: Path) -> Path:
    """Make a catalog with the protocols `tiny` and a `screen` that is as small."""
    folder.mkdir()
    made = small_catalog(folder)
    tiny = (made / "protocols" / "tiny.yaml").read_text()
    (made / "protocols" / "screen.yaml").write_text(tiny.replace("id: tiny", "id: screen"))
    return made
