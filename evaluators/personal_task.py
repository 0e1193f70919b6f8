"""A person's own data as a task: one table or folder of images, its splits carved out of it. It can promote nothing.

In: where the data are and which columns. Out: a `Task` like any other, identified by the digest of its bytes, so the
same engine, store and draws serve it. Nobody reviewed it: whoever plans it marks it as personal.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from evaluators.candidate import Modality
from evaluators.data.locations import FileFacts
from evaluators.data.tables import EXPORT, ONE_A_LINE
from evaluators.errors import UsageProblem
from evaluators.task import DataFile, FileFormat, Part, Splits, Task

#: Share of the rows that becomes the locked test, and that becomes validation.
TEST_SHARE = VALIDATION_SHARE = 0.2
#: What counts as a difference where nobody said: two points.
MARGIN = 0.02
#: Who answers for a task that nobody reviewed.
OWNER = "personal"

_FORMATS: dict[str, FileFormat] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".tar": "image-tar",
    ".tgz": "image-tar",
}


_KNOWN = "tables end in .csv, .tsv, .jsonl or .parquet; images are a folder, or a .tar, with a folder for each label"
_HINTS = {
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".ods", ".numbers"), EXPORT),
    ".json": ONE_A_LINE,
    **dict.fromkeys((".zip", ".7z", ".rar"), "unpack it, and name the table, or --images with the folder"),
    ".txt": f"rename it, if it is one of these: {_KNOWN}",
}


@dataclass(frozen=True)
class OwnData:
    """What a person names on the command line.

    Attributes:
        source: Path or fsspec URL of a table, a folder of images or a tar of them.
        text: Column of the text; None for images.
        label: Column of the label; None for images, whose folder is the label.
        group: Column of what rows share where they are not independent; None: each stands for itself.
    """

    source: str
    text: str | None = None
    label: str | None = None
    group: str | None = None

    @property
    def modality(self) -> Modality:
        """`text` where a column of text is named."""
        return "text" if self.text else "image"

    @property
    def name(self) -> str:
        """The last part of the source, without its endings."""
        last = PurePosixPath(self.source.rstrip("/").partition("?")[0]).name
        return last.partition(".")[0] or last


def format_of(own: OwnData, path: Path) -> FileFormat:
    """Return the format of the data, by the ending of their name.

    Raises:
        UsageProblem: If the ending tells none, or does not go with the columns that are named.
    """
    name = PurePosixPath(own.source.rstrip("/").partition("?")[0]).name.removesuffix(".gz")
    found: FileFormat | None = (
        "image-folder" if path.is_dir() else _FORMATS.get(PurePosixPath(name).suffix.lower())
    )
    if found is None:
        suffix = PurePosixPath(name).suffix.lower()
        raise UsageProblem(
            f"{own.source}: files that end in {suffix} are not read"
            if suffix in _HINTS
            else f"{own.source}: what it holds cannot be told from its name",
            hint=_HINTS.get(suffix, _KNOWN),
        )
    images = found in ("image-folder", "image-tar")
    if found == "image-folder" and own.text:
        raise UsageProblem(
            f"{own.source} is a folder, and a table is one file",
            hint=f"name the file; a folder of images is --images {own.source}",
        )
    if images and own.text:
        raise UsageProblem(
            f"{own.source} holds images, which have no columns",
            hint="name them with --images and leave out --text",
        )
    if not images and not (own.text and own.label):
        raise UsageProblem(
            f"{own.source} is a table, and its columns are not named",
            hint=f"--data {own.source} --text COLUMN --label COLUMN",
        )
    if own.text and own.text == own.label:
        raise UsageProblem(
            f"text and label are the same column, {own.text!r}",
            hint="name the column of the labels: --label COLUMN",
        )
    if own.group in {own.text, own.label} - {None}:
        raise UsageProblem(
            f"the group is the same column as the text or the label, {own.group!r}",
            hint="name the column of what rows share, such as a customer: --group COLUMN",
        )
    return found


def personal_task(own: OwnData, path: Path, facts: FileFacts) -> Task:
    """Return the task that a person's data make.

    Args:
        own: What was named.
        path: Where the bytes lie on this machine.
        facts: Their size and digest.

    Raises:
        UsageProblem: If the format cannot be told.
    """
    file = DataFile(
        sha256=facts.sha256,
        size=facts.size,
        mirrors=(own.source if "://" in own.source else f"file://{path.absolute()}",),
        format=format_of(own, path),
        text=own.text,
        label=own.label,
        group=own.group,
    )
    columns = f", {own.label!r} from {own.text!r}" if own.text else ""
    return Task(
        id=task_id(own.name, facts.sha256),
        title=f"{own.name}{columns}",
        description="A person's own data, not reviewed: it can promote nothing.",
        modality=own.modality,
        owner=OWNER,
        licence="LicenseRef-personal",
        margin=MARGIN,
        sensitivity="internal",
        files={"data": file},
        splits=Splits(
            train=Part(file="data"),
            validation=Part(carve="train", fraction=VALIDATION_SHARE),
            test=Part(carve="train", fraction=TEST_SHARE),
        ),
    )


def task_id(name: str, sha256: str) -> str:
    """Return an id for a person's data: their name, made safe, and the beginning of their digest."""
    safe = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40] or "data"
    return f"my-{safe}-{sha256[:6]}"
