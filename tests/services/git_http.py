"""Repositories over HTTP, served by git's own `http-backend`."""

from __future__ import annotations

import os
import ssl
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gevent.pywsgi import WSGIServer

_ASKED = ("PATH_INFO", "QUERY_STRING", "REQUEST_METHOD", "CONTENT_TYPE", "HTTP_CONTENT_ENCODING", "HTTP_GIT_PROTOCOL")


@dataclass
class GitHost:
    """Serves the repositories below `root` to who gives `login`, or to everybody, and keeps what each request gave."""

    root: Path
    login: str = ""
    seen: list[str] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request of git."""
        given = environ.get("HTTP_AUTHORIZATION", "")
        self.seen.append(given)
        if self.login and given != self.login:
            start("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="x"')])
            return [b"no"]
        cgi = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            **({"REMOTE_USER": "somebody"} if self.login else {}),
            **{name: environ[name] for name in _ASKED if name in environ},
        }
        # Not gevent's subprocess: its event loop then collects every child of the process, also those of other tests.
        done = subprocess.run(
            ["git", "http-backend"], input=environ["wsgi.input"].read(), env=cgi, stdout=subprocess.PIPE, check=True
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        start(headers.pop("Status", "200 OK"), list(headers.items()))
        return [content]


@contextmanager
def served(host: Callable[..., Iterable[bytes]], certificates: Path | None = None) -> Iterator[str]:
    """The address of a host, while it answers; by https with the server's certificate of a folder, if given."""
    tls: dict[str, Any] = {}
    if certificates is not None:
        tls["ssl_context"] = context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    server = WSGIServer(("127.0.0.1", 0), host, log=None, error_log=None, **tls)
    server.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.stop()
