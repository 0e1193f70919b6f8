"""Compares a folder with the files that it should hold: exactly these, with these bytes.

In: a folder and file entries. Out: one `Finding` a problem, none where they agree. Invariants: every byte is hashed
again (a rotten disk leaves size and time untouched), links are never followed, and what cannot be read is a finding.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from evaluators.candidate import FileEntry
from evaluators.canonical import digest_of_file, short

Kind = Literal["altered", "size", "missing", "extra", "link", "unreadable", "record", "signature", "lock"]


@dataclass(frozen=True)
class Finding:
    """One problem of a folder.

    Attributes:
        kind: What is wrong.
        path: File inside the folder, or `hub.lock`.
        message: One line for people, naming the file.
        expected: Full digest or size that was promised, where there is one.
        found: Full digest or size on disk, where there is one.
    """

    kind: Kind
    path: str
    message: str
    expected: str = ""
    found: str = ""


def compare_files(folder: Path, files: Iterable[FileEntry], *, beside: Iterable[str] = ()) -> list[Finding]:
    """Return where a folder differs from exactly these files.

    Args:
        folder: The folder; one that does not exist lacks everything.
        files: What it must hold, byte for byte.
        beside: Paths of files that must be there too, whatever they hold.
    """
    expected = {entry.path: entry for entry in files}
    allowed = {*expected, *beside}
    parents = {str(parent) for path in allowed for parent in Path(path).parents}
    findings: list[Finding] = []
    seen = set()
    for path, status in _walk(folder, parents):
        seen.add(path)
        if isinstance(status, OSError):
            findings.append(_unreadable(path, status))
        elif finding := _misplaced(path, status, allowed, parents):
            findings.append(finding)
        elif path in expected:
            findings += _content(folder, expected[path], status.st_size)
    missing = sorted(allowed - seen)
    return findings + [Finding("missing", path, f"{path}: is missing") for path in missing]


def _walk(
    folder: Path, parents: set[str], prefix: str = ""
) -> Iterator[tuple[str, os.stat_result | OSError]]:
    """Yield path and status of everything below a folder, by name, or why it has none.

    Links are not followed; a folder that does not belong here is yielded, and not what it holds.
    """
    if not prefix and not folder.exists():
        return
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        yield prefix.rstrip("/") or ".", error
        return
    for entry in entries:
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            yield prefix + entry.name, error
            continue
        yield prefix + entry.name, status
        if stat.S_ISDIR(status.st_mode) and prefix + entry.name in parents:
            yield from _walk(Path(entry.path), parents, f"{prefix}{entry.name}/")


def _unreadable(path: str, error: OSError) -> Finding:
    return Finding("unreadable", path, f"{path}: cannot be read ({error.strerror})")


def _misplaced(path: str, status: os.stat_result, allowed: set[str], parents: set[str]) -> Finding | None:
    """Say what is wrong with something that should be a plain file of ours, or a folder of such."""
    if stat.S_ISLNK(status.st_mode):
        return Finding("link", path, f"{path}: is a symbolic link; only plain files belong here")
    if stat.S_ISDIR(status.st_mode):
        return None if path in parents else Finding("extra", path, f"{path}/: does not belong here")
    if path not in allowed:
        return Finding("extra", path, f"{path}: does not belong here")
    if not stat.S_ISREG(status.st_mode):
        return Finding("link", path, f"{path}: is not a plain file")
    return None


def _content(folder: Path, entry: FileEntry, size: int) -> list[Finding]:
    if size != entry.size:
        message = f"{entry.path}: has {size:,} bytes instead of {entry.size:,}"
        return [Finding("size", entry.path, message, str(entry.size), str(size))]
    try:
        found = digest_of_file(folder / entry.path)
    except OSError as error:
        return [_unreadable(entry.path, error)]
    if found == entry.sha256:
        return []
    message = f"{entry.path}: has other bytes (sha256 {short(found)} instead of {short(entry.sha256)})"
    return [Finding("altered", entry.path, message, entry.sha256, found)]
