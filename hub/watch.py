"""The stream of a running evaluation as a progress display."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from evaluators.cell import CellResult, Failed, Scored
from evaluators.running.run import Computed, Encoding, Ended, Event, Finished, Fitting, Started
from evaluators.strategy import strategy
from hub.teller import Teller

#: Seconds between two lines where there is no terminal.
LINE_EVERY = 15.0


@dataclass(frozen=True)
class Watched:
    """What a finished run came to."""

    outcomes: dict[tuple[str, str], CellResult]
    counters: dict[str, int]
    computed: tuple[Computed, ...] = ()


class _Log:
    """Where nobody watches a moving display (CI), a line now and then: silence looks like a hang."""

    def __init__(self, teller: Teller, cells: int) -> None:
        self._teller, self._cells = teller, cells
        self._last = time.monotonic()

    def told(self, done: int) -> None:
        """Say how far it is, if nothing was said for a while."""
        now = time.monotonic()
        if not self._teller.watched and now - self._last >= LINE_EVERY:
            self._last = now
            self._teller.note(f"{done} of {self._cells} measurements are done")


def watch(events: Iterable[Event], teller: Teller, *, place: str) -> Watched:
    """Show a run as it goes and return how every cell ended, and what every unit of work took.

    Args:
        events: What happens.
        teller: Told.
        place: Where results are stored, as people are told it.
    """
    computed: list[Computed] = []
    outcomes: dict[tuple[str, str], CellResult] = {}
    counters: dict[str, int] = {}
    log = _Log(teller, 0)
    with teller.progress() as progress:
        bar = progress.add_task("measuring", total=None)
        detail = progress.add_task("", total=None, visible=False)
        for event in events:
            if isinstance(event, Started):
                progress.update(bar, total=event.cells)
                log = _Log(teller, event.cells)
                if event.stored:
                    teller.note(
                        f"{event.stored} of {event.cells - event.skipped} already measured, in {place}"
                    )
            elif isinstance(event, Encoding):
                text = f"encoding for {event.candidate}"
                progress.update(
                    detail, description=text, completed=event.done, total=event.total, visible=True
                )
            elif isinstance(event, Fitting):
                cell = event.planned.cell
                text = f"{strategy(cell.strategy).title}, {cell.labels} labels, run {cell.run.index + 1}"
                progress.update(
                    detail, description=text, completed=event.done, total=event.total or None, visible=True
                )
            elif isinstance(event, Computed):
                computed.append(event)
            elif isinstance(event, Ended):
                outcomes[event.planned.cell.key, event.planned.cell.candidate] = event.result
                progress.advance(bar)
                log.told(len(outcomes))
                if isinstance(event.result, Failed):
                    teller.warn(f"{_name(event)} failed: {event.result.reason}")
                elif isinstance(event.result, Scored) and not event.reused:
                    for remedy in event.result.cost.remedies:
                        teller.note(f"{_name(event)}: {remedy}")
            elif isinstance(event, Finished):
                counters = event.counters
    return Watched(outcomes, counters, tuple(computed))


def _name(event: Ended) -> str:
    cell = event.planned.cell
    return f"{cell.strategy} on {cell.task}, {cell.labels} labels, run {cell.run.index + 1}"
