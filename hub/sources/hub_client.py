"""GET requests to a Hub: retries, redirects and the token, apart from what is asked for.

Invariants: the token goes to the endpoint's own origin and nowhere else, also after a redirect; https is never left
for http; 429 and 5xx and lost connections are tried again with jitter, as the server asks (Retry-After), within one
deadline. What is final is told as a `SourceProblem` with the next step.
"""

from __future__ import annotations

import contextlib
import email.utils
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import httpx

from hub.sources.source import SourceProblem

_REDIRECTS = (301, 302, 303, 307, 308)
_MAX_REDIRECTS = 5
_random = random.SystemRandom()


@dataclass(frozen=True)
class Patience:
    """How long to try, in seconds where not a count."""

    tries: int = 5
    unreachable_tries: int = 3
    """A server that does not even answer is given up sooner."""
    deadline: float = 60.0
    connect: float = 5.0
    read: float = 30.0
    pause: Callable[[float], None] = time.sleep


class _AgainError(Exception):
    """Try again: why, and how long the server asks to wait."""

    def __init__(self, reason: str, *, wait: float = 0.0, reached: bool = True) -> None:
        super().__init__(reason)
        self.wait = wait
        self.reached = reached


@dataclass(frozen=True)
class HubClient:
    """A connection to one endpoint.

    Attributes:
        endpoint: Its base URL, without a slash at the end.
        token: Access token, or None.
        patience: How long to try.
    """

    endpoint: str
    token: str | None = field(repr=False)
    patience: Patience
    http: httpx.Client = field(repr=False)

    @contextlib.contextmanager
    def get(self, url: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """Yield a streaming response of any status that trying again would not change.

        Raises:
            SourceProblem: If there is none in time.
        """
        response = self._patiently(url, headers)
        try:
            yield response
        finally:
            response.close()

    def _patiently(self, url: str, headers: Mapping[str, str]) -> httpx.Response:
        started = time.monotonic()
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._follow(url, headers)
            except _AgainError as again:
                # Jitter, so that many clients do not come back at once.
                wait = max(again.wait, 0.25 * 2 ** (attempt - 1) * _random.uniform(0.5, 1.5))
                most = self.patience.tries if again.reached else self.patience.unreachable_tries
                if attempt >= most or time.monotonic() - started + wait > self.patience.deadline:
                    raise self._given_up(again, attempt) from again
                self.patience.pause(wait)

    def _follow(self, url: str, headers: Mapping[str, str]) -> httpx.Response:
        """Send one request and follow its redirects."""
        for _ in range(_MAX_REDIRECTS + 1):
            response = self._send(url, headers)
            if response.status_code not in _REDIRECTS:
                return response
            target = str(httpx.URL(url).join(response.headers.get("location", "")))
            response.close()
            if httpx.URL(target).scheme not in ("http", "https") or (
                url.startswith("https:") and not target.startswith("https:")
            ):
                raise SourceProblem(
                    f"redirects from {_origin(url)} to {_origin(target)}, which is not followed"
                )
            url = target
        raise SourceProblem(f"redirects more than {_MAX_REDIRECTS} times")

    def _send(self, url: str, headers: Mapping[str, str]) -> httpx.Response:
        own = {"accept-encoding": "identity", "user-agent": "basehub"}
        if self.token and _origin(url) == _origin(self.endpoint):
            own["authorization"] = f"Bearer {self.token}"
        try:
            response = self.http.send(
                self.http.build_request("GET", url, headers={**headers, **own}), stream=True
            )
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise SourceProblem(
                f"{url} is not a URL that can be asked ({error})", hint="check HF_ENDPOINT"
            ) from error
        except httpx.TransportError as error:
            reached = not isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout))
            raise _AgainError(str(error) or type(error).__name__, reached=reached) from error
        if response.status_code in (408, 429) or response.status_code >= 500:
            response.close()
            raise _AgainError(f"answers {response.status_code}", wait=_retry_after(response))
        return response

    def _given_up(self, again: _AgainError, attempt: int) -> SourceProblem:
        if not again.reached:
            return SourceProblem(
                f"{self.endpoint} cannot be reached ({again})",
                hint=f"check the network and HF_ENDPOINT ({self.endpoint}); HF_HUB_OFFLINE=1 skips this mirror",
            )
        later = f"try again in {again.wait:.0f} s" if again.wait else "try again later"
        more = "; HF_TOKEN allows more requests" if "429" in str(again) and not self.token else ""
        return SourceProblem(f"{self.endpoint} {again} (tried {attempt} times)", hint=later + more)


@contextlib.contextmanager
def hub_client(endpoint: str, token: str | None, patience: Patience) -> Iterator[HubClient]:
    """Yield a client whose connections are closed afterwards."""
    timeout = httpx.Timeout(patience.read, connect=patience.connect)
    with httpx.Client(timeout=timeout, follow_redirects=False) as http:
        yield HubClient(endpoint=endpoint.rstrip("/"), token=token, patience=patience, http=http)


def _origin(url: str) -> tuple[str, str, int | None]:
    parsed = httpx.URL(url)
    return parsed.scheme, parsed.host, parsed.port


def _retry_after(response: httpx.Response) -> float:
    """Return the seconds that a response asks to wait; 0 where it does not."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:6])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return 0.0
