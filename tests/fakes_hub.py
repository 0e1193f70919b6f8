"""A local stand-in for a Hugging Face Hub: the part of its HTTP interface that models are pulled over.

    with FakeHub() as hub:
        hub.add("org/name", {"config.json": b"{}", "model.safetensors": weights}, commit="1" * 40)
        hub.faults["/org/name/resolve/" + "1" * 40 + "/model.safetensors"] = [Status(503), Status(503)]

It answers `/{repo}/resolve/{revision}/{path}` (GET with Range, HEAD), `/api/models/{repo}/revision/{revision}` and
`/api/models/{repo}/tree/{commit}` (paged) as the real one does: commits and branches, ETags, sizes, sha256 of large
files, `X-Error-Code`, a redirect to storage for large files. Storage is a second server on another port, so that a
client that follows a redirect leaves the origin; every request of both is kept with its headers.

Faults are scripted a path: each request takes the next one, `ALWAYS` repeats the last. That the fake is honest is
tested by pulling from it with huggingface_hub itself (tests/hub/sources/test_fake_hub.py).
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

LARGE = 1024
"""Files of this many bytes and more are kept in storage, as with git-lfs."""


@dataclass(frozen=True)
class Status:
    """Answer this status instead."""

    code: int
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class CutOff:
    """Promise the whole body, send `after` bytes of it and close the connection."""

    after: int


@dataclass(frozen=True)
class Corrupted:
    """Send a body of the right length with one bit turned."""


@dataclass(frozen=True)
class Whole:
    """Ignore a Range and send everything, as servers without ranges do."""


@dataclass(frozen=True)
class Redirect:
    """Send the client elsewhere."""

    location: str


class _Always:
    """Put after a fault: it is repeated for ever."""


ALWAYS = _Always()
Fault = Status | CutOff | Corrupted | Whole | Redirect | _Always | None
"""None: answer well this time."""


@dataclass
class Repository:
    """Files of one repository, by commit; branches name commits."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    gated: bool = False
    about: dict[str, Any] = field(default_factory=dict)
    """More fields of the model's API answer, as the real Hub names them: cardData (the parsed front matter), tags
    (`license:mit`, `base_model:finetune:org/base`, `dataset:name`), gated (false, "auto" or "manual"), lastModified
    (ISO 8601), safetensors ({parameters: {dtype: count}, total: count})."""


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    server: str
    method: str
    path: str
    headers: Mapping[str, str]


