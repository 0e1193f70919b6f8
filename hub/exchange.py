"""Replaces a folder by a staged one in a single step, so that a reader finds the old or the new and nothing between.

In: a staged folder beside its destination, and a destination that exists. Out: the staged one stands at the
destination, and what stood there lies where the staged one was, for the caller to remove.

POSIX rename cannot replace a folder that holds files. Linux and macOS can swap two names; where the file system cannot
(NFS), two renames do it, and a process killed between them leaves no destination: running it again completes it.
"""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

from hub.staging import place_folder, sync_folder

_AT_FDCWD = -100
_SWAP = 2
"""RENAME_EXCHANGE of Linux' renameat2, RENAME_SWAP of macOS' renamex_np."""
_CANNOT = frozenset({errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})


def exchange_folder(staged: Path, destination: Path) -> None:
    """Swap a staged folder with the folder at its destination, durably.

    Raises:
        OSError: If that failed; the destination is then what it was.
    """
    for folder, _, _ in os.walk(staged):
        sync_folder(Path(folder))
    if not _swap(staged, destination):
        _rename_twice(staged, destination)
    sync_folder(destination.parent)


def put_folder(staged: Path, destination: Path) -> None:
    """Make a staged folder stand at its destination, whether or not one stands there already.

    Raises:
        OSError: If that failed; the destination is then what it was.
    """
    if not destination.exists():
        try:
            place_folder(staged, destination)
        except OSError:
            # Another process may have been first.
            if not destination.exists():
                raise
        else:
            return
    exchange_folder(staged, destination)


def _swap(one: Path, other: Path) -> bool:
    """Swap two names atomically; False where system or file system cannot."""
    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    if hasattr(libc, "renameat2"):
        failed = libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _SWAP)
    elif hasattr(libc, "renamex_np"):
        failed = libc.renamex_np(names[0], names[1], _SWAP)
    else:
        return False
    if not failed:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(other))


def _rename_twice(staged: Path, destination: Path) -> None:
    aside = staged.with_name(f"{staged.name}.aside")
    destination.rename(aside)
    try:
        staged.rename(destination)
    except OSError:
        aside.rename(destination)
        raise
    aside.rename(staged)
