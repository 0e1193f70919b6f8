"""Compares a folder with the files that it should hold: exactly these, with these bytes.

In: a folder and file entries. Out: differences in words, none where they agree. Invariants: every byte is hashed
again, because a rotten disk leaves size, time and inode untouched; links and special files never count as a file.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from evaluators.candidate import FileEntry
from evaluators.canonical import digest_of_file


def differences(
    folder: Path, files: Iterable[FileEntry], *, beside: frozenset[str] = frozenset()
) -> tuple[str, ...]:
    """Return how a folder differs from what it should hold, one difference a line; () if it does not.

    Args:
        folder: The folder; one that does not exist lacks everything.
        files: What it should hold, exactly.
        beside: Names at the top of the folder that may lie beside them (`.hub`).
    """
    expected = {entry.path: entry for entry in files}
    found = set(_names(folder, beside))
    missing = [f"{path}: is missing" for path in sorted(expected.keys() - found)]
    extra = [f"{path}: does not belong here" for path in sorted(found - expected.keys())]
    changed = [
        f"{path}: {reason}"
        for path in sorted(expected.keys() & found)
        if (reason := _change(folder, expected[path]))
    ]
    return (*missing, *extra, *changed)


def _names(folder: Path, beside: frozenset[str]) -> Iterator[str]:
    """Yield the POSIX path of everything in a folder that is not a folder."""
    for parent, folders, names in os.walk(folder):
        if Path(parent) == folder:
            folders[:] = [name for name in folders if name not in beside]
            names = [name for name in names if name not in beside]
        linked = [name for name in folders if (Path(parent) / name).is_symlink()]
        for name in (*names, *linked):
            yield (Path(parent) / name).relative_to(folder).as_posix()


def _change(folder: Path, entry: FileEntry) -> str | None:
    path = folder / entry.path
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return "is not a plain file"
        if status.st_size != entry.size:
            return f"has {status.st_size:,} bytes instead of {entry.size:,}"
        if digest_of_file(path) != entry.sha256:
            return "has other bytes than it should"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return None
