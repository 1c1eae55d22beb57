"""Credentials reach git's own host and nobody else: no command line, no repository, no log, no other host."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

import pytest
from gevent.pywsgi import WSGIServer

from pikoci.internal.domain.plan import GetStep, Resource, ResourceType
from tests.unit.internal.worker.bench_room import Room, task, worker_room

GIT = ResourceType(name="git", builtin="git")
TOKEN = "t0ken-very-secret"
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0LWtleQ==\n-----END OPENSSH PRIVATE KEY-----"


@pytest.fixture
def bare(tmp_path: Path, git: str) -> Path:
    """A bare repository with one commit, fit to be served as files."""
    work, bare = tmp_path / "made", tmp_path / "bare.git"
    script = f"""
        {git} init -q -b main {work} && cd {work} && echo hello > a && {git} add a
        {git} -c user.name=t -c user.email=t@t commit -q -m one
        {git} clone -q --bare {work} {bare} && cd {bare} && {git} update-server-info"""
    subprocess.run(["sh", "-ec", script], check=True, env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"})
    return bare


@pytest.fixture
def logged_room(tmp_path: Path, git: str) -> Generator[Room]:
    """A worker whose `git` and `ssh` note their command lines in `argv`, and whose ssh stays on this machine."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    note = f'printf "%s\\n" "$@" >> {tmp_path}/argv\n'
    (bin_ / "git").write_text(f'#!/bin/sh\n{note}exec {git} "$@"\n')
    keep = (
        'while [ $# -gt 1 ]; do [ "$1" != -i ] || { stat -c "mode %a" "$2"; cat "$2"; } >> '
        f"{tmp_path}/key; shift; done\n"
    )
    (bin_ / "ssh").write_text(f'#!/bin/sh\n{note}{keep}eval "$1"\n')
    for program in bin_.iterdir():
        program.chmod(0o755)
    with worker_room(tmp_path, environment={"PATH": f"{bin_}:/usr/bin:/bin", "HOME": str(tmp_path)}) as room:
        yield room


Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def serve(application: Application) -> WSGIServer:
    server = WSGIServer(("127.0.0.1", 0), application, log=None)
    server.start()
    return server


def files(root: Path, user: str, seen: list[str]) -> Application:
    """Serves files to those who give the token."""
    wanted = "Basic " + base64.b64encode(f"{user}:{TOKEN}".encode()).decode()

    def answer(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        given = environ.get("HTTP_AUTHORIZATION", "")
        seen.append(given)
        if given != wanted:
            start("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="x"')])
            return [b"no"]
        path = root / environ["PATH_INFO"].lstrip("/")
        if not path.is_file():
            start("404 Not Found", [])
            return [b""]
        start("200 OK", [("Content-Type", "text/plain")])
        return [path.read_bytes()]

    return answer


def check_and_pull(room: Room, params: dict[str, object]) -> None:
    source = Resource(type="git", name="repo", params=params)
    result = room.check(source, GIT)
    assert result.error == ""
    record = room.run_job(
        GetStep(id="1", name="repo", resource="git.repo"),
        task("cat repo/a; ! grep -r 't0ken\\|c2VjcmV0' .", id="2"),
        resources=[source],
        inputs={"repo": result.versions[0]},
    )
    assert record.end.status == "succeeded", (record.end.reason, record.log())
    assert record.log("2") == b"hello\n"


@pytest.mark.parametrize(
    ("user", "params"),
    [
        ("x-access-token", {"token": TOKEN}),
        ("ann", {"token": TOKEN, "username": "ann"}),
        ("ann", {"password": TOKEN, "username": "ann"}),
        ("ann", {}),
    ],
)
def test_a_token_opens_its_host_without_being_seen(
    logged_room: Room, bare: Path, tmp_path: Path, user: str, params: dict[str, object]
) -> None:
    seen: list[str] = []
    server = serve(files(bare, user, seen))
    try:
        login = "" if params else f"ann:{TOKEN}@"
        check_and_pull(
            logged_room, {"url": f"http://{login}127.0.0.1:{server.server_port}/", "branch": "main", **params}
        )
    finally:
        server.stop()
    assert any(seen)
    assert TOKEN not in (tmp_path / "argv").read_text()
    search = ["grep", "-rlsF", TOKEN, str(tmp_path / "work")]  # which skips what is being removed
    assert subprocess.run(search, stdout=subprocess.PIPE, check=False).stdout == b""


def test_a_wrong_token_fails_at_once_and_is_not_shown(logged_room: Room, bare: Path) -> None:
    server = serve(files(bare, "somebody", []))
    try:
        params: dict[str, object] = {"url": f"http://127.0.0.1:{server.server_port}/", "branch": "main", "token": TOKEN}
        result = logged_room.check(Resource(type="git", name="repo", params=params), GIT)
    finally:
        server.stop()
    assert "Authentication failed" in result.error
    assert TOKEN not in result.error


def test_no_token_and_no_terminal_is_an_error_not_a_prompt(logged_room: Room, bare: Path) -> None:
    server = serve(files(bare, "somebody", []))
    try:
        params: dict[str, object] = {"url": f"http://127.0.0.1:{server.server_port}/", "branch": "main"}
        result = logged_room.check(Resource(type="git", name="repo", params=params), GIT)
    finally:
        server.stop()
    assert "could not read Username" in result.error


def test_a_redirect_does_not_get_the_token(logged_room: Room, bare: Path) -> None:
    seen: list[str] = []
    other = serve(files(bare, "x-access-token", seen))

    def redirect(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        target = f"http://127.0.0.1:{other.server_port}{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
        start("302 Found", [("Location", target)])
        return [b""]

    server = serve(redirect)
    try:
        params: dict[str, object] = {"url": f"http://127.0.0.1:{server.server_port}/", "branch": "main", "token": TOKEN}
        result = logged_room.check(Resource(type="git", name="repo", params=params), GIT)
    finally:
        server.stop()
        other.stop()
    assert result.error
    assert seen
    assert not any(seen)


def test_a_private_key_is_a_private_file(logged_room: Room, bare: Path, tmp_path: Path) -> None:
    check_and_pull(logged_room, {"url": f"ssh://git@host{bare}", "branch": "main", "private_key": KEY})
    kept = (tmp_path / "key").read_text()
    assert "mode 600" in kept
    assert KEY + "\n" in kept
    argv = (tmp_path / "argv").read_text()
    assert "c2VjcmV0" not in argv
    assert "StrictHostKeyChecking=accept-new" in argv
    assert "BatchMode=yes" in argv


def test_known_hosts_are_binding(logged_room: Room, bare: Path, tmp_path: Path) -> None:
    params: dict[str, object] = {
        "url": f"ssh://git@host{bare}",
        "private_key": KEY,
        "known_hosts": "host ssh-ed25519 AAAA",
        "branch": "main",
    }
    check_and_pull(logged_room, params)
    assert "StrictHostKeyChecking=yes" in (tmp_path / "argv").read_text()


def test_a_cache_is_not_shared_with_other_credentials(logged_room: Room, bare: Path, tmp_path: Path) -> None:
    cache = tmp_path / "work" / "cache" / "git"
    for key in (KEY, "another"):
        params: dict[str, object] = {"url": f"ssh://git@host{bare}", "branch": "main", "private_key": key}
        logged_room.check(Resource(type="git", name="repo", params=params), GIT)
    assert len([path for path in cache.iterdir() if path.is_dir()]) == 2
