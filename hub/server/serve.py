"""Showing the hub's own store in the MLflow UI: one `mlflow server` on the database and the folder under HUB_HOME.

In: the home and where to listen. Out: a handle with the address; leaving it ends the server. Invariants: it answers to
its own exact names only, runs no jobs and no code of users, and reads and writes the very files that the command line
does, so both can be used at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import httpx

from evaluators.errors import EnvironmentProblem, UsageProblem
from hub.home import Home
from hub.registry.access import Access
from hub.registry.connection import connect
from hub.registry.rest import RestServer

_START_SECONDS = 120.0
_STOP_SECONDS = 15.0


@dataclass(frozen=True, eq=False)
class Serving:
    """A server that answers.

    Attributes:
        url: Where.
        log: What it writes.
        process: Its process.
    """

    url: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def models(self) -> str:
        """Address of the list of models, in the UI's view of models rather than that of agents."""
        return f"{self.url}/#/models?workflowType=machine_learning"

    def wait(self) -> int:
        """Return its exit code when it ends."""
        return self.process.wait()

    def stop(self) -> None:
        """End it and its workers."""
        if self.process.poll() is None:
            self._signal(signal.SIGTERM)
            try:
                self.process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._signal(signal.SIGKILL)
                self.process.wait()

    def _signal(self, number: signal.Signals) -> None:
        # Its own process group: the workers go with it, and a Ctrl-C at the terminal reaches us alone.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


@contextlib.contextmanager
def serve(
    home: Home, port: int, host: str = "127.0.0.1", *, environment: Mapping[str, str] | None = None
) -> Iterator[Serving]:
    """Run an MLflow server on the hub's store until the context is left.

    Args:
        home: Whose store.
        port: Where to listen; 0 chooses a free port.
        host: Address to listen on. Anything but this machine's own shows the store to the network, without accounts.
        environment: Variables; the process's own by default.

    Raises:
        UsageProblem: If MLFLOW_TRACKING_URI names a server: it is there already.
        EnvironmentProblem: If mlflow is missing, the port is taken, or the server does not come up.
    """
    variables = os.environ if environment is None else environment
    address = variables.get("MLFLOW_TRACKING_URI", "")
    if address.startswith(("http://", "https://")):
        raise UsageProblem(
            f"the registry is a server already: open {RestServer(address, Access()).uri}",
            hint="unset MLFLOW_TRACKING_URI to serve your own",
        )
    home.ready()
    chosen = _free_port(host, port)
    uri = address or f"sqlite:///{home.registry / 'mlflow.db'}"
    # Makes the tables under our lock: the server's workers would race each other.
    store = connect(uri)
    assert store.artifacts is not None
    with _ended_by_sigterm():
        serving = _start(uri, store.artifacts, (host, chosen), home.root / "logs" / "server.log")
        try:
            _await(serving)
            yield serving
        finally:
            serving.stop()


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end this process in an orderly way: by default it would leave the server running without us."""
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread may say what a signal does.
        yield
        return
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _start(uri: str, artifacts: Path, at: tuple[str, int], log: Path) -> Serving:
    host, port = at
    log.parent.mkdir(parents=True, exist_ok=True)
    names = dict.fromkeys((host, "127.0.0.1", "localhost"))
    command = [
        *(
            sys.executable,
            "-P",
            "-m",
            "mlflow",
            "server",
            "--host",
            host,
            "--port",
            str(port),
            "--workers",
            "1",
        ),
        *("--backend-store-uri", uri, "--artifacts-destination", artifacts.as_uri()),
    ]
    secured = {
        "MLFLOW_SERVER_ALLOWED_HOSTS": ",".join(f"{name}:{port}" for name in names),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_MODEL_CATALOG_URI": "",
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    with log.open("wb") as stream:
        process = subprocess.Popen(  # noqa: S603  (our own interpreter, no shell)
            command,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env=inherited | secured,
            start_new_session=True,
        )
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104  (compared, not bound)
    return Serving(f"http://{shown}:{port}", log, process)


def _await(serving: Serving) -> None:
    """Return when the server answers.

    Raises:
        EnvironmentProblem: If it ends or stays silent.
    """
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if serving.process.poll() is not None:
            break
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{serving.url}/health", timeout=2.0).is_success:
                return
        time.sleep(0.1)
    last = serving.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    raise EnvironmentProblem(
        f"the MLflow server did not come up on {serving.url}" + (f": {last[0][:200]}" if last else ""),
        hint=f"its output is in {serving.log}; another port: hub server --port 0",
    )


def _free_port(host: str, port: int) -> int:
    """Return the port, or a free one for 0.

    Raises:
        EnvironmentProblem: If it cannot be listened on.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return int(probe.getsockname()[1])
    except OSError as error:
        raise EnvironmentProblem(
            f"cannot listen on {host}:{port} ({error.strerror})", hint="choose another: hub server --port 0"
        ) from error
