"""Being let in: what MLflow's variables say reaches the server, and what stands before a server is told."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from evaluators.errors import EnvironmentProblem
from hub.registry.access import Access, access_from
from hub.registry.rest_registry import RestRegistry
from tests.hub.registry import certificates
from tests.hub.registry.stub import Stub, as_json, listening

ROOT = Path(__file__).parents[3]
LOGIN = b"<html><title>Sign in</title><form action=/login><input type='password'></form></html>"


@pytest.fixture
def stub() -> Iterator[Stub]:
    with listening() as made:
        yield made


@pytest.fixture(scope="module")
def issued(tmp_path_factory) -> certificates.Certificates:
    return certificates.make(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize(
    ("environment", "header"),
    [
        ({"MLFLOW_TRACKING_USERNAME": "ana", "MLFLOW_TRACKING_PASSWORD": "pw"}, "Basic YW5hOnB3"),
        ({"MLFLOW_TRACKING_TOKEN": "secret"}, "Bearer secret"),
        # As in MLflow: a name without a password does not hide the token.
        ({"MLFLOW_TRACKING_USERNAME": "ana", "MLFLOW_TRACKING_TOKEN": "secret"}, "Bearer secret"),
        ({}, None),
    ],
    ids=["basic", "token", "name and token", "none"],
)
def test_credentials_are_those_of_mlflow(stub, environment, header):
    assert RestRegistry(stub.url, access_from(environment)).model("m").aliases == {"approved": 2}
    assert stub.requests[0].authorization == header


def test_credentials_in_mlflows_own_file_are_used(stub, tmp_path):
    (tmp_path / ".mlflow").mkdir()
    (tmp_path / ".mlflow" / "credentials").write_text(
        "[mlflow]\nmlflow_tracking_username = ana\nmlflow_tracking_password = p%w\n"
    )
    RestRegistry(stub.url, access_from({"HOME": str(tmp_path)})).model("m")
    assert stub.requests[0].authorization == "Basic YW5hOnAldw=="


def test_credentials_in_the_address_are_used_and_never_shown(stub):
    registry = RestRegistry(stub.url.replace("http://", "http://ana:p%77@"))
    registry.model("m")
    assert stub.requests[0].authorization == "Basic YW5hOnB3"
    assert registry.uri == stub.url
    assert "pw" not in repr(Access(username="ana", password="pw", token="pw"))
    assert "pw" not in Access(username="ana", password="pw").kind + Access(token="pw").kind


def test_a_proxy_is_told_that_no_page_is_wanted(stub):
    RestRegistry(stub.url).model("m")
    assert stub.requests[0].headers["Accept"] == "application/json"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            (302, {"Location": "https://idp.example.org/authorize?client_id=1"}, b""),
            r"answered with a sign-in page \(it sends to idp\.example\.org\); asked with no credentials",
        ),
        ((302, {"Location": "/oauth2/start?rd=%2F"}, b""), r"answered with a sign-in page \(it sends to 127"),
        ((200, "text/html; charset=utf-8", LOGIN), "answered with a sign-in page; asked with no credentials"),
        ((403, "text/html", LOGIN), r"refuses access \(403 with a sign-in page\)"),
        ((401, "text/plain", b""), r"refuses access \(401\); asked with no credentials"),
    ],
    ids=["to an identity provider", "to the proxy's own page", "a page", "403 with a page", "401"],
)
def test_a_sign_in_page_is_told_with_what_to_set(stub, answer, words):
    stub.answer = lambda _path: answer
    with pytest.raises(EnvironmentProblem, match=words) as told:
        RestRegistry(stub.url).model("m")
    assert "MLFLOW_TRACKING_TOKEN" in (told.value.hint or "")
    assert len(stub.requests) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            as_json({"error_code": "PERMISSION_DENIED", "message": "Permission denied"}, 403),
            r"refuses access \(403: Permission denied\); asked with no credentials",
        ),
        ((401, "text/plain", b"You are not\nauthenticated."), r"\(401: You are not authenticated\.\)"),
        ((403, "text/plain", b"\x1b]0;own\x07\x1b[2J\xc2\x9bhello"), r"\(403: \]0;own \[2J hello\)"),
        (as_json({"error_code": "INTERNAL_ERROR", "message": "a\x1b[2Jb"}, 500), r"answers 500: a \[2Jb$"),
    ],
    ids=["json", "text", "escapes in text", "escapes in json"],
)
def test_what_a_refusal_says_is_told(stub, answer, words):
    stub.answer = lambda _path: answer
    with pytest.raises(EnvironmentProblem, match=words):
        RestRegistry(stub.url).model("m")


def test_a_server_that_does_not_know_its_name_is_told(server, stub):
    """In MLflow's own words: the name by which people reach it must be among --allowed-hosts."""
    search = f"{server}/api/2.0/mlflow/experiments/search?max_results=1"
    refusal = httpx.get(search, headers={"Host": "mlflow.example.org"})
    stub.answer = lambda _path: (refusal.status_code, refusal.headers["Content-Type"], refusal.content)
    with pytest.raises(EnvironmentProblem, match=r"does not know itself by that name \(Invalid Host") as told:
        RestRegistry(stub.url).model("m")
    assert "--allowed-hosts" in (told.value.hint or "")


