"""How an MLflow server is to be spoken to: what MLflow's own variables say, for a client that does without mlflow.

In: the environment, and the file in which MLflow keeps a user name and password. Out: a frozen value; from it the
headers, the authentication and the TLS settings of a request. Plugins of MLflow that add headers or sign requests are
asked where they are installed, and only there is mlflow imported.
"""

from __future__ import annotations

import configparser
import functools
import importlib.metadata
import ssl
import warnings
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from evaluators.errors import EnvironmentProblem

NOTHING = "no credentials"
"""What is sent to be let in, where nothing is."""
_HEADER_PLUGINS = "mlflow.request_header_provider"


@dataclass(frozen=True)
class Access:
    """How a server is to be spoken to.

    Attributes:
        username: For basic authentication, with `password`; neither is used without the other.
        password: Its password.
        token: Bearer token, used where there is no user name with a password.
        verify: False to accept any certificate.
        authorities: File or folder of the certificate authorities to trust instead of the usual ones.
        certificate: File with this client's certificate and its key.
        plugin: Name of the MLflow plugin that signs requests (`mlflow.request_auth_provider`).
        plugins: Whether installed MLflow plugins may add headers (`mlflow.request_header_provider`).
        workspace: MLflow workspace, where the server has them.
        seconds: Give up after so long without an answer, and do not try again; None: as long as a person waits.
        withheld: Whether nothing is sent to be let in because the environment names another server.
    """

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    verify: bool = True
    authorities: str | None = None
    certificate: str | None = None
    plugin: str | None = None
    plugins: bool = False
    workspace: str | None = None
    seconds: float | None = None
    withheld: bool = False

    @property
    def kind(self) -> str:
        """What is sent to be let in, in words; it says nothing secret."""
        if self.plugin:
            return f"the plugin {self.plugin}"
        if self.username and self.password:
            return f"the password of {self.username}"
        if self.token:
            return "a token"
        if self.certificate:
            return "a client certificate"
        # A person who set a token would look for a mistake in it.
        return "no credentials, since MLFLOW_TRACKING_URI does not name it" if self.withheld else NOTHING

    def without_credentials(self) -> Access:
        """Return what is left for another server: whose certificates count, and nothing that lets anybody in."""
        return Access(verify=self.verify, authorities=self.authorities, withheld=self.kind != NOTHING)

    def headers(self) -> dict[str, str]:
        """Return what every request carries beside basic authentication.

        Raises:
            EnvironmentProblem: If a plugin needs mlflow, which is missing.
        """
        headers = _plugin_headers() if self.plugins else {}
        if self.workspace:
            headers["X-MLFLOW-WORKSPACE"] = self.workspace
        if self.token and not (self.username and self.password):
            headers["Authorization"] = f"Bearer {self.token}"
        return headers

    def auth(self) -> httpx.Auth | None:
        """Return how each request is signed, if headers alone do not do.

        Raises:
            EnvironmentProblem: If there is no such plugin.
        """
        if self.plugin:
            return PluginAuth(self.plugin)
        if self.username and self.password:
            return httpx.BasicAuth(self.username, self.password)
        return None

    def tls(self) -> ssl.SSLContext:
        """Return the settings of a TLS connection.

        Raises:
            EnvironmentProblem: If a file of certificates cannot be read.
        """
        try:
            context = _context(self.verify, self.authorities)
        except OSError as error:
            raise EnvironmentProblem(
                f"the certificate authorities {self.authorities} cannot be read ({error})",
                hint="check MLFLOW_TRACKING_SERVER_CERT_PATH, or REQUESTS_CA_BUNDLE",
            ) from error
        if self.certificate:
            try:
                context.load_cert_chain(self.certificate)
            except OSError as error:
                raise EnvironmentProblem(
                    f"the client certificate {self.certificate} cannot be read ({error})",
                    hint="MLFLOW_TRACKING_CLIENT_CERT_PATH names one PEM file with the certificate and its key",
                ) from error
        return context


class PluginAuth(httpx.Auth):
    """Signs requests with a plugin of MLflow, which is made for another HTTP library and sets headers there."""

    def __init__(self, name: str) -> None:
        try:
            from mlflow.tracking.request_auth.registry import fetch_auth
        except ImportError as error:
            raise _without_mlflow(f"MLFLOW_TRACKING_AUTH={name}") from error
        with warnings.catch_warnings():
            # It warns of an unknown name and goes on without; here it is an error.
            warnings.simplefilter("ignore")
            self._auth: Any = fetch_auth(name)
        if self._auth is None:
            raise EnvironmentProblem(
                f"no MLflow plugin signs requests as {name!r}",
                hint="check MLFLOW_TRACKING_AUTH; its plugin must be installed beside basehub",
            )

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Yield the request with the headers that the plugin sets."""
        import requests

        prepared = requests.Request(request.method, str(request.url), dict(request.headers)).prepare()
        before = dict(prepared.headers)
        signed = self._auth(prepared).headers
        request.headers.update({name: value for name, value in signed.items() if before.get(name) != value})
        yield request


def access_from(environment: Mapping[str, str]) -> Access:
    """Return the access that MLflow's own variables describe."""
    insecure = environment.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("true", "1")
    saved = _saved(environment)
    bundle = environment.get("REQUESTS_CA_BUNDLE") or environment.get("CURL_CA_BUNDLE")
    return Access(
        username=environment.get("MLFLOW_TRACKING_USERNAME") or saved.get("mlflow_tracking_username"),
        password=environment.get("MLFLOW_TRACKING_PASSWORD") or saved.get("mlflow_tracking_password"),
        token=environment.get("MLFLOW_TRACKING_TOKEN"),
        verify=not insecure,
        authorities=environment.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or bundle,
        certificate=environment.get("MLFLOW_TRACKING_CLIENT_CERT_PATH"),
        plugin=environment.get("MLFLOW_TRACKING_AUTH"),
        plugins=True,
        workspace=environment.get("MLFLOW_WORKSPACE"),
    )


def _saved(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return what stands in ~/.mlflow/credentials, MLflow's own file; nothing if it is missing or not readable."""
    home = environment.get("HOME") or environment.get("USERPROFILE")
    if not home:
        return {}
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read(Path(home) / ".mlflow" / "credentials", encoding="utf-8")
    except (configparser.Error, OSError, UnicodeDecodeError):
        return {}
    return dict(parser["mlflow"]) if "mlflow" in parser else {}


def _context(verify: bool, authorities: str | None) -> ssl.SSLContext:
    if not verify:
        return httpx.create_ssl_context(verify=False)
    if not authorities:
        return httpx.create_ssl_context()
    if Path(authorities).is_dir():
        return ssl.create_default_context(capath=authorities)
    return ssl.create_default_context(cafile=authorities)


def _plugin_headers() -> dict[str, str]:
    names = _header_plugins()
    if not names:
        return {}
    try:
        from mlflow.tracking.request_header.registry import resolve_request_headers
    except ImportError as error:
        raise _without_mlflow(f"the MLflow plugin {names[0]}") from error
    return {str(name): str(value) for name, value in resolve_request_headers().items()}


@functools.cache
def _header_plugins() -> tuple[str, ...]:
    return tuple(point.name for point in importlib.metadata.entry_points(group=_HEADER_PLUGINS))


def _without_mlflow(what: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"{what} needs mlflow, which is not installed", hint="pip install 'basehub[registry]'"
    )
