"""Tells a person how it goes: notes, warnings, moving displays; on standard error, or under the cell of a notebook.

Long work is handed a teller; the command line's `Output` is one, and `Teller()` is the notebook's.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from evaluators.names import without_controls

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, TaskID


class Teller:
    """Who is told."""

    @property
    def quiet(self) -> bool:
        """Whether only warnings are told."""
        return False

    def note(self, text: str) -> None:
        """Tell a person something beside the data."""
        if not self.quiet:
            self._console(stderr=True).print(
                without_controls(text), style="dim", highlight=False, markup=False
            )

    def command(self, text: str) -> None:
        """Show a command on a line of its own; it is not broken, so that it can be pasted."""
        if not self.quiet:
            self._console(stderr=True).print(f"  {text}", highlight=False, markup=False, soft_wrap=True)

    def warn(self, text: str) -> None:
        """Warn, also where only the essential is wanted."""
        self._console(stderr=True).print(f"[yellow]warning:[/yellow] {escape(text)}", highlight=False)

    @property
    def watched(self) -> bool:
        """Whether somebody looks, so that a moving display says something."""
        console = self._console(stderr=True)
        # In a notebook, rich draws what moves through ipywidgets.
        return console.is_terminal or (console.is_jupyter and find_spec("ipywidgets") is not None)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Return a progress display; silent where nobody looks."""
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        with Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            console=self._console(stderr=True),
            transient=True,
            disable=self.quiet or not self.watched,
        ) as progress:
            yield progress

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
        """Return a line that says what is being done now, and goes when it is done."""
        console = self._console(stderr=True)
        if self.quiet or not self.watched:
            yield _unseen
            return
        with console.status("") as shown:
            yield lambda sentence: shown.update(escape(sentence[: console.width - 4]))

    def _console(self, *, stderr: bool = False) -> Console:
        from rich.console import Console

        stream = sys.stderr if stderr else sys.stdout
        # Where the output is a file or a pipe, 100 columns keep tables whole, unless COLUMNS says otherwise; a
        # terminal has its own width.
        asked = os.environ.get("COLUMNS", "")
        width = None if stream.isatty() or asked.isdigit() else 100
        return Console(file=stream, width=width, soft_wrap=False)


def escape(text: str) -> str:
    """Return text that rich prints as it is, and that does nothing to a terminal."""
    from rich.markup import escape as escape_markup

    return escape_markup(without_controls(text))


def _unseen(_sentence: str) -> None:
    """Nobody looks."""
