"""How far an evaluation is, sent to an MLflow server while it computes: beside the computing, never in its way.

In: the events of a run. Out: the same events, at once. A thread sends the newest state when the last one has arrived,
at most `MOST` times in all; a server that is slow gets fewer, one that is dead gets none. Only servers are told: a
database on this machine is written once, at the end.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from evaluators.errors import ReportedError
from evaluators.plan import Plan
from evaluators.running.run import Ended, Event
from evaluators.wording import title
from hub.bounded import Beside
from hub.home import Home
from hub.registry.address import tracking_address

#: Messages an evaluation, beside opening its run.
MOST = 20


@dataclass(frozen=True)
class _State:
    """How far it was at a moment."""

    note: str
    done: int
    cells: int
    share: int
    closed: bool


@dataclass
class _Progress:
    """What has happened so far: arms -> measurements that have not ended. Shared by two threads, under `news`."""

    left: dict[tuple[str, str, str], int]
    done: int = 0
    share: int = 0
    """How many of `MOST` equal parts are done and to be told; 0 while nothing was computed, only read."""
    computed: bool = False
    closed: bool = False
    news: threading.Condition = field(default_factory=threading.Condition)

    @property
    def cells(self) -> int:
        return self.done + sum(self.left.values())

    def ended(self, arm: tuple[str, str, str], *, reused: bool) -> None:
        self.left[arm] -= 1
        self.done += 1
        self.computed = self.computed or not reused
        if self.computed:
            self.share = MOST * self.done // self.cells

    def after(self, share: int) -> _State:
        """Wait until more parts are done than that, or all is over."""
        with self.news:
            self.news.wait_for(lambda: self.closed or self.share > share)
            return _State(self._note(), self.done, self.cells, self.share, self.closed)

    def _note(self) -> str:
        """Return how far it is, as Markdown for people: arms are named when every measurement of them has ended."""
        finished = [
            f"- {title(strategy)} on {base or 'the data alone'}, {task}"
            for (task, base, strategy), left in self.left.items()
            if left == 0
        ]
        head = f"{self.done} of {self.cells} measurements are done."
        return "\n".join([head, *(["", "Finished:", ""] if finished else []), *finished])


class LiveLog:
    """Sends how far one evaluation is."""

    def __init__(self, home: Home) -> None:
        self._home, self._address = home, tracking_address(os.environ, home)
        self._sender: Beside[None] | None = None

    def listen(self, plan: Plan, events: Iterator[Event]) -> Iterator[Event]:
        """Yield events as they come, and see to it that they are told."""
        progress = _Progress(_cells(plan))
        try:
            for event in events:
                if isinstance(event, Ended):
                    cell = event.planned.cell
                    with progress.news:
                        progress.ended((cell.task, cell.candidate, cell.strategy), reused=event.reused)
                        if progress.share:
                            self._begin(plan, progress)
                            progress.news.notify()
                yield event
        finally:
            with progress.news:
                progress.closed = True
                progress.news.notify()

    def settle(self, seconds: float) -> None:
        """Wait until nothing more is sent, at most so long."""
        if self._sender is not None:
            self._sender.result(seconds)

    def _begin(self, plan: Plan, progress: _Progress) -> None:
        if self._sender is None and self._address.startswith(("http://", "https://")):
            self._sender = Beside(
                lambda: _send(plan, progress, self._address, self._home), "progress to MLflow"
            )


def _send(plan: Plan, progress: _Progress, address: str, home: Home) -> None:
    """Send the newest state until there is none; a server that fails once is left alone."""
    from hub.tracking.live_run import open_live_run, origin_tag

    try:
        run = open_live_run(address, plan, origin_tag(home.root))
        state = progress.after(0)
        while not state.closed:
            run.tell(state.note, state.done)
            state = progress.after(state.share)
        run.end(state.note, stopped=state.done < state.cells)
    except (ReportedError, ModuleNotFoundError):
        return  # it is told at the end, when the evaluation is logged


def _cells(plan: Plan) -> dict[tuple[str, str, str], int]:
    found: dict[tuple[str, str, str], int] = {}
    for planned in plan.cells:
        cell = planned.cell
        arm = (cell.task, cell.candidate, cell.strategy)
        found[arm] = found.get(arm, 0) + 1
    return found
