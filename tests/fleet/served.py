"""What the hosts reach on this machine by HTTP: an index of packages, or a git repository."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from gevent.pywsgi import WSGIServer

from tests.fleet.machine import call
from tests.fleet.wheels import copy_tree

GIT = ["git", "-c", "user.name=Fleet", "-c", "user.email=fleet@localhost", "-c", "commit.gpgsign=false"]


class Served:
    """Files at `/files/`, and of the packages among them an index at `/simple/`, which may want a login."""

    def __init__(self, address: str, folder: Path, login: str = "") -> None:
        self._folder = folder
        self._login = f"Basic {base64.b64encode(login.encode()).decode()}" if login else None
        self._server = WSGIServer((address, 0), self._answer, log=None)
        self._server.start()
        self.address = f"{address}:{self._server.server_port}"

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop to listen."""
        self._server.stop(timeout=1)

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        status, kind, body = "404 Not Found", "text/plain", b""
        _, root, *parts = environ["PATH_INFO"].split("/", 2)
        if self._login not in {None, environ.get("HTTP_AUTHORIZATION")}:
            status = "401 Unauthorized"
        elif root == "simple":
            status, kind, body = "200 OK", "text/html", self._links("".join(parts).strip("/"))
        elif root == "files" and (file := self._file("".join(parts))) is not None:
            status, kind, body = "200 OK", "application/octet-stream", file.read_bytes()
        headers = [("Content-Type", kind), ("WWW-Authenticate", 'Basic realm="fleet"')]
        start_response(status, headers)
        return [body]

    def _file(self, name: str) -> Path | None:
        path = self._folder / name
        return path if path.is_file() and ".." not in path.parts else None

    def _links(self, project: str) -> bytes:
        """A project's page, as PEP 503 wants it."""
        files = [path.name for path in self._folder.iterdir() if _normal(path.name).startswith(f"{project}-")]
        return "".join(f'<a href="/files/{name}">{name}</a>\n' for name in sorted(files)).encode()


def make_repository(path: Path, *releases: str) -> list[str]:
    """Make a repository that can be cloned from its files alone, with a tag `v…` for each release; the versions."""
    tree = path.with_suffix(".tree")
    call([*GIT, "init", "--quiet", tree])
    versions = []
    for release in releases:
        versions.append(copy_tree(tree, release))
        call([*GIT, "-C", tree, "add", "--all"])
        call([*GIT, "-C", tree, "commit", "--quiet", "--message", versions[-1]])
        call([*GIT, "-C", tree, "tag", f"v{versions[-1]}"])
    call([*GIT, "clone", "--quiet", "--bare", tree, path])
    call([*GIT, "-C", path, "update-server-info"])
    return versions


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
