"""The one object that prints: data to standard output, everything else to standard error.

`human` is for people at 80 columns, `json` for programs, `quiet` for scripts that only want the exit code and the
essential word. Commands hand it values; library code never prints.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID

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
class Output:
    """How a command prints."""

    format: Format = "human"

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

    def note(self, text: str) -> None:
        """Tell a person something beside the data."""
        if self.format != "quiet":
            self._console(stderr=True).print(text, style="dim", highlight=False, markup=False)

    def warn(self, text: str) -> None:
        """Warn, in every format."""
        self._console(stderr=True).print(f"[yellow]warning:[/yellow] {escape(text)}", highlight=False)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Return a progress display on standard error; silent where nobody looks."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        console = self._console(stderr=True)
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            disable=self.format == "quiet" or not console.is_terminal,
        ) as progress:
            yield progress

    @property
    def watched(self) -> bool:
        """Whether somebody looks at standard error, so that a moving display says something."""
        return self._console(stderr=True).is_terminal

    @contextmanager
    def transfers(self, doing: str) -> Iterator[Callable[[str, int, int], None]]:
        """Return what shows bytes as they arrive, a bar for each thing: called with (what, done, in all)."""
        with self.progress() as progress:
            bars: dict[str, TaskID] = {}

            def tell(name: str, done: int, total: int) -> None:
                if name not in bars:
                    bars[name] = progress.add_task(f"{doing} {name}", total=total)
                progress.update(bars[name], completed=done)

            yield tell

    @contextmanager
    def status(self) -> Iterator[Callable[[str], None]]:
        """Return a line on standard error that says what is being done now, and goes when it is done."""
        console = self._console(stderr=True)
        if self.format == "quiet" or not console.is_terminal:
            yield _unseen
            return
        with console.status("") as shown:
            yield lambda sentence: shown.update(escape(sentence[: console.width - 4]))

    def show(self, table: Table) -> None:
        """Draw a table for a person."""
        from rich import box
        from rich.table import Table as RichTable

        headed = any(column.strip() for column in table.columns)
        drawn = RichTable(
            title=escape(table.title) if table.title else None,
            box=box.SIMPLE_HEAD if headed else None,
            title_justify="left",
            title_style="bold",
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
        self._console().print(drawn)

    def _console(self, *, stderr: bool = False) -> Console:
        from rich.console import Console

        stream = sys.stderr if stderr else sys.stdout
        # Where the output is a file or a pipe, 100 columns keep tables whole; a terminal has its own width.
        return Console(file=stream, width=None if stream.isatty() else 100, soft_wrap=False)


def escape(text: str) -> str:
    """Return text that rich prints as it is."""
    from rich.markup import escape as escape_markup

    return escape_markup(text)


def _unseen(_sentence: str) -> None:
    """Nobody looks."""


def rows_of(pairs: Sequence[tuple[str, str]]) -> Table:
    """Return a table of facts: name and value."""
    return Table(("", " "), tuple(pairs), wrap=frozenset({" "}))
