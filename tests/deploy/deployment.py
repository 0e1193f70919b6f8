"""What a test of the deployment has at hand: the server that runs, and the command line of people who use it."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.deploy.compose_file import Service
from tests.deploy.processes import Start, running, tail

ROOT = Path(__file__).parents[2]
#: Every character of it would have to be quoted in a URL or a shell.
PASSWORD = "a@b:c/d e$f%41'"

#: What a person has beside the variables of this product.
_KEPT = ("PATH", "LANG", "OMP_NUM_THREADS", "PYTHONPATH", "SSL_CERT_FILE", "TMPDIR", "HUB_DATA")


@dataclass
class Deployment:
    """MLflow on PostgreSQL, started as compose.yaml starts it.

    Attributes:
        url: Address of MLflow.
        folder: Its artifacts and logs.
        postgres: Programs of PostgreSQL.
        mlflow: The service with the places of this machine.
        database_port: Where PostgreSQL listens.
    """

    url: str
    folder: Path
    postgres: Path
    mlflow: Service
    database_port: int
    _server: ExitStack = field(default_factory=ExitStack)

    @property
    def log(self) -> Path:
        return self.folder / "mlflow.log"

    def start(self) -> None:
        """Start MLflow and wait until its health check passes."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), **self.mlflow.environment}
        # In the image the package is installed; here it lies in the checkout.
        environment["PYTHONPATH"] = str(ROOT)
        start = Start(self.mlflow.command, environment, self.mlflow.check, self.log)
        self._server.enter_context(running(start))

    def stop(self) -> None:
        """End MLflow; PostgreSQL goes on."""
        self._server.close()


@dataclass(frozen=True)
class Person:
    """Somebody at a command line, with a HUB_HOME of their own."""

    folder: Path
    deployment: Deployment
    catalog: Path | None = None

    def hub(self, *arguments: str, code: int = 0) -> str:
        """Run `hub ARGUMENTS` in their folder and return what it prints.

        Raises:
            AssertionError: With all that was said, if it does not end with `code`.
        """
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment |= {
            "PYTHONPATH": str(ROOT),
            "HUB_HOME": str(self.folder / "home"),
            "HOME": str(self.folder),
            "MLFLOW_TRACKING_URI": self.deployment.url,
        }
        if self.catalog is not None:
            environment["HUB_CATALOG"] = str(self.catalog)
        done = subprocess.run(
            [sys.executable, "-P", "-m", "hub.cli", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, (
            f"hub {' '.join(arguments)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}\n"
            f"--- the server ---\n{tail(self.deployment.log)}"
        )
        return done.stdout
