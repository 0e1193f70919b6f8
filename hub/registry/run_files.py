"""What MLflow holds of a run, for whoever takes a model out of it: facts, and files. Read only.

In: ids. Out: frozen facts, and the bytes of files as they arrive. Two implementations: `rest_run_files` reads a server
without mlflow, `mlflow_run_files` a database. Nothing that is read is trusted: digests decide.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Protocol

from evaluators.errors import EnvironmentProblem, InvalidDocument
from evaluators.names import is_relative_path, printable

#: More files than a model has: whoever logged a data set beside it is told, and nothing is walked for hours.
MAX_FILES = 10_000

_RUN = re.compile(r"[0-9a-f]{32}")
_MODEL = re.compile(r"m-[0-9a-f]{32}")


class Missing(EnvironmentProblem):
    """MLflow has no such run, logged model or version."""


@dataclass(frozen=True)
class RunFacts:
    """One run.

    Attributes:
        id: Its id.
        experiment: Name of its experiment.
        user: Who started it; "" where nothing is said.
        started: Milliseconds since 1970.
        artifacts: Location of its files, as MLflow writes it.
        tags: By name.
        parameters: By name.
        datasets: Names of the data sets that were logged as its inputs.
        models: Ids of the models that were logged in it.
    """

    id: str
    experiment: str
    user: str
    started: int
    artifacts: str
    tags: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    datasets: tuple[str, ...] = ()
    models: tuple[str, ...] = ()


@dataclass(frozen=True)
class LoggedModelFacts:
    """A model as `log_model` keeps it since MLflow 3: beside its run, with an id of its own.

    Attributes:
        id: `m-` and hex digits.
        name: What `log_model(name=...)` said.
        run: Id of the run that logged it, or None.
        artifacts: Location of its files.
    """

    id: str
    name: str
    run: str | None
    artifacts: str


@dataclass(frozen=True)
class VersionFacts:
    """Where a registered version came from; None where MLflow does not say."""

    number: int
    source: str
    run: str | None
    logged_model: str | None


@dataclass(frozen=True)
class Place:
    """A folder of files: of a run, or of a logged model.

    Attributes:
        run: Id of the run; None for a logged model.
        model: Id of the logged model; None for a run.
        folder: Folder inside it, "" for all.

    Raises:
        InvalidDocument: If the folder leaves the run, or an id is none. What a registered version names as its source
            is anybody's word.
    """

    run: str | None = None
    model: str | None = None
    folder: str = ""

    def __post_init__(self) -> None:
        if self.folder and not is_relative_path(self.folder):
            raise InvalidDocument(
                f"{printable(self.folder)!r} is no plain folder inside {self.model or f'run {self.run}'}",
                hint="runs:/RUN_ID/PATH, with letters, digits and . _ + @ - in PATH, and no ..",
            )
        if not (_RUN.fullmatch(self.run or "0" * 32) and _MODEL.fullmatch(self.model or f"m-{'0' * 32}")):
            raise InvalidDocument(
                f"{printable(self.run or self.model or '')!r} is no id of MLflow's",
                hint="runs:/RUN_ID/PATH (32 hex digits) or models:/m-ID",
            )

    def __str__(self) -> str:
        return f"models:/{self.model}" if self.model else f"runs:/{self.run}/{self.folder}".rstrip("/")


class RunFiles(Protocol):
    """Reading runs and their files. Every method raises `Missing`, or EnvironmentProblem if MLflow does not answer."""

    @property
    def uri(self) -> str:
        """Where it is, without credentials."""
        ...

    def run(self, run_id: str) -> RunFacts:
        """Return a run."""
        ...

    def logged_model(self, model_id: str) -> LoggedModelFacts:
        """Return a logged model."""
        ...

    def version(self, name: str, number: str) -> VersionFacts:
        """Return a registered version, by its number or `@alias`."""
        ...

    def files(self, place: Place) -> Mapping[str, int | None]:
        """Return path inside the place -> size in bytes (None where it is not told), sorted by path."""
        ...

    def stream(self, place: Place, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file."""
        ...


def missing(what: str, uri: str) -> Missing:
    """Return the error for something that is not there."""
    return Missing(f"MLflow at {uri} has no {what}", hint="check the id, and MLFLOW_TRACKING_URI")


def too_many(folder: str) -> EnvironmentProblem:
    """Return the error for a folder with more than `MAX_FILES`."""
    return EnvironmentProblem(
        f"{folder or 'the run'} holds more than {MAX_FILES:,} files",
        hint="name the folder of the model: runs:/RUN_ID/FOLDER",
    )


def walked(
    listing: Callable[[str], Iterator[tuple[str, bool, int | None]]], folder: str
) -> dict[str, int | None]:
    """Walk folders and return their files by path relative to `folder`.

    Args:
        listing: Yields (path, is a folder, size) of what stands in a folder; paths from the root.
        folder: Where to begin.

    Raises:
        EnvironmentProblem: If there are more than `MAX_FILES`.
    """
    found: dict[str, int | None] = {}
    waiting, seen = [folder], {folder}
    while waiting:
        for path, is_folder, size in listing(waiting.pop()):
            inside = PurePosixPath(path)
            if ".." in inside.parts or not inside.is_relative_to(folder or "."):
                continue  # a server that names places outside is not followed
            if not is_folder:
                found[inside.relative_to(folder or ".").as_posix()] = size
            elif path not in seen:
                seen.add(path)
                waiting.append(path)
            if len(found) > MAX_FILES or len(seen) > MAX_FILES:
                raise too_many(folder)
    return dict(sorted(found.items()))
