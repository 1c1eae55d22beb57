"""A reverse proxy that serves a server below a path, as many installations have one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

from gevent.pool import Pool
from gevent.pywsgi import WSGIServer

_DROPPED = {"connection", "transfer-encoding", "keep-alive"}


@contextmanager
def path_proxy(port: int, target: int, path: str, *, strips: bool) -> Iterator[str]:
    """Pass requests below `path` on to the target's port, with or without the path; gives the address."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterator[bytes]:
        asked = environ["REQUEST_URI"] if "REQUEST_URI" in environ else _asked(environ)
        if not asked.startswith(f"{path}/") and asked != path:
            start("404 Not Found", [])
            return
        connection = HTTPConnection("127.0.0.1", target, timeout=60)
        try:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            wanted = (asked.removeprefix(path) or "/") if strips else asked
            connection.request(environ["REQUEST_METHOD"], wanted, body, _headers(environ))
            response = connection.getresponse()
            kept = [pair for pair in response.getheaders() if pair[0].lower() not in _DROPPED]
            start(f"{response.status} {response.reason}", kept)
            while piece := response.read1(65536):
                yield piece
        finally:
            connection.close()

    server = WSGIServer(("127.0.0.1", port), answer, log=None, error_log=None, spawn=Pool(100))
    server.start()
    try:
        yield f"http://127.0.0.1:{port}{path}"
    finally:
        server.stop(timeout=0)


def _asked(environ: dict[str, Any]) -> str:
    query = environ.get("QUERY_STRING", "")
    return str(environ["PATH_INFO"]) + (f"?{query}" if query else "")


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    found = {name[5:].replace("_", "-"): value for name, value in environ.items() if name.startswith("HTTP_")}
    if environ.get("CONTENT_TYPE"):
        found["Content-Type"] = environ["CONTENT_TYPE"]
    return {name: value for name, value in found.items() if name.lower() not in _DROPPED}