def test_a_token_that_is_not_taken_is_named_and_not_shown(stub):
    stub.answer = lambda _path: (302, {"Location": "https://idp.example.org/"}, b"")
    with pytest.raises(EnvironmentProblem, match="asked with a token") as told:
        RestRegistry(stub.url, Access(token="secret")).model("m")
    assert "secret" not in told.value.message + (told.value.hint or "")


def test_a_token_is_not_sent_to_where_a_redirect_leads(stub):
    with listening() as other:
        stub.answer = lambda path: (302, {"Location": other.url + path}, b"")
        with pytest.raises(EnvironmentProblem, match=f"has moved to {re.escape(other.url)}") as told:
            RestRegistry(stub.url, Access(token="secret")).model("m")
        assert other.requests == []
    assert told.value.hint == f"export MLFLOW_TRACKING_URI={other.url}"


def test_a_server_that_moved_is_told_with_its_path_prefix(stub):
    stub.answer = lambda path: (308, {"Location": f"https://new.example.org{path}"}, b"")
    with pytest.raises(EnvironmentProblem, match="has moved to") as told:
        RestRegistry(f"{stub.url}/ml").model("m")
    assert told.value.hint == "export MLFLOW_TRACKING_URI=https://new.example.org/ml"


def test_an_authority_of_the_organization_is_trusted_where_it_is_named(issued):
    with listening(issued.context(client=False)) as stub:
        for variable in ("MLFLOW_TRACKING_SERVER_CERT_PATH", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            access = access_from({variable: str(issued.authority)})
            assert RestRegistry(stub.url, access).model("m") is not None
        insecure = access_from({"MLFLOW_TRACKING_INSECURE_TLS": "true"})
        assert RestRegistry(stub.url, insecure).model("m") is not None


def test_a_certificate_that_is_not_trusted_is_told_at_once(issued):
    with listening(issued.context(client=False)) as stub:
        start = time.monotonic()
        with pytest.raises(
            EnvironmentProblem, match=r"certificate of https://\S+ is not trusted here"
        ) as told:
            RestRegistry(stub.url, Access(token="secret")).model("m")
        assert "MLFLOW_TRACKING_SERVER_CERT_PATH" in (told.value.hint or "")
        assert time.monotonic() - start < 2
        assert stub.requests == []


def test_a_client_certificate_is_shown_to_a_server_that_wants_one(issued):
    with listening(issued.context(client=True)) as stub:
        trusting = {"MLFLOW_TRACKING_SERVER_CERT_PATH": str(issued.authority)}
        with pytest.raises(EnvironmentProblem, match="wants a client certificate") as told:
            RestRegistry(stub.url, access_from(trusting)).model("m")
        assert "MLFLOW_TRACKING_CLIENT_CERT_PATH" in (told.value.hint or "")
        access = access_from(trusting | {"MLFLOW_TRACKING_CLIENT_CERT_PATH": str(issued.client)})
        assert RestRegistry(stub.url, access).model("m") is not None


@pytest.mark.parametrize("variable", ["MLFLOW_TRACKING_SERVER_CERT_PATH", "MLFLOW_TRACKING_CLIENT_CERT_PATH"])
def test_a_file_of_certificates_that_is_not_there_is_told(variable, tmp_path):
    with pytest.raises(EnvironmentProblem, match=r"none\.pem cannot be read") as told:
        RestRegistry("https://mlflow.example.org", access_from({variable: str(tmp_path / "none.pem")}))
    assert variable in (told.value.hint or "")


def test_a_plugin_that_is_not_installed_is_told():
    with pytest.raises(EnvironmentProblem, match="no MLflow plugin signs requests as 'nobody'"):
        RestRegistry("http://127.0.0.1:1", access_from({"MLFLOW_TRACKING_AUTH": "nobody"}))


@pytest.mark.slow
def test_installed_plugins_of_mlflow_add_headers_and_sign_for_both_clients(stub, tmp_path):
    """The example of deploy/README.md, installed beside basehub: what mlflow's own client sends, a pull sends too."""
    _install_plugin(tmp_path)
    code = f"""
from hub.registry.access import access_from
from hub.registry.rest_registry import RestRegistry
import os
RestRegistry({stub.url!r}, access_from(os.environ)).model("m")
from mlflow import MlflowClient
MlflowClient({stub.url!r}, {stub.url!r}).get_registered_model("m")
"""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(tmp_path))),
        "PROXY_CLIENT_ID": "me",
        "PROXY_CLIENT_SECRET": "secret",
        "MLFLOW_TRACKING_AUTH": "example",
    }
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True)
    ours, mlflows = stub.requests[0], stub.requests[-1]
    for asked in (ours, mlflows):
        assert asked.headers["X-Client-Id"] == "me"
        assert asked.headers["X-Client-Secret"] == "secret"
        assert asked.authorization == f"Signed {asked.path.partition('?')[0]}"
    assert len(stub.requests) == 2


