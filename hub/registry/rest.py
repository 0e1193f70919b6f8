"""Talking to an MLflow server over HTTP: credentials as MLFLOW_TRACKING_* names them, bounded time, clear errors.

In: a server's address and credentials. Out: JSON, or the bytes of one artifact as they arrive. Invariants: a server
that does not answer is told within 15 seconds; a credential is never sent to another host and never shown.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import httpx

from evaluators.errors import EnvironmentProblem
from evaluators.names import printable
from hub.registry.access import Access
from hub.registry.answers import not_mlflow, tls_failure, unreachable

BLOCK = 1 << 20

_MOST_PAGES = 1000

_TRIES = 3
#: No further try once this many seconds have gone by: one more may take as long as `_METADATA` allows.
_PATIENCE = 5.0
_METADATA = httpx.Timeout(10.0, connect=3.5)
#: A server that copies a file from its own object store first says nothing for as long as that takes.
_ARTIFACTS = httpx.Timeout(300.0, connect=3.5)
_TRANSIENT = frozenset({408, 429, 502, 503, 504})


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
        hurried = httpx.Timeout(access.seconds) if access.seconds else None
        self._metadata, self._artifacts = hurried or _METADATA, hurried or _ARTIFACTS
        self._tries = 1 if hurried else _TRIES
        self._access = access
        self._auth = access.auth()
        if self._auth is None and parts.username:
            self._auth = httpx.BasicAuth(unquote(parts.username), unquote(parts.password or ""))
        self._tls: ssl.SSLContext | bool = access.tls() if parts.scheme == "https" else False

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
            # Proxies answer a program, which says that it wants no page, without sending it to sign in.
            wanted = {"Accept": "application/json"}
            request = client.build_request("GET", self.uri + path, params=dict(params), headers=wanted)
            response = self._send(client, request)
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
        # Headers are asked for each time: a plugin's token may have been renewed.
        return httpx.Client(
            headers=self._access.headers(), auth=self._auth, verify=self._tls, timeout=timeout
        )

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
                if final or time.monotonic() > deadline or tls_failure(error):
                    raise self._unreachable(error, "does not answer") from error
            time.sleep(0.2 * (attempt + 1))
        raise AssertionError("the last attempt returns or raises")

    def _check(self, response: httpx.Response) -> None:
        if response.is_success:
            return
        detail = _error_of(response)
        if detail.get("error_code") == "RESOURCE_DOES_NOT_EXIST":
            raise NotFound(detail.get("message", ""))
        if not detail or response.status_code in (401, 403):
            raise self._no_mlflow(response)
        raise EnvironmentProblem(
            f"the registry at {self.uri} answers {response.status_code}: {printable(detail.get('message', ''))}"
        )

    def _no_mlflow(self, response: httpx.Response) -> EnvironmentProblem:
        return not_mlflow(self.uri, response, self._access.kind)

    def _unreachable(self, error: httpx.HTTPError, what: str) -> EnvironmentProblem:
        return unreachable(self.uri, error, what)


def pages(ask: Callable[[Mapping[str, str]], Any], params: Mapping[str, str]) -> Iterator[Any]:
    """Yield every page of a list.

    Args:
        ask: Returns one page; called with the parameters of the request.
        params: Those of the first page.

    Raises:
        EnvironmentProblem: If the server names a page twice, or more than `_MOST_PAGES`.
    """
    asked: set[str] = set()
    while len(asked) < _MOST_PAGES:
        answer = ask(params)
        yield answer
        token = str(answer.get("next_page_token") or "")
        if not token:
            return
        if token in asked:
            break
        asked.add(token)
        params = {**params, "page_token": token}
    raise EnvironmentProblem(
        f"the registry names page after page of a list, without an end ({len(asked):,} so far)",
        hint="is it an MLflow server? Ask its owner",
    )


def quoted(path: str) -> str:
    """Return a POSIX path as it stands in a URL."""
    return quote(path, safe="/")


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
