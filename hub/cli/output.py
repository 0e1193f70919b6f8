"""The one object that prints: data to standard output, everything else to standard error.

`human` is for people at 80 columns, `json` for programs, `quiet` for scripts that only want the exit code and the
essential word. Commands hand it values; library code never prints.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import click

from hub.teller import Teller
from hub.teller import escape as escape

Format = Literal["human", "json", "quiet"]


@dataclass(frozen=True)
class Table:
    """Rows for people. Columns named in `right` are numbers."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    right: frozenset[str] = frozenset()
    wrap: frozenset[str] = frozenset()
    marked: frozenset[str] = frozenset()
    """Columns whose cells carry rich markup of ours; every other cell is text as it is."""


@dataclass(frozen=True)
class Output(Teller):
    """How a command prints."""

    format: Format = "human"

    @property
    def quiet(self) -> bool:
        """Whether a script asks, and no person."""
        return self.format == "quiet"

    def data(self, value: object, *tables: Table) -> None:
        """Print a value: as JSON, or as tables."""
        if self.format == "json":
            click.echo(json.dumps(value, indent=1, ensure_ascii=False, default=str))
        elif self.format == "human":
            for table in tables:
                self.show(table)

    def say(self, text: str) -> None:
        """Print a line that belongs to the human answer; nothing in other formats."""
        if self.format == "human":
            self._console().print(text, highlight=False, soft_wrap=False)

    def markdown(self, text: str) -> None:
        """Print Markdown, rendered."""
        if self.format == "human":
            from rich.markdown import Markdown

            self._console().print(Markdown(text))

    def essential(self, text: str) -> None:
        """Print the one word or path that a script wants."""
        if self.format == "quiet":
            click.echo(text)

    def show(self, table: Table) -> None:
        """Draw a table for a person."""
        from rich import box
        from rich.table import Table as RichTable

        headed = any(column.strip() for column in table.columns)
        drawn = RichTable(
            box=box.SIMPLE_HEAD if headed else None,
            pad_edge=False,
            show_header=headed,
        )
        for column in table.columns:
            drawn.add_column(
                column,
                justify="right" if column in table.right else "left",
                no_wrap=column not in table.wrap,
                overflow="fold" if column in table.wrap else "ellipsis",
            )
        for row in table.rows:
            drawn.add_row(
                *(
                    text if column in table.marked else escape(text)
                    for column, text in zip(table.columns, row, strict=True)
                )
            )
        console = self._console()
        if table.title:
            # Not as the table's own title: rich breaks that at the width of the table, however narrow.
            console.print(escape(table.title), style="bold", highlight=False)
        console.print(drawn)


def rows_of(pairs: Sequence[tuple[str, str]]) -> Table:
    """Return a table of facts: name and value."""
    return Table(("", " "), tuple(pairs), wrap=frozenset({" "}))
