"""Opening MLflow the way the hub uses it: quiet, with bounded waiting, safe when several processes start at once.

In: the URI of a database (`sqlite:///...`) or a server (`http(s)://...`). Out: a frozen connection. Two clients,
because MLflow's public one refuses every write to a model that is not listed; the one below it, which it uses itself,
does not. mlflow is imported here and only when a connection is made.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluators.errors import Conflict, EnvironmentProblem, ReportedError, UsageProblem
from evaluators.names import printable
from hub.registry.access import access_from
from hub.registry.rest import RestServer

# MLflow's own defaults wait for minutes; a variable that the user set is left alone.
_DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
_SCHEMES = ("sqlite", "http", "https")


@dataclass(frozen=True, eq=False)
class Connection:
    """An open registry.

    Attributes:
        uri: Where it is, without credentials.
        runs: MlflowClient: experiments, runs, artifacts, logged models.
        models: ModelRegistryClient: registered models and versions, listed or not.
        server: The same server for plain HTTP; None for a database.
        artifacts: Folder of the artifacts; None for a server.
    """

    uri: str
    runs: Any
    models: Any
    server: RestServer | None
    artifacts: Path | None


def connect(uri: str, tracking_uri: str | None = None) -> Connection:
    """Connect to a registry, creating its database on first use.

    Args:
        uri: Registry.
        tracking_uri: Where runs and artifacts are, if elsewhere.

    Raises:
        UsageProblem: If the URI is of a kind that cannot be used.
        EnvironmentProblem: If mlflow is missing, or the registry cannot be reached within 15 seconds.
    """
    scheme = uri.partition(":")[0]
    if scheme not in _SCHEMES:
        raise UsageProblem(
            f"a registry cannot be opened at {uri!r}",
            hint="MLFLOW_TRACKING_URI is http(s)://HOST of an MLflow server, or sqlite:///PATH of a database",
        )
    tracking = tracking_uri or uri
    if (scheme == "sqlite") != tracking.startswith("sqlite:"):
        raise UsageProblem(
            "MLFLOW_TRACKING_URI and MLFLOW_REGISTRY_URI must both be servers or the same database",
            hint="unset MLFLOW_REGISTRY_URI: the registry is where the runs are",
        )
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    if scheme != "sqlite":
        server = RestServer(tracking, access_from(os.environ))
        # Fails within seconds, where MLflow's client would try for half a minute and answer with a stack of causes.
        server.get("/api/2.0/mlflow/experiments/search", {"max_results": "1"})
        runs, models = _clients(uri, tracking)
        return Connection(server.uri, runs, models, server, None)
    database = Path(uri.removeprefix("sqlite:///")).absolute()
    with _first_alone(database):
        return _open_database(uri, database)


@contextmanager
def reported(uri: str) -> Iterator[None]:
    """Turn what MLflow raises into an error that a person can act on; what is our own mistake stays as it is.

    Raises:
        Conflict: If something exists already.
        EnvironmentProblem: If it does not answer, refuses access, lacks what was named or failed itself.
    """
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        found = _translated(error, uri)
        if found is None:
            raise
        raise found from error


def is_missing(error: Exception) -> bool:
    """Whether an MlflowException says that there is no such thing."""
    return getattr(error, "error_code", "") == "RESOURCE_DOES_NOT_EXIST"


def _translated(error: Exception, uri: str) -> ReportedError | None:
    code = str(getattr(error, "error_code", ""))
    message = printable(str(error).removeprefix(f"{code}: "))
    if code == "RESOURCE_ALREADY_EXISTS":
        return Conflict(message)
    if (
        code in ("PERMISSION_DENIED", "UNAUTHENTICATED")
        or "error code 401" in message
        or "error code 403" in message
    ):
        return EnvironmentProblem(
            f"the registry at {uri} refuses this: {message}",
            hint="ask its owner for MANAGE on this model, as a model and as a prompt (deploy/README.md, Permissions), "
            "then run the same command again",
        )
    if "API request to" in message and "failed with" in message:
        return EnvironmentProblem(
            f"the registry at {uri} does not answer: {message}", hint="check MLFLOW_TRACKING_URI"
        )
    if code in ("RESOURCE_DOES_NOT_EXIST", "TEMPORARILY_UNAVAILABLE", "INTERNAL_ERROR"):
        hint = None
        if "mlflow db upgrade" in message:
            hint = f"it was made by another mlflow; back it up, then: mlflow db upgrade {uri}"
        return EnvironmentProblem(f"the registry at {uri}: {message}", hint=hint)
    return None


def _clients(uri: str, tracking: str) -> tuple[Any, Any]:
    try:
        from mlflow import MlflowClient
        from mlflow.tracking._model_registry.client import ModelRegistryClient
    except ImportError as error:
        raise EnvironmentProblem(
            f"writing to a registry needs mlflow ({error})", hint="pip install 'basehub[registry]'"
        ) from error
    with reported(uri):
        return MlflowClient(tracking_uri=tracking, registry_uri=uri), ModelRegistryClient(uri, tracking)


def _open_database(uri: str, database: Path) -> Connection:
    artifacts = database.parent / "artifacts"
    try:
        import sqlalchemy.exc
    except ImportError as error:
        raise EnvironmentProblem(
            f"a local registry needs the whole of mlflow ({error})", hint="pip install 'basehub[registry]'"
        ) from error
    try:
        _create(uri, artifacts, database)
        runs, models = _clients(uri, uri)
        with reported(uri):
            runs.search_experiments(max_results=1)
    except sqlalchemy.exc.SQLAlchemyError as error:
        raise EnvironmentProblem(
            f"{database} is not a registry that can be read ({str(error).splitlines()[0]})",
            hint="move it away to begin a new one, or restore a copy",
        ) from error
    return Connection(uri, runs, models, None, artifacts)


def _create(uri: str, artifacts: Path, database: Path) -> None:
    """Create the tables if the database is new."""
    if database.exists() and database.stat().st_size > 0:
        return
    logger = logging.getLogger("mlflow.store.db.utils")
    level = logger.level
    try:
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        # Announces each table on standard error, which is noise to whoever runs `hub sync`.
        logger.setLevel(logging.WARNING)
        SqlAlchemyStore(uri, artifacts.as_uri())
    except ImportError as error:
        raise EnvironmentProblem(
            f"a local registry needs mlflow ({error})", hint="pip install 'basehub[registry]'"
        ) from error
    finally:
        logger.setLevel(level)


@contextmanager
def _first_alone(database: Path) -> Iterator[None]:
    """Let one process at a time open a database: MLflow's schema creation fails when two run at once.

    SQLite's own lock on a file beside it: it works on every system and ends with the process.
    """
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        lock = sqlite3.connect(database.with_name(f"{database.name}.lock"), timeout=120, isolation_level=None)
    except (OSError, sqlite3.Error) as error:
        raise EnvironmentProblem(
            f"the registry {database} cannot be written ({error})", hint="set HUB_HOME to a folder of yours"
        ) from error
    try:
        lock.execute("BEGIN EXCLUSIVE")
        yield
    except sqlite3.Error as error:
        raise EnvironmentProblem(f"the registry {database} is locked by another process ({error})") from error
    finally:
        lock.close()
