"""A process that ends in the middle of storing results."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import fsspec
import pytest

from evaluators.results import Op, ResultStore


class Killed(Exception):
    """Stands for the end of a process."""


@contextmanager
def killed_after(writes: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run a block that is expected to end at the first write to any store after so many."""
    left, write = [None] * writes, ResultStore.write

    def killed(self, *what):
        if not left:
            raise Killed
        left.pop()
        write(self, *what)

    with monkeypatch.context() as patched:
        patched.setattr(ResultStore, "write", killed)
        with pytest.raises(Killed):
            yield


def remove(results: ResultStore, op: Op, key: str) -> None:
    """Remove an object from its place, as if the process that computed it had ended before it was written."""
    results.forget(op, key)
    system, path = fsspec.core.url_to_fs(results._path(op, key))
    system.rm_file(path)
