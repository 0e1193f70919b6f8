"""Talking to an MLflow server over HTTP: credentials as MLFLOW_TRACKING_* names them, bounded time, clear errors.

In: a server's address and credentials. Out: JSON, or the bytes of one artifact as they arrive. Invariants: a server
that does not answer is told within 15 seconds; a credential is never sent to another host and never shown.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import httpx

from evaluators.errors import EnvironmentProblem

BLOCK = 1 << 20

_TRIES = 3
#: No further try once this many seconds have gone by: one more may take as long as `_METADATA` allows.
_PATIENCE = 5.0
_METADATA = httpx.Timeout(10.0, connect=3.5)
#: A server that copies a file from its own object store first says nothing for as long as that takes.
_ARTIFACTS = httpx.Timeout(300.0, connect=3.5)
_TRANSIENT = frozenset({408, 429, 502, 503, 504})


@dataclass(frozen=True)
class Access:
    """How a server is to be spoken to.

    Attributes:
        username: For basic authentication, with `password`.
        password: Its password.
        token: Bearer token, used where there is no username.
        verify: False to accept any certificate.
        authorities: File of the certificate authorities to trust instead of the usual ones.
        workspace: MLflow workspace, where the server has them.
        seconds: Give up after so long without an answer, and do not try again; None: as long as a person waits.
    """

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    verify: bool = True
    authorities: str | None = None
    workspace: str | None = None
    seconds: float | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries beside basic authentication."""
        headers = {"X-MLFLOW-WORKSPACE": self.workspace} if self.workspace else {}
        if self.token and not self.username:
            headers["Authorization"] = f"Bearer {self.token}"
        return headers


class NotFound(Exception):
    """The server says that there is no such thing."""


