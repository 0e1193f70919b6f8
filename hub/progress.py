"""How long work tells of itself: a callback, and a stream of bytes that calls it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable

Progress = Callable[[str, int, int], None]
"""Called with (what, bytes done, bytes in all)."""


def no_progress(what: str, done: int, total: int) -> None:
    """Report nothing."""


def told(
    stream: Iterable[bytes], progress: Progress, *, what: str, done: int, total: int
) -> Generator[bytes, None, None]:
    """Yield the blocks of a stream and tell of each.

    Args:
        stream: Bytes.
        progress: Told.
        what: The file, and where it comes from.
        done: Bytes of the whole work before this stream.
        total: Bytes of the whole work; what comes beyond it raises it.
    """
    for block in stream:
        done += len(block)
        progress(what, done, max(done, total))
        yield block
