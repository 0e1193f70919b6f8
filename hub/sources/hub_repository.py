"""A repository of a Hugging Face Hub as a source, over its plain HTTP interface.

In: an endpoint (HF_ENDPOINT), a repository and a revision. Out: streams of `/{repo}/resolve/{revision}/{path}`, and
for locking the commit and what the Hub says about every file. Invariants: every request names one commit once it is
known, so that a branch that moves meanwhile mixes nothing; an interrupted body is continued, never silently short
where the server says its length.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from evaluators.names import nearest
from hub.sources.hub_client import HubClient
from hub.sources.hub_facts import HubFacts, read_facts
from hub.sources.source import Published, SourceProblem

_MAX_JSON = 32 * 1024 * 1024


@dataclass(frozen=True)
class HubRepository:
    """One repository at one revision.

    Attributes:
        client: Connection to the endpoint.
        repository: `organization/name`.
        pinned: The commit of the card, or None: the newest of the default branch, resolved once.
    """

    client: HubClient
    repository: str
    pinned: str | None = None

    def describe(self) -> str:
        """Return its name for people."""
        return f"hub {self.repository}"

    @functools.cached_property
    def _answer(self) -> Mapping[str, Any]:
        wanted = self.pinned or "main"
        answer = self._json(f"/api/models/{self.repository}/revision/{quote(wanted, safe='')}")
        return answer if isinstance(answer, dict) else {}

    def facts(self) -> HubFacts:
        """Return what the Hub says about the repository beside its files.

        Raises:
            SourceProblem: If it cannot be found out.
        """
        return read_facts(self._answer)

    @functools.cached_property
    def _commit(self) -> str:
        wanted = self.pinned or "main"
        commit = self._answer.get("sha")
        if not isinstance(commit, str) or len(commit) != 40 or set(commit) - set("0123456789abcdef"):
            raise SourceProblem(f"the Hub names no commit for {self.repository} at {wanted}")
        if self.pinned and commit != self.pinned:
            raise SourceProblem(f"the Hub resolves {self.pinned[:12]} to another commit, {commit[:12]}")
        return commit

    def revision(self) -> str | None:
        """Return the commit; see `Source.revision`."""
        return self._commit

    @functools.cached_property
    def _tree(self) -> Mapping[str, Published]:
        url = f"/api/models/{self.repository}/tree/{self._commit}?recursive=true"
        found: dict[str, Published] = {}
        for row in self._pages(url):
            if isinstance(row, dict) and row.get("type") == "file" and isinstance(row.get("path"), str):
                lfs = row.get("lfs") or {}
                found[row["path"]] = Published(size=lfs.get("size", row.get("size")), sha256=lfs.get("oid"))
        return found

    def paths(self) -> tuple[str, ...]:
        """Return the names of all files; see `Source.paths`."""
        return tuple(sorted(self._tree))

    def published(self, path: str) -> Published:
        """Return size and, for large files, sha256 of a file; see `Source.published`."""
        if path not in self._tree:
            close = nearest(path, self._tree, limit=1)
            raise SourceProblem(
                f"{self.repository} has no file {path}", hint=f"did you mean {close[0]}?" if close else None
            )
        return self._tree[path]

    def open(self, path: str) -> Iterator[bytes]:
        """Stream a file, continuing an interrupted body; see `Source.open`."""
        revision = self.pinned or self._commit
        url = f"{self.client.endpoint}/{self.repository}/resolve/{revision}/{quote(path)}"
        received, interruptions = 0, 0
        while True:
            try:
                for block in self._body(url, path, received):
                    received += len(block)
                    yield block
                return
            except httpx.TransportError as error:
                interruptions += 1
                if interruptions >= self.client.patience.tries:
                    raise SourceProblem(
                        f"the connection broke {interruptions} times; {received:,} bytes of {path} came",
                        hint="try again; files that arrived whole are kept",
                    ) from error

    def _body(self, url: str, path: str, start: int) -> Iterator[bytes]:
        """Stream the bytes from `start` on."""
        with self.client.get(url, {"range": f"bytes={start}-"} if start else {}) as response:
            if response.status_code not in (200, 206):
                raise self._refusal(response, path)
            continued = response.status_code == 206 and _range_start(response) == start
            # A server without ranges sends everything again; what is here already is not yielded twice.
            skip = 0 if continued else start
            # As they arrive: a fixed block size would hold back, and lose, what came before the connection broke.
            for block in response.iter_bytes():
                fresh = block[skip:]
                skip = max(0, skip - len(block))
                if fresh:
                    yield fresh

    def _pages(self, url: str) -> Iterator[Any]:
        """Yield the rows of a listing, page after page."""
        following: str | None = self.client.endpoint + url
        for _ in range(1000):
            if following is None:
                return
            rows, following = self._page(following)
            yield from rows if isinstance(rows, list) else ()
        raise SourceProblem(f"the listing of {self.repository} does not end")

    def _json(self, path: str) -> Any:
        return self._page(self.client.endpoint + path)[0]

    def _page(self, url: str) -> tuple[Any, str | None]:
        with self.client.get(url, {"accept": "application/json"}) as response:
            if response.status_code != 200:
                raise self._refusal(response, None)
            body = bytearray()
            try:
                for block in response.iter_bytes():
                    body += block
                    if len(body) > _MAX_JSON:
                        raise SourceProblem(f"the Hub's answer about {self.repository} is too large")
                return json.loads(body), response.links.get("next", {}).get("url")
            except (httpx.TransportError, ValueError, RecursionError) as error:
                raise SourceProblem(
                    f"the Hub's answer about {self.repository} cannot be read ({error})"
                ) from error

    def _refusal(self, response: httpx.Response, path: str | None) -> SourceProblem:
        """Say what a status means here, and what to do."""
        code = response.headers.get("x-error-code", "")
        page = f"{self.client.endpoint}/{self.repository}"
        status = response.status_code
        if code == "GatedRepo" or (status == 403 and not code):
            return SourceProblem(
                f"{self.repository} is gated, and this token has no access" if self.client.token else
                f"{self.repository} is gated, and HF_TOKEN is not set",
                hint=f"accept its terms at {page}, set HF_TOKEN to a token of that account, and note who accepted "
                "them in the card (licence.terms_accepted_by)",
            )  # fmt: skip
        if code == "EntryNotFound":
            return SourceProblem(f"{self.repository} has no file {path} at {self.pinned or 'main'}")
        if code == "RevisionNotFound":
            return SourceProblem(
                f"{self.repository} has no revision {self.pinned or 'main'}", hint=f"look at {page}/commits"
            )
        if status in (401, 403):
            state = "refuses this HF_TOKEN" if self.client.token else "asks for a token, or does not exist"
            return SourceProblem(f"{self.repository} {state}", hint=f"look at {page}, or set HF_TOKEN")
        if status == 404:
            return SourceProblem(
                f"{self.repository} {f'has no {path}' if path else 'does not exist'}", hint=f"look at {page}"
            )
        return SourceProblem(f"{self.client.endpoint} answers {status} for {self.repository}")


def _range_start(response: httpx.Response) -> int | None:
    """Return where a partial body starts, from `Content-Range: bytes 5-9/10`."""
    unit, _, span = response.headers.get("content-range", "").partition(" ")
    first = span.partition("-")[0]
    return int(first) if unit == "bytes" and first.isascii() and first.isdigit() else None
