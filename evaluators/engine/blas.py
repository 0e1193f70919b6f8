"""One thread for a matrix product of NumPy's, and how many problems are solved beside each other.

Heads are many small problems, so cores are filled with problems and each is computed by one thread: its bits do not
depend on how many cores there are, and no thread spins while it waits for a neighbour. On a busy machine that spinning
made a fit ten times slower (README, decision 44).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import torch
from threadpoolctl import ThreadpoolController


@contextmanager
def single_threaded() -> Iterator[None]:
    """Keep BLAS to one thread, for the whole process, until the block ends."""
    with _controller().limit(limits=1, user_api="blas"):
        yield


def workers() -> int:
    """Return how many problems may be solved beside each other: torch's threads, which OMP_NUM_THREADS sets."""
    return torch.get_num_threads()


@cache
def _controller() -> ThreadpoolController:
    # Looking through the loaded libraries takes milliseconds; those that matter were loaded with NumPy and SciPy.
    return ThreadpoolController()
