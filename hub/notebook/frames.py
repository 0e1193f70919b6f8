"""Data in memory as a file: a DataFrame, a `datasets.Dataset` or a dict of lists becomes what `--data` would name.

In: anything whose columns are `data[name]`. Out: an `OwnData` whose source is a file under HUB_HOME, for its owner
alone. Equal rows give equal bytes, so the same frame is the same task tomorrow: what was measured on it still counts.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluators.data.system_files import FOLDERS, made_by_system
from evaluators.errors import UsageProblem
from evaluators.names import nearest
from evaluators.personal_task import OwnData
from hub.home import Home
from hub.served_inputs import image_of
from hub.staging import place_file, staged_file

_OWN = 0o600


def own_data_of(  # noqa: PLR0913 - the columns that a call may name
    data: Any,
    *,
    text: str | None,
    image: str | None,
    label: str | None,
    group: str | None = None,
    images: str | Path | None,
    home: Home,
) -> OwnData | None:
    """Return the data that a call names; None if it names none.

    Args:
        data: A path or URL of a table, or columns in memory.
        text: Column of the texts.
        image: Column of the images, of data in memory only.
        label: Column of the labels.
        group: Column of what rows share where they are not independent, of texts only.
        images: A folder, or a tar, of images with a folder for each label, instead of `data`.
        home: Where data in memory are written.

    Raises:
        UsageProblem: If the arguments do not go together, a column is missing, or a cell cannot be written.
    """
    if data is not None and images is not None:
        raise UsageProblem("data and images are two sets of data", hint="name one of them")
    if images is not None:
        return OwnData(str(images))
    if data is None:
        if text or image or label or group:
            raise UsageProblem("text, image, label and group are columns of data", hint="add data=...")
        return None
    column = text or image
    if not (column and label) or (text and image):
        raise UsageProblem(
            "data need their columns",
            hint='data=..., text="body", label="queue"; of images in memory: image="image", label="label"',
        )
    if image and group:
        raise UsageProblem(
            "groups are a column of a table of texts", hint="leave group out: images carry no such column yet"
        )
    if isinstance(data, str | Path):
        if image:
            raise UsageProblem(
                "a table on disk holds no images", hint="images=FOLDER, with a folder for each label"
            )
        return OwnData(str(data), text, label, group)
    inputs, labels = _column(data, column), _labels(data, label)
    name = "dataset" if hasattr(data, "features") else "dataframe"
    if image:
        return OwnData(str(_kept(_tar(inputs, labels), f"{name}.tar", home)))
    columns = {column: inputs, label: labels, **({group: _column(data, group)} if group else {})}
    return OwnData(str(_kept(_lines(columns), f"{name}.jsonl", home)), text, label, group)


def _column(data: Any, column: str) -> list[Any]:
    """Return the cells of a column."""
    names = _names(data)
    if column not in names:
        close = nearest(column, names)
        guess = f"did you mean {' or '.join(map(repr, close))}? " if close else ""
        listed = ", ".join(map(repr, names[:12])) + (" ..." if len(names) > 12 else "")
        raise UsageProblem(f"there is no column {column!r}", hint=f"{guess}its columns: {listed}")
    if names.count(column) > 1:
        raise UsageProblem(
            f"{names.count(column)} columns are called {column!r}",
            hint="rename all but the one that is meant",
        )
    return list(data[column])


def _names(data: Any) -> list[str]:
    found = getattr(data, "column_names", None)  # datasets.Dataset
    if isinstance(found, Mapping):
        raise UsageProblem(
            f"the data are several sets: {', '.join(found)}", hint=f'take one: data["{next(iter(found))}"]'
        )
    if found is None:
        found = getattr(data, "columns", None)  # pandas, polars
    if found is None and isinstance(data, Mapping):
        found = list(data)
    if found is None or not hasattr(data, "__len__"):
        raise UsageProblem(
            f"data are a {type(data).__name__}, which has no columns that can be read twice",
            hint="a path, a DataFrame, a datasets.Dataset or a dict of lists",
        )
    return [str(name) for name in found]


def _labels(data: Any, column: str) -> list[Any]:
    """Return the labels; numbers that a `datasets.ClassLabel` names by their names."""
    values = _column(data, column)
    features = getattr(data, "features", None)
    feature = features.get(column) if isinstance(features, Mapping) else None
    names: Sequence[str] | None = getattr(feature, "names", None)
    if names is None:
        return values
    return [names[value] if isinstance(value, int) and value >= 0 else None for value in values]


def _lines(columns: Mapping[str, Sequence[Any]]) -> bytes:
    rows = [
        {name: _plain(value, row) for name, value in zip(columns, values, strict=True)}
        for row, values in enumerate(zip(*columns.values(), strict=True), start=1)
    ]
    return "".join(json.dumps(row, ensure_ascii=True) + "\n" for row in rows).encode("ascii")


def _plain(value: Any, row: int) -> Any:
    """Return a cell as JSON has it; what is missing becomes null, which the reader of tables tells by its line."""
    if hasattr(value, "item") and not isinstance(value, str):
        value = value.item()  # a NumPy scalar
    if value is None or (isinstance(value, float) and math.isnan(value)) or type(value).__name__ == "NAType":
        return None
    if isinstance(value, str | int | float | list):
        return value
    raise UsageProblem(
        f"row {row}: a cell is a {type(value).__name__}", hint="turn the column into text: column.astype(str)"
    )


def _tar(images: Iterable[Any], labels: Iterable[Any]) -> bytes:
    """Return a tar with `LABEL/ROW.png`, the same bytes for the same pixels."""
    from PIL import Image as Pillow

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for row, (cell, label) in enumerate(zip(images, labels, strict=True)):
            name = _folder(_plain(label, row + 1), row + 1)
            picture = io.BytesIO()
            Pillow.fromarray(_pixels(cell, row + 1)).save(picture, format="PNG")
            member = tarfile.TarInfo(f"{name}/{row:08d}.png")
            member.size = picture.tell()
            picture.seek(0)
            archive.addfile(member, picture)
    return out.getvalue()


def _folder(label: Any, row: int) -> str:
    """Return the folder of a label's images."""
    if label is None:
        raise UsageProblem(
            f"row {row}: there is no label", hint="give every image a label, or leave its row out"
        )
    name = str(label)
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise UsageProblem(
            f"row {row}: a label of images is the name of a folder, and {name!r} is none",
            hint="give every row a label without '/' and without NUL characters",
        )
    if made_by_system(f"{name}/image.png"):
        raise UsageProblem(
            f"row {row}: the label {name!r} is a folder of file managers, in which no image counts",
            hint=f"call it otherwise; so it is with {', '.join(sorted(FOLDERS))}",
        )
    return name


def _pixels(cell: Any, row: int) -> Any:
    """Return uint8 RGB (height, width, 3) of an array, a PIL image, encoded bytes, or `datasets`' {"bytes": ...}."""
    if isinstance(cell, Mapping):
        cell = cell.get("bytes")
    try:
        return image_of(cell)
    except (TypeError, OSError, ValueError) as error:
        raise UsageProblem(
            f"row {row}: not an image ({error})",
            hint="uint8 arrays (height, width, 3), PIL images, or the bytes of PNG or JPEG files",
        ) from error


def _kept(content: bytes, name: str, home: Home) -> Path:
    """Keep bytes under HUB_HOME in a folder of their digest; a file there that was changed is written anew."""
    path = home.ready().cache / "own" / hashlib.sha256(content).hexdigest()[:16] / name
    if not (path.is_file() and path.read_bytes() == content):
        with staged_file(path.parent) as stream:
            stream.write(content)
            place_file(stream, path, mode=_OWN)
    return path