def _install_plugin(folder: Path) -> None:
    """Put a distribution into a folder: the module that deploy/README.md shows, and one that signs."""
    readme = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
    shown = re.search(r"^```python\n(# proxy_headers\.py\n.*?)^```", readme, re.MULTILINE | re.DOTALL)
    assert shown is not None
    (folder / "proxy_headers.py").write_text(shown[1], encoding="utf-8")
    (folder / "example_auth.py").write_text(
        "from mlflow.tracking.request_auth.abstract_request_auth_provider import RequestAuthProvider\n"
        "from urllib.parse import urlsplit\n"
        "def sign(request):\n"
        "    request.headers['Authorization'] = 'Signed ' + urlsplit(request.url).path\n"
        "    return request\n"
        "class Provider(RequestAuthProvider):\n"
        "    def get_name(self):\n        return 'example'\n"
        "    def get_auth(self):\n        return sign\n"
    )
    information = folder / "proxy_headers-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: proxy-headers\nVersion: 1\n")
    points = re.search(r"^```toml\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    assert points is not None
    lines = [line for line in points[1].splitlines() if "=" in line and "proxy_headers:" in line]
    (information / "entry_points.txt").write_text(
        "[mlflow.request_header_provider]\n"
        + "\n".join(line.replace('"', "") for line in lines)
        + "\n[mlflow.request_auth_provider]\nexample = example_auth:Provider\n"
    )
    assert json.dumps(lines) != "[]"
