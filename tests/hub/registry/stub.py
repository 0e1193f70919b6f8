"""A server that answers what it is told to, over real sockets, with or without TLS."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

#: Status, content type (or headers), body.
Answer = tuple[int, str | Mapping[str, str], bytes]
MODEL = {"registered_model": {"name": "m", "tags": [], "aliases": [{"alias": "approved", "version": "2"}]}}
MISSING = {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such thing"}


class Asked(NamedTuple):
    """A request as it arrived."""

    path: str
    authorization: str | None
    headers: Mapping[str, str]


@dataclass
class Stub:
    """A server that answers what it is told to."""

    url: str
    answer: Callable[[str], Answer] = lambda _path: (200, "application/json", json.dumps(MODEL).encode())
    requests: list[Asked] = field(default_factory=list)


@contextlib.contextmanager
def listening(tls: ssl.SSLContext | None = None) -> Iterator[Stub]:
    """Run a stub until the context is left."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.requests.append(Asked(self.path, self.headers.get("Authorization"), dict(self.headers)))
            status, kind, body = made.answer(self.path)
            self.send_response(status)
            for name, value in ({"Content-Type": kind} if isinstance(kind, str) else kind).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Say nothing of clients that break a handshake off."""

        def finish_request(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
            # In the request's own thread: a handshake must not keep others waiting.
            wrapped = tls.wrap_socket(request, server_side=True) if tls else request
            super().finish_request(wrapped, client_address)
            if tls:
                wrapped.close()

    with Server(("127.0.0.1", 0), Handler) as server:
        made = Stub(f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()


def as_json(value: object, status: int = 200) -> Answer:
    return status, "application/json", json.dumps(value).encode()
