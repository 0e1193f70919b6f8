"""A folder as a source: a mirror inside the catalog, a share, or an unpacked release.

Invariants: only plain files are read; a path cannot leave the folder, not even by a symbolic link, because locking
would otherwise publish whatever the link points to.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from evaluators.names import nearest
from hub.sources.source import BLOCK, Published, SourceProblem


@dataclass(frozen=True)
class DirectorySource:
    """Files below one folder.

    Attributes:
        folder: Where they are.
        name: What people call it.
        links: Whether symbolic links inside are followed (an installer may make them; a share must not).
    """

    folder: Path
    name: str
    links: bool = False

    def describe(self) -> str:
        """Return its name for people."""
        return self.name

    def revision(self) -> str | None:
        """Return None: a folder has no commits."""
        return None

    def paths(self) -> tuple[str, ...]:
        """Return the names of all files; see `Source.paths`."""
        if not self.folder.is_dir():
            raise SourceProblem(f"there is no folder {self.folder}")
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return tuple(sorted(path.relative_to(self.folder).as_posix() for path in found))

    def published(self, path: str) -> Published:
        """Return the size of a file; see `Source.published`."""
        return Published(size=self._plain_file(path).stat().st_size)

    def open(self, path: str) -> Iterator[bytes]:
        """Stream a file; see `Source.open`."""
        target = self._plain_file(path)
        try:
            with target.open("rb") as stream:
                while block := stream.read(BLOCK):
                    yield block
        except OSError as error:
            raise SourceProblem(f"{target} cannot be read ({error.strerror})") from error

    def _plain_file(self, path: str) -> Path:
        if not self.folder.is_dir():
            raise SourceProblem(
                f"there is no folder {self.folder}", hint="correct the mirror's path in the card"
            )
        target = self.folder / path
        try:
            status = target.stat(follow_symlinks=self.links)
        except OSError as error:
            raise self._missing(path) from error
        if not self.links and target.resolve() != self.folder.resolve() / path:
            raise SourceProblem(
                f"{path} is reached through a symbolic link in {self.folder}",
                hint="copy the files themselves (cp -rL); a Hub cache is better named as a mirror of kind `hub`",
            )
        if not stat.S_ISREG(status.st_mode):
            raise SourceProblem(f"{path} in {self.folder} is not a plain file")
        return target

    def _missing(self, path: str) -> SourceProblem:
        names = [
            found.relative_to(self.folder).as_posix() for found in self.folder.rglob("*") if found.is_file()
        ]
        close = nearest(path, names, limit=1)
        return SourceProblem(
            f"{self.folder} has no file {path}", hint=f"did you mean {close[0]}?" if close else None
        )
