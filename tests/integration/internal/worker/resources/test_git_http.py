"""Private repositories over HTTP, served by git's own `http-backend`: submodules and Git LFS with a token."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from gevent import subprocess as cooperative
from gevent.pywsgi import WSGIServer

from pikoci.internal.domain.plan import GetStep, PutStep, Resource
from tests.integration.internal.worker.resources.upstream import GIT, Repository, pull
from tests.services.requirement import program
from tests.unit.internal.worker.bench_room import Room, task, worker_room

TOKEN = "t0ken-very-secret"
LOGIN = "Basic " + base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()


@dataclass
class Host:
    """Serves the repositories below `root` to those who give the token, and keeps who asked with what."""

    root: Path
    seen: list[str] = field(default_factory=list)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        given = environ.get("HTTP_AUTHORIZATION", "")
        self.seen.append(given)
        if given != LOGIN:
            start("401 Unauthorized", [("WWW-Authenticate", 'Basic realm="x"')])
            return [b"no"]
        cgi: dict[str, str] = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "REMOTE_USER": "somebody",
            **{name: environ.get(name, "") for name in ("PATH_INFO", "QUERY_STRING", "REQUEST_METHOD", "CONTENT_TYPE")},
            **{name: environ[name] for name in ("HTTP_CONTENT_ENCODING", "HTTP_GIT_PROTOCOL") if name in environ},
        }
        body = environ["wsgi.input"].read()
        done = cooperative.run(["git", "http-backend"], input=body, env=cgi, stdout=subprocess.PIPE, check=True)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        start(headers.pop("Status", "200 OK"), list(headers.items()))
        return [content]


@pytest.fixture
def host(tmp_path: Path, git: str) -> Generator[tuple[Host, str]]:
    """The host, and the address of its repositories."""
    application = Host(tmp_path / "served")
    application.root.mkdir()
    server = WSGIServer(("127.0.0.1", 0), application, log=None)
    server.start()
    yield application, f"http://127.0.0.1:{server.server_port}"
    server.stop()


def publish(host: Host, repository: Repository, name: str) -> None:
    repository.run("clone", "-q", "--bare", ".", str(host.root / name))
    repository.run("-C", str(host.root / name), "config", "http.receivepack", "true")


def with_submodule(repository: Repository, url: str, inner: Repository) -> str:
    """A commit with `inner` as the submodule `sub`, whose address is `url`."""
    repository.run("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.path), "sub")
    repository.run("config", "-f", ".gitmodules", "submodule.sub.url", url)
    return repository.commit("outer")


def private(address: str, name: str) -> Resource:
    return Resource(type="git", name="repo", params={"url": f"{address}/{name}", "token": TOKEN})


def test_nested_submodules_with_relative_addresses(
    room: Room, upstream: Repository, tmp_path: Path, host: tuple[Host, str]
) -> None:
    served, address = host
    inmost, middle = Repository(tmp_path / "inmost"), Repository(tmp_path / "middle")
    inmost.commit("file", "inside")
    with_submodule(middle, "../inmost.git", inmost)
    commit = with_submodule(upstream, f"{address}/middle.git", middle)
    for repository, name in ((inmost, "inmost.git"), (middle, "middle.git"), (upstream, "outer.git")):
        publish(served, repository, name)
    source = private(address, "outer.git")
    result = room.check(source, GIT)
    assert result.versions == [{"ref": commit, "branch": "main"}], result.error
    script = f"cat repo/sub/sub/file; ! grep -r {TOKEN} ."
    for depth in (0, 1):
        record = pull(room, source, result.versions[0], script, submodules=True, depth=depth)
        assert record.log("2") == b"inside", record.log()


def test_a_submodule_on_another_host_does_not_get_the_token(
    room: Room, upstream: Repository, tmp_path: Path, host: tuple[Host, str]
) -> None:
    served, address = host
    other = Host(tmp_path / "other")
    other.root.mkdir()
    server = WSGIServer(("127.0.0.1", 0), other, log=None)
    server.start()
    try:
        inner = Repository(tmp_path / "inner")
        inner.commit("file")
        commit = with_submodule(upstream, f"http://127.0.0.1:{server.server_port}/inner.git", inner)
        publish(served, upstream, "outer.git")
        version: dict[str, object] = {"ref": commit, "branch": "main"}
        record = pull(room, private(address, "outer.git"), version, "true", submodules=True)
        assert record.end.status == "failed"
    finally:
        server.stop()
    assert other.seen
    assert not any(other.seen)


def test_tags_of_a_private_repository_and_a_push(room: Room, upstream: Repository, host: tuple[Host, str]) -> None:
    served, address = host
    upstream.commit("a")
    upstream.run("tag", "v1")
    commit = upstream.commit("b")
    publish(served, upstream, "outer.git")
    change = "cd repo; git describe --tags; git -c user.name=t -c user.email=t@t commit -q --allow-empty -m new"
    record = room.run_job(
        GetStep(id="1", name="repo", resource="git.repo", params={"tags": True}),
        task(change, id="2"),
        PutStep(id="3", name="repo", resource="git.repo", params={"branch": "main"}),
        resources=[private(address, "outer.git")],
        inputs={"repo": {"ref": commit, "branch": "main"}},
    )
    assert record.end.status == "succeeded", (record.end.reason, record.log())
    assert record.log("2") == f"v1-1-g{commit[:7]}\n".encode()
    assert upstream.run("-C", str(served.root / "outer.git"), "rev-parse", "main^") == commit


def test_files_in_git_lfs(room: Room, upstream: Repository) -> None:
    program("git-lfs", "git-lfs")
    upstream.run("lfs", "install", "--local")
    upstream.run("lfs", "track", "*.bin")
    commit = upstream.commit("large.bin", "the content itself")
    version: dict[str, object] = {"ref": commit, "branch": "main"}
    source = Resource(type="git", name="repo", params={"url": f"file://{upstream.path}"})
    for depth in (0, 1):
        record = pull(room, source, version, "cat repo/large.bin", depth=depth)
        assert record.log("2") == b"the content itself", record.log()


def test_a_worker_without_git_lfs_says_so(tmp_path: Path, upstream: Repository, git: str) -> None:
    upstream.commit(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    commit = upstream.commit("sub/large.bin", "version https://git-lfs.github.com/spec/v1\n")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("git", "sh", "cat", "true"):
        (programs / name).symlink_to(program(name, name))
    with worker_room(tmp_path, environment={"PATH": str(programs)}) as room:
        source = Resource(type="git", name="repo", params={"url": str(upstream.path)})
        record = pull(room, source, {"ref": commit, "branch": "main"}, "cat repo/sub/large.bin")
    assert b"this worker has no git-lfs: they stay pointers" in record.log("1")
    assert record.log("2").startswith(b"version https")
