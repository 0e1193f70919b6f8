"""Speaking HTTP: retries, time limits and answers that are not MLflow's, over real sockets."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from evaluators.errors import EnvironmentProblem, IntegrityError
from hub.home import Home
from hub.registry.open import reader_at
from hub.registry.rest_registry import RestRegistry
from tests.hub.registry.stub import MISSING, MODEL, Answer, Stub, as_json, listening


@pytest.fixture
def stub() -> Iterator[Stub]:
    with listening() as made:
        yield made


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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


@pytest.mark.parametrize(
    ("configured", "shown"),
    [("", None), ("http://other", None), ("ITSELF", "Bearer secret"), ("ITSELF/", "Bearer secret")],
)
def test_what_gives_access_to_one_server_is_not_shown_to_another(stub, tmp_path, configured, shown):
    configured = configured.replace("ITSELF", stub.url)
    environment = {"MLFLOW_TRACKING_TOKEN": "secret", "MLFLOW_TRACKING_URI": configured}
    reader_at(stub.url, environment, Home(tmp_path)).model("m")
    assert [asked.authorization for asked in stub.requests] == [shown]


def test_a_reader_in_a_hurry_asks_once(stub, tmp_path):
    stub.answer = lambda _path: (503, "text/plain", b"later")
    with pytest.raises(EnvironmentProblem):
        reader_at(stub.url, {}, Home(tmp_path), seconds=2).model("m")
    assert len(stub.requests) == 1
