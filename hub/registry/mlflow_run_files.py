"""Runs of an MLflow database and their files, with mlflow: a store that this machine can reach."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from hub.registry.connection import Connection, connect, is_missing, reported
from hub.registry.run_files import (
    MAX_FILES,
    LoggedModelFacts,
    Place,
    RunFacts,
    VersionFacts,
    missing,
    too_many,
    walked,
)
from hub.registry.version_artifacts import is_below, local_folder, read_file


class MlflowRunFiles:
    """The runs of one database; see `hub.registry.run_files.RunFiles`."""

    def __init__(self, uri: str) -> None:
        self._connection: Connection = connect(uri)

    @property
    def uri(self) -> str:
        """Where it is."""
        return self._connection.uri

    def run(self, run_id: str) -> RunFacts:
        """Return a run."""
        from mlflow.exceptions import MlflowException

        with reported(self.uri):
            try:
                run = self._connection.runs.get_run(run_id)
                experiment = self._connection.runs.get_experiment(run.info.experiment_id)
            except MlflowException as error:
                if is_missing(error):
                    raise missing(f"run {run_id}", self.uri) from error
                raise
        inputs = run.inputs.dataset_inputs if run.inputs else []
        outputs = run.outputs.model_outputs if run.outputs else []
        tags = dict(run.data.tags)
        return RunFacts(
            id=run_id,
            experiment=experiment.name,
            user=tags.get("mlflow.user") or run.info.user_id or "",
            started=int(run.info.start_time or 0),
            artifacts=run.info.artifact_uri,
            tags=tags,
            parameters=dict(run.data.params),
            datasets=tuple(row.dataset.name for row in inputs),
            models=tuple(row.model_id for row in outputs),
        )

    def logged_model(self, model_id: str) -> LoggedModelFacts:
        """Return a logged model."""
        from mlflow.exceptions import MlflowException

        with reported(self.uri):
            try:
                found = self._connection.runs.get_logged_model(model_id)
            except MlflowException as error:
                if is_missing(error):
                    raise missing(f"logged model {model_id}", self.uri) from error
                raise
        return LoggedModelFacts(model_id, found.name, found.source_run_id or None, found.artifact_location)

    def version(self, name: str, number: str) -> VersionFacts:
        """Return a registered version, by its number or `@alias`."""
        from mlflow.exceptions import MlflowException

        with reported(self.uri):
            try:
                found = (
                    self._connection.models.get_model_version_by_alias(name, number[1:])
                    if number.startswith("@")
                    else self._connection.models.get_model_version(name, number)
                )
            except MlflowException as error:
                if is_missing(error) or getattr(error, "error_code", "") == "INVALID_PARAMETER_VALUE":
                    raise missing(f"version {number} of {name}", self.uri) from error
                raise
        model = getattr(found, "model_id", None)
        return VersionFacts(int(found.version), found.source or "", found.run_id or None, model or None)

    def files(self, place: Place) -> Mapping[str, int | None]:
        """Return path inside the place -> size in bytes, sorted by path."""
        root = self._root(place)
        local = local_folder(root)
        if local is None:
            return walked(lambda folder: self._listing(root, folder), place.folder)
        if not is_below(local / place.folder, local):
            return {}
        return _sizes(local / place.folder, place.folder)

    def stream(self, place: Place, path: str) -> Iterator[bytes]:
        """Yield the bytes of a file."""
        inside = f"{place.folder}/{path}" if place.folder else path
        try:
            yield from read_file(self._connection, self._root(place), inside)
        except OSError as error:
            raise missing(f"file {path} in {place}", self.uri) from error

    def _root(self, place: Place) -> str:
        found = (
            self.logged_model(place.model).artifacts if place.model else self.run(place.run or "").artifacts
        )
        return found.rstrip("/")

    def _listing(self, root: str, folder: str) -> Iterator[tuple[str, bool, int | None]]:
        from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

        with reported(self.uri):
            for row in get_artifact_repository(root).list_artifacts(folder or None):
                yield row.path, row.is_dir, row.file_size


def _sizes(folder: Path, name: str) -> dict[str, int | None]:
    """Return the plain files below a folder. Links could lead to whatever this machine has: they are left out."""
    found: dict[str, int | None] = {}
    walked_through = 0
    for parent, folders, names in os.walk(folder):
        walked_through += len(folders)
        for path in (Path(parent, name) for name in names):
            facts = path.lstat()
            if stat.S_ISREG(facts.st_mode):
                found[path.relative_to(folder).as_posix()] = facts.st_size
        if len(found) > MAX_FILES or walked_through > MAX_FILES:
            raise too_many(name)
    return dict(sorted(found.items()))
