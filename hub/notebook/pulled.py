"""What was pulled into a project, as a notebook shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from evaluators.report.table import ResultTable
from evaluators.wording import count
from hub.notebook.page import Page, Shown
from hub.order import Pulled


@dataclass(frozen=True, eq=False, repr=False)
class PulledModels(Shown):
    """Models in a project, verified; iterate over them.

    Attributes:
        pulled: Each of them.
    """

    pulled: tuple[Pulled, ...]

    def __iter__(self) -> Iterator[Pulled]:
        return iter(self.pulled)

    def __len__(self) -> int:
        return len(self.pulled)

    @property
    def page(self) -> Page:
        """A table: what came from the registry, what this machine had, where it lies."""
        rows = tuple(
            (
                row.name,
                str(row.version),
                f"{row.downloaded_bytes / 1e6:.1f} MB",
                f"{row.reused_bytes / 1e6:.1f} MB",
                str(row.folder),
            )
            for row in self.pulled
        )
        table = ResultTable("", ("model", "version", "downloaded", "had", "folder"), rows)
        warnings = tuple(warning for row in self.pulled for warning in row.warnings)
        first = self.pulled[0].name if self.pulled else "NAME"
        return Page(
            f"{count(len(self.pulled), 'model')}, verified",
            (table,),
            notes=(*warnings, f'use it: hub.load("{first}")'),
        )

    @property
    def records(self) -> list[dict[str, Any]]:
        """One record a model."""
        return [asdict(row) | {"folder": str(row.folder)} for row in self.pulled]
