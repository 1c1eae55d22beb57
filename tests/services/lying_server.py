"""A small server that answers as wrongly as a test wants: as a registry of images, or another."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gevent
from gevent.pywsgi import WSGIServer

Start = Callable[..., Any]


@dataclass
class LyingServer:
    """`answers` holds what paths answer: status, headers and body, or a function that is asked for these.

    `asked` are the requests: method, path with its query, and Authorization. With `token`, only who has it gets in; it
    is had at `realm` for `login`, as USER:PASSWORD.
    """

    address: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    token: str = ""
    realm: str = ""
    login: str = ""

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        path, query = environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        given, method = environ.get("HTTP_AUTHORIZATION", ""), environ["REQUEST_METHOD"]
        environ["wsgi.input"].read()
        self.asked.append((method, f"{path}?{query}" if query else path, given))
        if path == "/token":
            basic = "Basic " + base64.b64encode(self.login.encode()).decode()
            body = {"token": self.token} if given == basic else {"errors": [{"code": "DENIED", "message": "no"}]}
            start("200 OK" if given == basic else "401 No", [("Content-Type", "application/json")])
            return [json.dumps(body).encode()]
        if self.token and given != f"Bearer {self.token}":
            realm = self.realm or f"{self.address}/token"
            start("401 No", [("WWW-Authenticate", f'Bearer realm="{realm}",service="s",error="invalid_token"')])
            return [b""]
        found = self.answers.get(path, (404, {}, b""))
        status, headers, body = found() if callable(found) else found
        start(f"{status} X", list(headers.items()))
        return [body] if isinstance(body, bytes) and method != "HEAD" else body if method != "HEAD" else []

    def serve(self, path: str, body: bytes, status: int = 200, **headers: str) -> None:
        """Let a path answer that."""
        self.answers[path] = (status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@contextmanager
def lying_server(certificates: Path | None = None) -> Iterator[LyingServer]:
    """A server on a free port; with TLS where the folder of its certificates is given (see `certificates`)."""
    liar = LyingServer()
    if certificates is None:
        server = WSGIServer(("127.0.0.1", 0), liar, log=None, error_log=None)
    else:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        server = WSGIServer(("127.0.0.1", 0), liar, log=None, error_log=None, ssl_context=context)
    server.start()
    liar.address = f"{'https' if certificates else 'http'}://127.0.0.1:{server.server_port}"
    try:
        yield liar
    finally:
        server.stop(timeout=1)


def endless() -> Iterator[bytes]:
    """A body that has no end."""
    while True:
        yield bytes(64 * 1024)
        gevent.sleep(0)
