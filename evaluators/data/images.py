"""Reading labelled images: a tar or a folder whose folders are the classes, or a table of pixels.

In: a verified path and the task's `DataFile`. Out: `ImageRows`, uint8 RGB, in file order. A tar is read member by
member and never extracted, only JPEG and PNG decoders run, and a member that is not an image is an error that names
it: a set that silently shrinks is another set.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from evaluators.data.decoding import NotAnImage, decode
from evaluators.data.samples import Image
from evaluators.data.system_files import made_by_system
from evaluators.data.tables import read_text
from evaluators.errors import InvalidDocument
from evaluators.task import DataFile

_PIXEL_LINE = "every line is the pixels and then the label, without header"
_SPLITS = frozenset({"train", "training", "test", "testing", "val", "valid", "validation", "dev"})
_SHOWN = 3


@dataclass(frozen=True, eq=False)
class ImageRows:
    """Images in file order, each uint8 (height, width, 3), and their labels: folder names, or the last column."""

    images: tuple[Image, ...]
    labels: tuple[str, ...]


def read_images(path: Path, file: DataFile, *, where: str) -> ImageRows:
    """Read labelled images.

    Args:
        path: The verified file, or folder for `image-folder`.
        file: Its format.
        where: Names the file in errors.

    Raises:
        InvalidDocument: If something in it is not an image of a class; the message names it.
    """
    if file.format == "pixel-table":
        rows = list(_pixel_rows(path, file, where))
    elif file.format == "image-tar":
        rows = list(_decoded(_tar_members(path, where), where))
    else:
        rows = list(_decoded(_folder_members(path), where))
    if not rows:
        raise InvalidDocument(
            f"{where}: there are no images", hint="images stand as LABEL/NAME.png (or .jpg)"
        )
    return ImageRows(tuple(image for image, _ in rows), tuple(label for _, label in rows))


def decode_image(data: bytes, *, where: str) -> Image:
    """Decode a JPEG or PNG to uint8 RGB (height, width, 3); transparency is dropped.

    Raises:
        InvalidDocument: If `decode` refuses it.
    """
    try:
        return decode(data)
    except NotAnImage as error:
        raise InvalidDocument(f"{where}: {error.reason}", hint=error.hint) from error


def _decoded(members: Iterable[tuple[str, bytes]], where: str) -> Iterator[tuple[Image, str]]:
    """Yield images and labels; every file that is none is named, not only the first."""
    problems: dict[NotAnImage, list[str]] = {}
    for name, data in members:
        if made_by_system(name):
            continue
        try:
            label = PurePosixPath(name).parent.name
            if not label:
                raise NotAnImage("it stands in no folder", "the folder's name is the label: LABEL/NAME.png")
            image = decode(data)
        except NotAnImage as error:
            same = next((known for known in problems if known.reason == error.reason), error)
            problems.setdefault(same, []).append(name)
            continue
        if not problems:
            yield image, label
    if problems:
        raise InvalidDocument(
            "\n".join(f"{where}: {_some(names)}: {problem.reason}" for problem, names in problems.items()),
            hint=next(iter(problems)).hint,
        )


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def _tar_members(path: Path, where: str) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of the regular files, in the tar's order, one at a time."""
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                if member.isdir():
                    continue
                stream = archive.extractfile(member) if member.isfile() else None
                if stream is None:
                    raise InvalidDocument(
                        f"{where}: {member.name}: neither a file nor a folder",
                        hint="pack the files themselves, without links: tar --dereference --hard-dereference",
                    )
                yield member.name, stream.read()
    except (tarfile.TarError, EOFError) as error:
        raise InvalidDocument(f"{where}: not a tar that can be read: {error}") from error


def _folder_members(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (path inside the folder, bytes), sorted by path; its digest has already refused links."""
    _one_set(folder)
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def _one_set(folder: Path) -> None:
    """Refuse a folder of splits: read as one set, its test would be trained on."""
    tops = sorted(path.name for path in folder.iterdir() if path.is_dir())
    splits = [name for name in tops if name.lower() in _SPLITS]
    if len(splits) > 1:
        raise InvalidDocument(
            f"{folder.name}: it holds {' and '.join(splits)}, which would be read as one set and split anew",
            hint=f"name one of them: {folder.name}/{splits[-1]}; a task with splits of its own names each as a file",
        )


def _pixel_rows(path: Path, file: DataFile, where: str) -> Iterator[tuple[Image, str]]:
    """Yield the rows of a table without header: height x width pixels row by row, then the label."""
    assert file.shape is not None  # DataFile has checked both
    assert file.maximum is not None
    height, width = file.shape
    for line, raw in enumerate(read_text(path, where=where).splitlines(), start=1):
        if not raw.strip():
            continue
        *pixels, label = raw.split(",")
        if len(pixels) != height * width:
            raise InvalidDocument(
                f"{where}: line {line}: {len(pixels)} pixels, but {height}x{width} is {height * width}",
                hint=_PIXEL_LINE,
            )
        try:
            values = np.array(pixels, dtype=np.float64)
        except ValueError as error:
            raise InvalidDocument(f"{where}: line {line}: a pixel is no number", hint=_PIXEL_LINE) from error
        if not (np.all(values >= 0) and np.all(values <= file.maximum)):
            raise InvalidDocument(f"{where}: line {line}: a pixel is outside 0 to {file.maximum:g}")
        if not label.strip():
            raise InvalidDocument(f"{where}: line {line}: the label is empty")
        grey = np.rint(values / file.maximum * 255).astype(np.uint8).reshape(height, width, 1)
        yield np.repeat(grey, 3, axis=2), label.strip()
