"""Repositories over HTTP, as strangers to each other's files need them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gevent import subprocess as cooperative
from gevent.pywsgi import WSGIServer

_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    **{f"GIT_{who}_{what}": "ada@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}
_ASKED = ("PATH_INFO", "QUERY_STRING", "REQUEST_METHOD", "CONTENT_TYPE", "HTTP_CONTENT_ENCODING", "HTTP_GIT_PROTOCOL")


def git(folder: Path, *arguments: str) -> str:
    """Run git with nobody's settings."""
    done = subprocess.run(["git", *arguments], cwd=folder, env=_ENVIRONMENT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def make_repository(folder: Path, content: str) -> str:
    """A bare repository whose one commit has a file `answer`; the commit."""
    source = folder.with_suffix(".source")
    git(folder.parent, "init", "--quiet", "--initial-branch=main", str(source))
    (source / "answer").write_text(f"{content}\n")
    git(source, "add", ".")
    git(source, "commit", "--quiet", "-m", content)
    git(folder.parent, "clone", "--quiet", "--bare", str(source), str(folder))
    return git(source, "rev-parse", "HEAD")


def add_commit(folder: Path, content: str) -> None:
    """One more commit, after which the file holds this."""
    source = folder.with_suffix(".source")
    (source / "answer").write_text(f"{content}\n")
    git(source, "commit", "--quiet", "-a", "-m", content)
    git(source, "push", "--quiet", str(folder), "main")


@contextmanager
def served(root: Path) -> Iterator[str]:
    """The address of the repositories below a directory."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        asked = {name: environ[name] for name in _ASKED if name in environ}
        cgi = {**_ENVIRONMENT, "GIT_PROJECT_ROOT": str(root), "GIT_HTTP_EXPORT_ALL": "1", **asked}
        body = environ["wsgi.input"].read()
        done = cooperative.run(["git", "http-backend"], input=body, env=cgi, stdout=subprocess.PIPE, check=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        start(headers.pop("Status", "200 OK"), list(headers.items()))
        return [content]

    server = WSGIServer(("127.0.0.1", 0), answer, log=None)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.stop()