class RestServer:
    """One MLflow server."""

    def __init__(self, uri: str, access: Access) -> None:
        parts = urlsplit(uri)
        try:
            httpx.URL(uri)
        except httpx.InvalidURL as error:
            raise EnvironmentProblem(
                f"the registry's address is no URL ({error})", hint="check MLFLOW_TRACKING_URI"
            ) from error
        host = parts.netloc.rpartition("@")[2]
        self.uri = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self._headers = access.headers
        hurried = httpx.Timeout(access.seconds) if access.seconds else None
        self._metadata, self._artifacts = hurried or _METADATA, hurried or _ARTIFACTS
        self._tries = 1 if hurried else _TRIES
        username = access.username or parts.username
        self._auth = httpx.BasicAuth(username, access.password or parts.password or "") if username else None
        self._tls = _tls(access) if parts.scheme == "https" else False

    @property
    def host(self) -> str:
        """`host:port`, as MLflow writes it into artifact locations."""
        return urlsplit(self.uri).netloc

    def get(self, path: str, params: Mapping[str, str]) -> dict[str, object]:
        """Return the JSON answer to a GET.

        Raises:
            NotFound: If there is no such thing.
            EnvironmentProblem: If the server does not answer, or refuses.
        """
        with self._client(self._metadata) as client:
            response = self._send(client, client.build_request("GET", self.uri + path, params=dict(params)))
            try:
                self._check(response)
                response.read()
                value = response.json()
            except httpx.HTTPError as error:
                raise self._unreachable(error, "broke off in the middle of an answer") from error
            except ValueError as error:
                raise self._no_mlflow(response) from error
            finally:
                response.close()
        if not isinstance(value, dict):
            raise self._no_mlflow(response)
        return value

    def stream(self, path: str, params: Mapping[str, str]) -> Iterator[bytes]:
        """Yield the body of a GET in blocks of at most 1 MiB; errors as `get`."""
        with self._client(self._artifacts) as client:
            request = client.build_request("GET", self.uri + path, params=dict(params))
            response = self._send(client, request)
            try:
                self._check(response)
                yield from response.iter_bytes(BLOCK)
            except httpx.HTTPError as error:
                raise self._unreachable(error, "broke off in the middle of a file") from error
            finally:
                response.close()

    def upload(self, path: str, file: Path) -> None:
        """PUT the bytes of a file; errors as `get`."""
        length = {"Content-Length": str(file.stat().st_size), "Content-Type": "application/octet-stream"}
        with self._client(self._artifacts) as client, file.open("rb") as stream:
            blocks = iter(lambda: stream.read(BLOCK), b"")
            try:
                response = client.put(self.uri + path, content=blocks, headers=length)
            except httpx.HTTPError as error:
                raise self._unreachable(error, "broke off in the middle of an upload") from error
            self._check(response)

    def _client(self, timeout: httpx.Timeout) -> httpx.Client:
        # One client a request: a connection that is kept open would outlive the value that holds it.
        return httpx.Client(headers=self._headers, auth=self._auth, verify=self._tls, timeout=timeout)

    def _send(self, client: httpx.Client, request: httpx.Request) -> httpx.Response:
        """Send a request that changes nothing, again while there is time; the body is read by the caller."""
        deadline = time.monotonic() + _PATIENCE
        for attempt in range(self._tries):
            final = attempt == self._tries - 1
            try:
                response = client.send(request, stream=True)
                if final or response.status_code not in _TRANSIENT or time.monotonic() > deadline:
                    return response
                response.close()
            except httpx.HTTPError as error:
                if final or time.monotonic() > deadline:
                    raise self._unreachable(error, "does not answer") from error
            time.sleep(0.2 * (attempt + 1))
        raise AssertionError("the last attempt returns or raises")

    def _check(self, response: httpx.Response) -> None:
        if response.is_success:
            return
        detail = _error_of(response)
        if detail.get("error_code") == "RESOURCE_DOES_NOT_EXIST":
            raise NotFound(detail.get("message", ""))
        if response.status_code in (401, 403):
            raise EnvironmentProblem(
                f"the registry at {self.uri} refuses access ({response.status_code})",
                hint="set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN",
            )
        if not detail:
            raise self._no_mlflow(response)
        raise EnvironmentProblem(
            f"the registry at {self.uri} answers {response.status_code}: {detail.get('message', '')[:300]}"
        )

    def _no_mlflow(self, response: httpx.Response) -> EnvironmentProblem:
        return EnvironmentProblem(
            f"{self.uri} answers {response.status_code}, but not as an MLflow server does",
            hint="check MLFLOW_TRACKING_URI; behind a proxy it needs the path prefix too",
        )

    def _unreachable(self, error: httpx.HTTPError, what: str) -> EnvironmentProblem:
        return EnvironmentProblem(
            f"the registry at {self.uri} {what} ({type(error).__name__})",
            hint="check MLFLOW_TRACKING_URI and the network; without a server, unset it to use a local registry",
        )


def access_from(environment: Mapping[str, str]) -> Access:
    """Return the access that MLflow's own variables describe."""
    insecure = environment.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("true", "1")
    return Access(
        username=environment.get("MLFLOW_TRACKING_USERNAME"),
        password=environment.get("MLFLOW_TRACKING_PASSWORD"),
        token=environment.get("MLFLOW_TRACKING_TOKEN"),
        verify=not insecure,
        authorities=environment.get("MLFLOW_TRACKING_SERVER_CERT_PATH"),
        workspace=environment.get("MLFLOW_WORKSPACE"),
    )


def quoted(path: str) -> str:
    """Return a POSIX path as it stands in a URL."""
    return quote(path, safe="/")


def _tls(access: Access) -> ssl.SSLContext | bool:
    if not access.verify:
        return False
    try:
        return ssl.create_default_context(cafile=access.authorities) if access.authorities else True
    except OSError as error:
        raise EnvironmentProblem(
            f"MLFLOW_TRACKING_SERVER_CERT_PATH {access.authorities} cannot be read ({error})"
        ) from error


def _error_of(response: httpx.Response) -> dict[str, str]:
    """Return MLflow's error document, or {} if the answer is something else."""
    try:
        response.read()
        value = response.json()
    except (httpx.HTTPError, ValueError):
        return {}
    if not isinstance(value, dict) or "error_code" not in value:
        return {}
    return {key: str(item) for key, item in value.items()}
