"""The two processes of deploy/compose.yaml on this machine."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.compose_file import services
from tests.deploy.deployment import PASSWORD, Deployment
from tests.deploy.postgres import database


@pytest.fixture(scope="module")
def deployment(tmp_path_factory) -> Iterator[Deployment]:
    """PostgreSQL and MLflow, both well."""
    folder = tmp_path_factory.mktemp("deployment")
    (folder / "artifacts").mkdir()
    database_port, port = _free_port(), _free_port()
    # What differs from the containers, and all that does.
    programs = {
        "mlflow": str(Path(sys.executable).parent / "mlflow"),
        "python": sys.executable,
        "pg_isready": "pg_isready",
    }
    places = {
        "0.0.0.0": "127.0.0.1",
        "5000": str(port),
        "127.0.0.1:5000": f"127.0.0.1:{port}",
        "5432": str(database_port),
        "postgres:5432": f"127.0.0.1:{database_port}",
        "file:///artifacts": (folder / "artifacts").as_uri(),
    }
    described = services({"HUB_DATABASE_PASSWORD": PASSWORD})
    postgres, mlflow = (described[name].here(programs, places) for name in ("postgres", "mlflow"))
    with database(postgres.environment, database_port, postgres.check) as programs:
        made = Deployment(f"http://127.0.0.1:{port}", folder, programs, mlflow, database_port)
        made.start()
        try:
            yield made
        finally:
            made.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