class FakeHub:
    """A Hub on 127.0.0.1 for as long as its `with` block."""

    def __init__(self) -> None:
        self.repositories: dict[str, Repository] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.requests: list[Request] = []
        self.token = "hf_secret"
        self._storage = _serve(self, "storage")
        self._hub = _serve(self, "hub")

    def __enter__(self) -> FakeHub:
        return self

    def __exit__(self, *_: object) -> None:
        for server in (self._hub, self._storage):
            server.shutdown()
            server.server_close()

    @property
    def endpoint(self) -> str:
        """What HF_ENDPOINT is set to."""
        return f"http://127.0.0.1:{self._hub.server_port}"

    @property
    def storage(self) -> str:
        """Base URL of the place that large files are redirected to."""
        return f"http://127.0.0.1:{self._storage.server_port}"

    def add(
        self,
        repository: str,
        files: Mapping[str, bytes],
        *,
        commit: str,
        branch: str = "main",
        gated: bool = False,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        """Publish a commit and move a branch to it."""
        found = self.repositories.setdefault(repository, Repository())
        found.commits[commit] = dict(files)
        found.branches[branch] = commit
        found.gated = gated
        found.about = dict(about or {})

    def count(self, fragment: str) -> int:
        """How many requests had `fragment` in their path."""
        return sum(fragment in request.path for request in self.requests)

    def next_fault(self, path: str) -> Fault:
        """Return the fault for this request, if one is scripted."""
        waiting = self.faults.get(path, [])
        if not waiting:
            return None
        if len(waiting) > 1 and waiting[1] is ALWAYS:
            return waiting[0]
        return waiting.pop(0)


def _serve(hub: FakeHub, name: str) -> ThreadingHTTPServer:
    handler = type("Handler", (_Handler,), {"hub": hub, "name": name})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    return server


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub
    name: str
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Stay silent."""

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path)
        headers = {key.lower(): value for key, value in self.headers.items()}
        self.hub.requests.append(Request(self.name, self.command, self.path, headers))
        match self.hub.next_fault(path):
            case Status(code, extra):
                self._send(code, b"", dict(extra))
            case Redirect(location):
                self._send(302, b"", {"Location": location})
            case fault:
                self._route(path, fault)

    def _route(self, path: str, fault: Fault) -> None:
        if self.name == "storage":
            return self._body(self._blob(path.removeprefix("/")), fault, {})
        if path.startswith("/api/models/"):
            return self._api(path.removeprefix("/api/models/"))
        repository, _, rest = path.removeprefix("/").partition("/resolve/")
        revision, _, name = rest.partition("/")
        found = self._commit(repository, revision)
        if found is None:
            return None
        commit, files = found
        if name not in files:
            return self._refuse(404, "EntryNotFound")
        return self._file(files[name], commit, fault)

    def _file(self, data: bytes, commit: str, fault: Fault) -> None:
        headers = {
            "X-Repo-Commit": commit,
            "ETag": f'"{hashlib.sha1(data, usedforsecurity=False).hexdigest()}"',
        }
        if len(data) < LARGE:
            return self._body(data, fault, headers)
        digest = hashlib.sha256(data).hexdigest()
        linked = {"X-Linked-Etag": f'"{digest}"', "X-Linked-Size": str(len(data))}
        return self._send(
            302, b"", {**headers, **linked, "Location": f"{self.hub.storage}/{digest}?signature=x"}
        )

    def _api(self, rest: str) -> None:
        for verb in ("revision", "tree"):
            repository, separator, tail = rest.partition(f"/{verb}/")
            if separator:
                found = self._commit(repository, tail)
                if found is not None:
                    self._model_info(repository, *found) if verb == "revision" else self._tree(found[1])
                return
        self._refuse(404, "RepoNotFound")

    def _model_info(self, repository: str, commit: str, files: Mapping[str, bytes]) -> None:
        siblings = [{"rfilename": name} for name in files]
        found = self.hub.repositories[repository]
        gated = "manual" if found.gated else False
        self._json({"_id": "1", "id": repository, "modelId": repository, "sha": commit, "siblings": siblings,
                    "private": False, "tags": [], "downloads": 0, "likes": 0, "gated": gated,
                    **found.about})  # fmt: skip

    def _tree(self, files: Mapping[str, bytes]) -> None:
        """List two files a page, so that a client that reads one page only is found out."""
        rows = [_row(name, data) for name, data in sorted(files.items())]
        start = int(parse_qs(urlsplit(self.path).query).get("cursor", ["0"])[0])
        headers = {}
        if start + 2 < len(rows):
            base = f"{self.hub.endpoint}{urlsplit(self.path).path}"
            headers["Link"] = f'<{base}?recursive=true&cursor={start + 2}>; rel="next"'
        self._json(rows[start : start + 2], headers)

    def _commit(self, repository: str, revision: str) -> tuple[str, dict[str, bytes]] | None:
        """Resolve a revision, or refuse and return None."""
        found = self.hub.repositories.get(repository)
        if found is None:
            self._refuse(401, "RepoNotFound")
            return None
        if found.gated and self.headers.get("Authorization") != f"Bearer {self.hub.token}":
            self._refuse(403 if self.headers.get("Authorization") else 401, "GatedRepo")
            return None
        commit = found.branches.get(revision, revision)
        if commit not in found.commits:
            self._refuse(404, "RevisionNotFound")
            return None
        return commit, found.commits[commit]

    def _blob(self, digest: str) -> bytes:
        for repository in self.hub.repositories.values():
            for files in repository.commits.values():
                for data in files.values():
                    if hashlib.sha256(data).hexdigest() == digest:
                        return data
        return b""

    def _body(self, data: bytes, fault: Fault, headers: Mapping[str, str]) -> None:
        if isinstance(fault, Corrupted):
            data = data[:-1] + bytes([data[-1] ^ 1])
        status, extra = 200, {}
        wanted = self.headers.get("Range", "")
        if wanted.startswith("bytes=") and wanted.endswith("-") and not isinstance(fault, Whole):
            start = int(wanted[6:-1])
            status, extra = 206, {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"}
            data = data[start:]
        cut = fault.after if isinstance(fault, CutOff) else None
        self._send(status, data, {**headers, **extra}, cut=cut)

    def _json(self, value: Any, headers: Mapping[str, str] | None = None) -> None:
        self._send(200, json.dumps(value).encode(), {"Content-Type": "application/json", **(headers or {})})

    def _refuse(self, code: int, error: str) -> None:
        self._send(code, b"", {"X-Error-Code": error, "X-Error-Message": error})

    def _send(self, code: int, data: bytes, headers: Mapping[str, str], *, cut: int | None = None) -> None:
        self.send_response(code)
        for key, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data if cut is None else data[:cut])
        if cut is not None:
            self.close_connection = True


def _row(name: str, data: bytes) -> dict[str, Any]:
    header = f"blob {len(data)}\0".encode()
    row = {"type": "file", "path": name, "size": len(data),
           "oid": hashlib.sha1(header + data, usedforsecurity=False).hexdigest()}  # fmt: skip
    if len(data) >= LARGE:
        row["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}
    return row
