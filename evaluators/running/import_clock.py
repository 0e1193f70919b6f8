"""What importing libraries took: it is paid once a process, and is part of no work."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class ImportClock:
    """Counts seconds.

    Attributes:
        seconds: So far.
    """

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count the block's time as importing."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - started
