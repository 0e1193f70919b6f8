"""Work that may hang, beside the work that counts: a thread that is waited for so long and no longer.

In: something to do and a time. Out: what it came to, or that it is not done. A thread that is still busy when the
process ends is dropped with it: what it does must be safe to be killed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from evaluators.errors import ReportedError

T = TypeVar("T")


class Beside(Generic[T]):
    """Something that is done beside."""

    def __init__(self, do: Callable[[], T], name: str) -> None:
        self._do, self._done, self._failed = do, list[T](), list[ReportedError]()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def result(self, seconds: float) -> T | None:
        """Return what it came to; None if it is still busy after so many seconds, or ended by a defect, which is shown.

        Raises:
            ReportedError: What it ended with.
        """
        self._thread.join(seconds)
        if self._failed:
            raise self._failed[0]
        return self._done[0] if self._done else None

    @property
    def busy(self) -> bool:
        """Whether it is not done."""
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._done.append(self._do())
        except ReportedError as error:
            self._failed.append(error)
