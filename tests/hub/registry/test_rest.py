"""Speaking HTTP: credentials, retries, time limits and answers that are not MLflow's, over real sockets."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from evaluators.errors import EnvironmentProblem, IntegrityError
from hub.registry.rest import Access, access_from
from hub.registry.rest_registry import RestRegistry

Answer = tuple[int, str, bytes]
MODEL = {"registered_model": {"name": "m", "tags": [], "aliases": [{"alias": "approved", "version": "2"}]}}
MISSING = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such thing"}


@dataclass
class Stub:
    """A server that answers what it is told to."""

    url: str
    answer: Callable[[str], Answer] = lambda _path: (200, "application/json", json.dumps(MODEL).encode())
    requests: list[tuple[str, str | None]] = field(default_factory=list)


@pytest.fixture
def stub() -> Iterator[Stub]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.requests.append((self.path, self.headers.get("Authorization")))
            status, kind, body = made.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        made = Stub(f"http://127.0.0.1:{listening.server_port}")
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        listening.shutdown()
        thread.join()


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def as_json(value: object, status: int = 200) -> Answer:
    return status, "application/json", json.dumps(value).encode()


@pytest.mark.parametrize(
    ("environment", "header"),
    [
        ({"MLFLOW_TRACKING_USERNAME": "ana", "MLFLOW_TRACKING_PASSWORD": "pw"}, "Basic YW5hOnB3"),
        ({"MLFLOW_TRACKING_TOKEN": "secret"}, "Bearer secret"),
        ({}, None),
    ],
    ids=["basic", "token", "none"],
)
def test_credentials_are_those_of_mlflow(stub, environment, header):
    assert RestRegistry(stub.url, access_from(environment)).model("m").aliases == {"approved": 2}
    assert stub.requests[0][1] == header


def test_credentials_in_the_address_are_used_and_never_shown(stub):
    registry = RestRegistry(stub.url.replace("http://", "http://ana:pw@"))
    registry.model("m")
    assert stub.requests[0][1] == "Basic YW5hOnB3"
    assert registry.uri == stub.url
    assert "pw" not in repr(Access(username="ana", password="pw"))


def test_a_path_prefix_is_kept(stub):
    RestRegistry(f"{stub.url}/mlflow/").model("m")
    assert stub.requests[0][0].startswith("/mlflow/api/2.0/mlflow/registered-models/get?")


def test_a_server_that_stumbles_is_asked_again(stub):
    answers = iter([(503, "text/html", b""), (429, "text/html", b"")])
    stub.answer = lambda _path: next(answers, as_json(MODEL))
    assert RestRegistry(stub.url).model("m") is not None
    assert len(stub.requests) == 3


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((401, "text/html", b"who are you"), "refuses access"),
        (as_json({"error_code": "PERMISSION_DENIED", "message": "no"}, 403), "refuses access"),
        ((200, "text/html", b"<html>a proxy</html>"), "not as an MLflow server does"),
        ((200, "application/json", b"[1]"), "not as an MLflow server does"),
        ((404, "text/html", b"nothing here"), "not as an MLflow server does"),
        (as_json({"error_code": "INTERNAL_ERROR", "message": "disk full"}, 500), "disk full"),
    ],
    ids=["401", "403", "html", "list", "404", "500"],
)
def test_answers_that_do_not_help_are_told(stub, answer, words):
    stub.answer = lambda _path: answer
    with pytest.raises(EnvironmentProblem, match=words):
        RestRegistry(stub.url).model("m")


def test_a_closed_port_is_told_at_once(closed_port):
    start = time.monotonic()
    with pytest.raises(EnvironmentProblem, match="does not answer") as told:
        RestRegistry(f"http://127.0.0.1:{closed_port}").model("m")
    assert "MLFLOW_TRACKING_URI" in (told.value.hint or "")
    assert time.monotonic() - start < 5


@pytest.mark.slow
def test_a_server_that_accepts_and_says_nothing_is_told_within_15_seconds():
    start = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(EnvironmentProblem, match="does not answer"):
            RestRegistry(url).model("m")
    assert time.monotonic() - start < 15


def version(source: str) -> Callable[[str], Answer]:
    found = {"model_version": {"name": "m", "version": "1", "source": source, "run_id": "", "tags": []}}

    def answer(path: str) -> Answer:
        if "model-versions/get?" in path:
            return as_json(found)
        return (200, "application/octet-stream", b"bytes") if "artifact" in path else as_json(MISSING, 404)

    return answer


@pytest.mark.parametrize(
    ("source", "route"),
    [
        (
            "mlflow-artifacts:/1/run/artifacts/version",
            "/api/2.0/mlflow-artifacts/artifacts/1/run/artifacts/version/a.bin",
        ),
        ("mlflow-artifacts://elsewhere:99/1/x", "/model-versions/get-artifact?name=m&version=1&path=a.bin"),
        ("s3://bucket/x", "/model-versions/get-artifact?name=m&version=1&path=a.bin"),
        ("http://elsewhere/x", "/model-versions/get-artifact?name=m&version=1&path=a.bin"),
    ],
)
def test_bytes_come_from_this_server_alone_whatever_a_source_says(stub, source, route):
    stub.answer = version(source)
    assert b"".join(RestRegistry(stub.url).artifact("m", 1, "a.bin")) == b"bytes"
    assert stub.requests[-1][0] == route


def test_a_body_that_breaks_off_is_an_error(stub):
    def answer(path: str) -> Answer:
        return version("s3://b/x")(path)

    stub.answer = answer
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_cut_short, args=(listening,))
        thread.start()
        registry = RestRegistry(f"http://127.0.0.1:{listening.getsockname()[1]}")
        registry._sources["m", 1] = ("s3://b/x", "")
        with pytest.raises(EnvironmentProblem, match="broke off"):
            list(registry.artifact("m", 1, "a.bin"))
        thread.join()


def _cut_short(listening: socket.socket) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")


def test_an_artifact_that_the_server_lacks_is_an_integrity_error(stub):
    found = version("mlflow-artifacts:/1/x")
    stub.answer = lambda path: found(path) if "model-versions/get?" in path else as_json(MISSING, 404)
    with pytest.raises(IntegrityError, match=r"m version 1 has no artifact a\.bin"):
        list(RestRegistry(stub.url).artifact("m", 1, "a.bin"))
