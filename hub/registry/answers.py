"""What an answer means that is not MLflow's: a sign-in page, another address, a proxy, a certificate.

In: the answer or the failure, as httpx gives it. Out: an error that says what happened and what to set. Pure.
"""

from __future__ import annotations

import re
import ssl
from urllib.parse import urljoin, urlsplit

import httpx

from evaluators.errors import EnvironmentProblem
from evaluators.names import printable

#: What pages have on which people sign in; looked for only where MLflow would have sent JSON.
_SIGN_IN = re.compile(
    r"""type=["']?password|sign[ -]?in\b|log[ -]?in\b|single sign|\bsso\b|saml|oauth|openid""", re.IGNORECASE
)
_PAGE = 65_536


def not_mlflow(uri: str, response: httpx.Response, sent: str) -> EnvironmentProblem:
    """Return the error for an answer that is not MLflow's.

    Args:
        uri: The server, as it was named.
        response: Its answer, read.
        sent: What was sent to be let in, in words.
    """
    if response.has_redirect_location:
        target = urljoin(str(response.request.url), response.headers["Location"])
        moved = _moved(uri, response.request.url, target)
        if moved is not None:
            return EnvironmentProblem(
                f"the registry at {uri} has moved to {moved}", hint=f"export MLFLOW_TRACKING_URI={moved}"
            )
        return _sign_in(uri, f" (it sends to {printable(urlsplit(target).netloc, 160)})", sent)
    if response.status_code in (401, 403):
        return _refused(uri, response, sent)
    if _is_sign_in(response):
        return _sign_in(uri, "", sent)
    return EnvironmentProblem(
        f"{uri} answers {response.status_code}, but not as an MLflow server does",
        hint="check MLFLOW_TRACKING_URI; behind a proxy it needs the path prefix too",
    )


def unreachable(uri: str, error: httpx.HTTPError, what: str) -> EnvironmentProblem:
    """Return the error for a server that did not answer; `what` it did instead."""
    failure = tls_failure(error)
    if isinstance(failure, ssl.SSLCertVerificationError):
        return EnvironmentProblem(
            f"the certificate of {uri} is not trusted here ({failure.verify_message})",
            hint="set MLFLOW_TRACKING_SERVER_CERT_PATH to the file of your organization's certificate authorities",
        )
    if failure is not None and "CERTIFICATE_REQUIRED" in str(failure):
        return EnvironmentProblem(
            f"the registry at {uri} wants a client certificate",
            hint="set MLFLOW_TRACKING_CLIENT_CERT_PATH to one PEM file with the certificate and its key",
        )
    return EnvironmentProblem(
        f"the registry at {uri} {what} ({type(error).__name__})",
        hint="check MLFLOW_TRACKING_URI and the network; without a server, unset it to use a local registry",
    )


def tls_failure(error: BaseException) -> ssl.SSLError | None:
    """Return the failure of TLS below an error, if that is what it was: another try would fail alike."""
    below: BaseException | None = error
    while below is not None and not isinstance(below, ssl.SSLError):
        below = below.__cause__ or below.__context__
    return below


def _refused(uri: str, response: httpx.Response, sent: str) -> EnvironmentProblem:
    said = _said(response)
    if "invalid host header" in said.lower():
        return EnvironmentProblem(
            f"the MLflow server at {uri} does not know itself by that name ({said})",
            hint="its owner must add the name to --allowed-hosts (MLFLOW_SERVER_ALLOWED_HOSTS)",
        )
    page = " with a sign-in page" if _is_sign_in(response) else f": {said}" if said else ""
    return EnvironmentProblem(
        f"the registry at {uri} refuses access ({response.status_code}{page}); asked with {sent}",
        hint="set MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD; tokens expire",
    )


def _said(response: httpx.Response) -> str:
    """Return what a refusal says in one line, if it says it to programs."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip()
    if kind == "application/json":
        try:
            value = response.json()
        except ValueError:
            return ""
        text = value.get("message", "") if isinstance(value, dict) else ""
    else:
        text = response.text if kind == "text/plain" else ""
    return printable(str(text), 160)


def _sign_in(uri: str, where: str, sent: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"the server at {uri} answered with a sign-in page{where}; asked with {sent}",
        hint="a command cannot sign in there: set MLFLOW_TRACKING_TOKEN to a token that its proxy takes (they expire)",
    )


def _is_sign_in(response: httpx.Response) -> bool:
    is_page = response.headers.get("Content-Type", "").partition(";")[0].strip() == "text/html"
    return is_page and _SIGN_IN.search(response.text[:_PAGE]) is not None


def _moved(uri: str, asked: httpx.URL, target: str) -> str | None:
    """Return the server's other address, if a redirect leads to the same thing there."""
    path = asked.path.removeprefix(urlsplit(uri).path.rstrip("/"))
    found = urlsplit(target)
    if not found.netloc or not found.path.endswith(path):
        return None
    return printable(f"{found.scheme}://{found.netloc}{found.path.removesuffix(path)}")
