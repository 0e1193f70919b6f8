"""Streaming one URL of any fsspec kind into a file.

In: a `url` mirror and the folder to write into. Out: a new file there, or an `Absent` with the reason. The bytes are
not trusted: the caller compares their digest before it gives them a name.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO

from evaluators.data.mirrors import Absent, Mirror
from evaluators.errors import EnvironmentProblem

_BLOCK = 1 << 20


def download(mirror: Mirror, folder: Path, *, limit: int) -> Path | Absent:
    """Copy a URL's bytes into a new file.

    Args:
        mirror: Of the kind `url`.
        folder: Where the file is made; the folder is created. Nothing is left there if the copy fails.
        limit: Size in bytes that is expected. One block more ends the copy: a server must not fill the disk.

    Raises:
        EnvironmentProblem: If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=".part", dir=folder)
    except OSError as error:
        raise EnvironmentProblem(
            f"{folder}: cannot be written ({error.strerror})",
            hint="make it writable, or choose another cache",
        ) from error
    partial, complete = Path(name), False
    try:
        with os.fdopen(handle, "wb") as out:
            problem = _copy(mirror, out, limit)
        complete = problem is None
        return partial if problem is None else Absent(mirror, problem)
    finally:
        if not complete:
            partial.unlink(missing_ok=True)


def _copy(mirror: Mirror, out: IO[bytes], limit: int) -> str | None:
    """Copy; return what went wrong."""
    import fsspec

    failures: tuple[type[Exception], ...] = (OSError, ValueError, ImportError, *_client_errors(mirror))
    size = 0
    try:
        with fsspec.open(mirror.path, "rb") as stream:
            while size <= limit and (block := stream.read(_BLOCK)):
                out.write(block)
                size += len(block)
    except failures as error:
        # The text of an error may repeat the URL with its credentials.
        return f"{type(error).__name__}: {error}".replace(mirror.path, str(mirror))
    return None


def _client_errors(mirror: Mirror) -> tuple[type[Exception], ...]:
    """Return the errors of fsspec's HTTP client, which are not all OSErrors."""
    if not mirror.path.startswith("http"):
        return ()
    try:
        import aiohttp
    except ImportError:
        return ()
    return (aiohttp.ClientError,)
