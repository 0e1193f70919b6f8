"""The files of a version in MLflow: uploaded into a run, read back, compared. A version exists around whole files only.

In: an open connection and the version to be made. Out: the run and the location of the files. An upload that was killed
is continued in its own run, found by the digest of what was to be uploaded.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from evaluators.canonical import digest_of, digest_of_file, short
from evaluators.errors import EnvironmentProblem, IntegrityError
from hub.registry.connection import Connection, reported
from hub.registry.registry import OWNED, NewVersion
from hub.registry.rest import BLOCK, NotFound, quoted
from hub.registry.rest_registry import FOLDER, PROXY

_UPLOAD = "hub.upload"

Send = Callable[[str, str], None]
"""Called with a file, and the folder below a location where it shall lie under its own name; "" for the location."""


@dataclass(frozen=True)
class Uploaded:
    """Where the files of a version are."""

    run_id: str
    source: str


def upload(connection: Connection, new: NewVersion, folder: Path) -> Uploaded:
    """Upload a folder as the artifacts of a version.

    Raises:
        IntegrityError: If what was read back is not what was sent.
        EnvironmentProblem: If the registry cannot be reached.
    """
    files = {
        path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()
    }
    digests = {name: digest_of_file(path) for name, path in files.items()}
    with reported(connection.uri):
        run, resumed = _run(connection, new, digest_of([new.name, digests]))
        source = f"{run.info.artifact_uri.rstrip('/')}/{FOLDER}"
        for name, path in files.items():
            if resumed and stored_digest(connection, source, name) == digests[name]:
                continue
            store_file(connection, run, f"{FOLDER}/{name}", path)
            if stored_digest(connection, source, name) != digests[name]:
                raise IntegrityError(
                    f"{name} of {new.name} was not stored as it was sent",
                    hint="nothing was promoted; run the same command again, and check the registry's storage",
                )
        connection.runs.set_terminated(run.info.run_id, "FINISHED")
    return Uploaded(run.info.run_id, source)


def read_file(connection: Connection, source: str, path: str) -> Iterator[bytes]:
    """Yield the bytes of one file of a version.

    Raises:
        FileNotFoundError: If it is not there.
    """
    local = local_folder(source)
    if local is None and connection.artifacts is not None:
        # A server on the same store wrote it: its proxied artifacts lie in the same folder.
        local = connection.artifacts / unquote(urlsplit(source).path.strip("/"))
        if not is_below(local, connection.artifacts):
            raise FileNotFoundError(path)
    if local is not None:
        if not is_below(local / path, local):
            raise FileNotFoundError(path)  # a link, or `..`: it would lead to whatever this machine has
        with (local / path).open("rb") as stream:
            while block := stream.read(BLOCK):
                yield block
    elif connection.server is not None and _is_proxied(connection, source):
        try:
            yield from connection.server.stream(_proxy(source, path), {})
        except NotFound as error:
            raise FileNotFoundError(path) from error
    else:
        yield from _downloaded(source, path)


def is_below(path: Path, folder: Path) -> bool:
    """Whether a path, its links followed, is a folder or lies inside it."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def local_folder(source: str) -> Path | None:
    """Return the folder that a location means on this machine, or None."""
    if source.startswith("file:"):
        return Path(unquote(urlsplit(source).path))
    return Path(source) if source.startswith("/") else None


def experiment_id(connection: Connection, name: str, note: str) -> str:
    """Return the id of an experiment of ours, made on first use."""
    with reported(connection.uri):
        found = connection.runs.get_experiment_by_name(name)
        if found is not None:
            if found.lifecycle_stage == "deleted":
                raise EnvironmentProblem(
                    f"the experiment {name} of {connection.uri} was deleted",
                    hint=f"restore it: mlflow experiments restore -x {found.experiment_id}",
                )
            return str(found.experiment_id)
    return _create_experiment(connection, name, note)


