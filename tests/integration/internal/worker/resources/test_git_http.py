"""Private repositories over HTTP: submodules and Git LFS with a token."""

from __future__ import annotations

import base64
from collections.abc import Generator
from pathlib import Path

import pytest

from pikoci.internal.domain.plan import GetStep, PutStep, Resource
from tests.integration.internal.worker.resources.upstream import GIT, Repository, pull
from tests.services.git_http import GitHost, served
from tests.services.requirement import program
from tests.unit.internal.worker.bench_room import Room, task, worker_room

TOKEN = "t0ken-very-secret"
LOGIN = "Basic " + base64.b64encode(f"x-access-token:{TOKEN}".encode()).decode()


@pytest.fixture
def host(tmp_path: Path, git: str) -> Generator[tuple[GitHost, str]]:
    """The host, and the address of its repositories."""
    private_host = GitHost(tmp_path / "served", LOGIN)
    private_host.root.mkdir()
    with served(private_host) as address:
        yield private_host, address


def publish(host: GitHost, repository: Repository, name: str) -> None:
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
    room: Room, upstream: Repository, tmp_path: Path, host: tuple[GitHost, str]
) -> None:
    own, address = host
    inmost, middle = Repository(tmp_path / "inmost"), Repository(tmp_path / "middle")
    inmost.commit("file", "inside")
    with_submodule(middle, "../inmost.git", inmost)
    commit = with_submodule(upstream, f"{address}/middle.git", middle)
    for repository, name in ((inmost, "inmost.git"), (middle, "middle.git"), (upstream, "outer.git")):
        publish(own, repository, name)
    source = private(address, "outer.git")
    result = room.check(source, GIT)
    assert result.versions == [{"ref": commit, "branch": "main"}], result.error
    script = f"cat repo/sub/sub/file; ! grep -r {TOKEN} ."
    for depth in (0, 1):
        record = pull(room, source, result.versions[0], script, submodules=True, depth=depth)
        assert record.log("2") == b"inside", record.log()


def test_a_submodule_on_another_host_does_not_get_the_token(
    room: Room, upstream: Repository, tmp_path: Path, host: tuple[GitHost, str]
) -> None:
    own, address = host
    other = GitHost(tmp_path / "other", LOGIN)
    other.root.mkdir()
    with served(other) as elsewhere:
        inner = Repository(tmp_path / "inner")
        inner.commit("file")
        commit = with_submodule(upstream, f"{elsewhere}/inner.git", inner)
        publish(own, upstream, "outer.git")
        version: dict[str, object] = {"ref": commit, "branch": "main"}
        record = pull(room, private(address, "outer.git"), version, "true", submodules=True)
        assert record.end.status == "failed"
    assert other.seen
    assert not any(other.seen)


def test_tags_of_a_private_repository_and_a_push(room: Room, upstream: Repository, host: tuple[GitHost, str]) -> None:
    own, address = host
    upstream.commit("a")
    upstream.run("tag", "v1")
    commit = upstream.commit("b")
    publish(own, upstream, "outer.git")
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
    assert upstream.run("-C", str(own.root / "outer.git"), "rev-parse", "main^") == commit


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
