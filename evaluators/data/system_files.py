"""Files that operating systems leave in folders: no part of anybody's data, and not there on the next machine."""

from __future__ import annotations

from pathlib import PurePosixPath

#: Names, in lower case.
NAMES = frozenset({".ds_store", "thumbs.db", "desktop.ini", ".directory", ".localized", "icon\r"})
#: Folders of which no file counts.
FOLDERS = frozenset({"__MACOSX", ".Spotlight-V100", ".Trashes", ".ipynb_checkpoints"})


def made_by_system(path: str) -> bool:
    """Whether a file (POSIX path inside its folder) was left by a file manager or an archiver."""
    parts = PurePosixPath(path).parts
    return parts[-1].lower() in NAMES or parts[-1].startswith("._") or not FOLDERS.isdisjoint(parts)
