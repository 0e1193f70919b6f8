"""Reading one data file of a task, whatever its format, to samples and label names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluators.data.images import read_images
from evaluators.data.samples import IntArray, Samples, image_samples, text_samples
from evaluators.data.tables import read_table
from evaluators.task import DataFile

_TABLES = frozenset({"csv", "tsv", "jsonl", "parquet"})


@dataclass(frozen=True, eq=False)
class Content:
    """What stands in a data file, in file order.

    Attributes:
        where: Names the file in errors.
        samples: n inputs.
        labels: n label names, or None where the task names no label.
        groups: n names of what rows share, or None where the task names no such column.
    """

    where: str
    samples: Samples
    labels: tuple[str, ...] | None
    groups: tuple[str, ...] | None = None

    def take(self, rows: Sequence[int] | IntArray) -> Content:
        """Return the given rows, in that order."""
        labels, groups = (
            None if names is None else tuple(names[int(row)] for row in rows)
            for names in (self.labels, self.groups)
        )
        return Content(self.where, self.samples.take(rows), labels, groups)


def read_content(path: Path, file: DataFile, *, where: str) -> Content:
    """Read a verified file.

    Raises:
        InvalidDocument: If it is not what `file` says.
    """
    if file.format in _TABLES:
        table = read_table(path, file, where=where)
        return Content(where, text_samples(table.texts), table.labels, table.groups)
    pictures = read_images(path, file, where=where)
    return Content(where, image_samples(pictures.images), pictures.labels)