def _create_experiment(connection: Connection, name: str, note: str) -> str:
    from mlflow.exceptions import MlflowException

    # Without a location, a database would put the files under whatever folder is current.
    location = (connection.artifacts / name).as_uri() if connection.artifacts is not None else None
    tags = {"mlflow.note.content": note, "mlflow.experimentKind": "custom_model_development", OWNED: "true"}
    try:
        return str(connection.runs.create_experiment(name, location, tags))
    except MlflowException as error:
        with reported(connection.uri):
            if getattr(error, "error_code", "") != "RESOURCE_ALREADY_EXISTS":
                raise
            # Another process was first.
            return str(connection.runs.get_experiment_by_name(name).experiment_id)


def _run(connection: Connection, new: NewVersion, key: str) -> tuple[Any, bool]:
    """Return the run that carries this upload, and whether it was begun before."""
    experiment = experiment_id(
        connection, new.experiment, "Files of versions, one run a version. Written by `hub`."
    )
    found = connection.runs.search_runs([experiment], f"tags.`{_UPLOAD}` = '{key}'", max_results=1)
    if found:
        return found[0], True
    tags = {_UPLOAD: key, OWNED: "true"}
    return connection.runs.create_run(experiment, tags=tags, run_name=f"{new.name} {short(key)}"), False


def store_file(connection: Connection, run: Any, target: str, path: Path) -> None:
    """Store a file among a run's artifacts, as `target`.

    Raises:
        EnvironmentProblem: If the registry cannot be reached.
    """

    def send(named: str, folder: str) -> None:
        connection.runs.log_artifact(run.info.run_id, named, folder or None)

    store_at(connection, str(run.info.artifact_uri), target, path, send)


def store_at(connection: Connection, root: str, target: str, path: Path, send: Send) -> None:
    """Store a file below a location, as `target`, by the fastest way that leads there.

    Args:
        connection: An open registry.
        root: The location.
        target: Path below it.
        path: The file.
        send: Stores it where only MLflow's own clients reach the location.

    Raises:
        EnvironmentProblem: If the registry cannot be reached.
    """
    root = root.rstrip("/")
    local = local_folder(root)
    if local is not None:
        _store(path, local / target)
    elif connection.server is not None and _is_proxied(connection, root):
        connection.server.upload(_proxy(root, target), path)
    else:
        with tempfile.TemporaryDirectory(prefix="hub-send-") as folder:
            # MLflow's clients name an artifact after its file.
            named = Path(folder) / PurePosixPath(target).name
            named.symlink_to(path.absolute())
            with reported(connection.uri):
                send(str(named), target.rpartition("/")[0])


def _store(file: Path, target: Path) -> None:
    """Copy a file to where it is wanted: whole or not at all, also through a power cut."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # One fixed name, so that a killed upload leaves nothing that the next one does not take over.
    part = target.with_name(f".{target.name}.uploading")
    with file.open("rb") as source, part.open("wb") as stream:
        shutil.copyfileobj(source, stream, BLOCK)
        stream.flush()
        os.fsync(stream.fileno())
    with contextlib.suppress(FileNotFoundError):
        # Another process that uploads the same bytes was first; what lies there is compared next.
        part.replace(target)


def stored_digest(connection: Connection, source: str, path: str) -> str | None:
    """Return the sha256 of a file that is stored below a location; None if it is not there."""
    sha = hashlib.sha256()
    try:
        for block in read_file(connection, source, path):
            sha.update(block)
    except FileNotFoundError:
        return None
    return sha.hexdigest()


def _is_proxied(connection: Connection, uri: str) -> bool:
    host = connection.server.host if connection.server is not None else ""
    return uri.startswith("mlflow-artifacts:") and urlsplit(uri).netloc in ("", host)


def _proxy(root: str, path: str) -> str:
    return PROXY + quoted(f"{urlsplit(root).path.strip('/')}/{path}")


def _downloaded(source: str, path: str) -> Iterator[bytes]:
    """Yield a file of a store that only MLflow's own clients can reach (S3 and its kin)."""
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory(prefix="hub-read-") as folder:
        try:
            local = download_artifacts(artifact_uri=f"{source}/{path}", dst_path=folder)
        except (MlflowException, OSError) as error:
            raise FileNotFoundError(path) from error
        with Path(local).open("rb") as stream:
            while block := stream.read(BLOCK):
                yield block
