"""Files of an MLflow run or logged model as a source: what a team trained and logged, under the paths of its card."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evaluators.errors import EnvironmentProblem
from evaluators.names import nearest
from hub.registry.run_files import Place, RunFiles
from hub.sources.source import Published, SourceProblem


@dataclass(frozen=True)
class MlflowArtifacts:
    """One folder of artifacts.

    Attributes:
        reader: The MLflow that has them.
        place: The run or logged model, and the folder.
        arranged: Path of the card -> path inside the folder; empty: the same paths.
    """

    reader: RunFiles
    place: Place
    arranged: Mapping[str, str]

    def describe(self) -> str:
        """Return its name for people."""
        return f"mlflow {self.place}"

    def revision(self) -> str | None:
        """Return None: a run has no commits of its files; the digests say which bytes they are."""
        return None

    @functools.cached_property
    def _sizes(self) -> Mapping[str, int | None]:
        with _told():
            return self.reader.files(self.place)

    def paths(self) -> tuple[str, ...]:
        """Return the names of all files; see `Source.paths`."""
        return tuple(sorted(self.arranged or self._sizes))

    def published(self, path: str) -> Published:
        """Return the size of a file; see `Source.published`."""
        return Published(size=self._sizes[self._inside(path)])

    def open(self, path: str) -> Iterator[bytes]:
        """Stream a file; see `Source.open`."""
        inside = self._inside(path)
        with _told():
            yield from self.reader.stream(self.place, inside)

    def _inside(self, path: str) -> str:
        found = self.arranged.get(path, path)
        if found not in self._sizes:
            close = nearest(found, self._sizes, limit=1)
            gone = "it is empty, or was deleted" if not self._sizes else None
            raise SourceProblem(
                f"{self.place} has no file {found}", hint=f"did you mean {close[0]}?" if close else gone
            )
        return found


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Let the next mirror be tried where MLflow does not deliver."""
    try:
        yield
    except SourceProblem:
        raise
    except EnvironmentProblem as error:
        raise SourceProblem(error.message, hint=error.hint) from error
