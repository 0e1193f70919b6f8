"""Models of the catalog, and the facts of one thing of it, as a notebook shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from evaluators.report.table import ResultTable
from evaluators.wording import count
from hub.listing import Facts, ListedModel, Listing
from hub.notebook.page import Page, Shown


@dataclass(frozen=True, eq=False, repr=False)
class Models(Shown):
    """Models that fit what was asked for; iterate over them, or `to_pandas()`.

    Attributes:
        listing: The models.
        adapted: Adapted models whose base fits, as plain records.
        notes: What one should know of the log they were read from.
    """

    listing: Listing
    adapted: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[ListedModel]:
        return iter(self.listing.models)

    def __len__(self) -> int:
        return len(self.listing.models)

    @property
    def page(self) -> Page:
        """A table, approved models first."""
        rows = tuple((row.model, row.status, row.best, row.size, row.licence) for row in self)
        tables = [ResultTable("", ("model", "status", "approved for", "params", "licence"), rows)]
        if self.adapted:
            columns = ("adapted model", "status", "approved for", "base")
            made = tuple((row["model"], row["status"], row["best"], row["base"]) for row in self.adapted)
            tables.append(ResultTable("", columns, made))
        hidden = self.listing.hidden
        more = (f"{count(hidden, 'proposed model')} not shown: everything=True",) if hidden else ()
        return Page(
            f"{count(len(self), 'model')} of {self.listing.known}", tuple(tables), notes=more + self.notes
        )

    @property
    def records(self) -> list[dict[str, Any]]:
        """One record a model."""
        return [row.value | {"approved_for": [task.task for task in row.approved_for]} for row in self]


@dataclass(frozen=True, eq=False, repr=False)
class Described(Shown):
    """One model, task, strategy, protocol or policy.

    Attributes:
        facts: What is known of it; `facts.value` is all of it.
    """

    facts: Facts

    @property
    def page(self) -> Page:
        """A table of facts."""
        return Page(self.facts.name, (ResultTable("", ("", " "), self.facts.facts),))

    @property
    def records(self) -> list[dict[str, Any]]:
        """One record a fact."""
        return [{"fact": name, "value": text} for name, text in self.facts.facts]
