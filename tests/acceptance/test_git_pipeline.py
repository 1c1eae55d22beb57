"""The main job of the program: a commit is found, tested, packaged, and all of it can be read back."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.processes import marked_processes
from tests.acceptance.repository import BAD, GOOD, Repository
from tests.services.pikoci import PASSWORD, PIKOCI, USER, PikociServer, running_server

PIPELINE = Path(__file__).with_name("pipeline.hcl")
RESOURCE = "/teams/main/pipelines/app/resources/git.app"


@pytest.fixture
def repository(tmp_path: Path, git: str) -> Repository:
    return Repository(tmp_path / "repository")


def _flags(tmp_path: Path, repository: Repository, **variables: str) -> list[str]:
    (tmp_path / "vars.json").write_text(json.dumps({"url": str(repository.folder), **variables}))
    return [
        "--pipeline-name=app",
        f"--pipeline-config={PIPELINE}",
        f"--vars={tmp_path / 'vars.json'}",
    ]


@pytest.fixture(params=["mem", "sqlite", "postgresql"])
def database_flags(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    if request.param == "postgresql":
        flags: list[str] = request.getfixturevalue("postgresql").flags()
        return flags
    return [f"--db-system={request.param}", f"--db-name={tmp_path / 'pikoci.db'}"]


@pytest.fixture
def server(tmp_path: Path, repository: Repository, database_flags: list[str]) -> Iterator[PikociServer]:
    repository.commit(GOOD, "first")
    with running_server(tmp_path, [*database_flags, *_flags(tmp_path, repository)]) as started:
        yield started


def test_commits_flow_from_job_to_job(server: PikociServer, repository: Repository) -> None:
    tested = server.wait_for_build("app", "test", "1", "succeeded", "failed", "errored")
    assert tested["status"] == "succeeded", server.build_log("app", "test", "1")
    packaged = server.wait_for_build("app", "package", "1", "succeeded", "failed", "errored")
    assert packaged["status"] == "succeeded", server.build_log("app", "package", "1")
    commit = tested["inputs"][0]["version"]["ref"]
    assert packaged["inputs"][0]["version"]["ref"] == commit
    assert f"tested {commit} in build 1" in server.build_log("app", "test", "1")
    assert "answer.sh" in server.build_log("app", "package", "1")

    repository.commit(BAD, "break it")
    server.post(f"{RESOURCE}/check")
    failed = server.wait_for_build("app", "test", "2", "failed", "succeeded", "errored")
    assert failed["status"] == "failed"
    assert "not ok: 41" in server.build_log("app", "test", "2")

    fixed = repository.commit(GOOD, "mend it")
    webhook = server.post(f"{RESOURCE}/webhook-token")["webhook_token"]
    assert server.http.post(f"/webhooks/{webhook}").status_code == 202
    server.wait_for_build("app", "test", "3", "succeeded")
    second = server.wait_for_build("app", "package", "2", "succeeded")
    assert second["inputs"][0]["version"]["ref"] == fixed
    assert server.build("app", "package", "3") is None
    versions = server.get(f"{RESOURCE}/versions")["items"]
    assert len(versions) == 3
    assert versions[0]["version"]["ref"] == fixed


def test_the_command_line_reads_it_back(server: PikociServer, tmp_path: Path) -> None:
    server.wait_for_build("app", "package", "1", "succeeded")
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PIKOCI_URL": server.url}

    def pikoci(*arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            [PIKOCI, "client", *arguments], env=env, input=stdin, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    pikoci("login", "--user", USER, stdin=f"{PASSWORD}\n")
    assert "app" in pikoci("pipelines", "list")
    builds = json.loads(pikoci("builds", "list", "-p", "app", "-j", "test", "--output", "json"))
    assert [build["status"] for build in builds["items"]] == ["succeeded"]
    assert "ok: the answer is 42" in pikoci("builds", "log", "-p", "app", "-j", "test", "-b", "1")
    assert "ref" in pikoci("resources", "versions", "-p", "app", "-r", "git.app")


@pytest.mark.parametrize("system", ["sqlite", "postgresql"])
def test_a_killed_server_takes_its_build_up_again(
    system: str, tmp_path: Path, repository: Repository, request: pytest.FixtureRequest
) -> None:
    repository.commit(GOOD, "first")
    gate = tmp_path / "gate"
    flags = _flags(tmp_path, repository, gate=str(gate))
    if system == "postgresql":
        flags += request.getfixturevalue("postgresql").flags()
    else:
        flags += ["--db-system=sqlite", f"--db-name={tmp_path / 'pikoci.db'}"]
    with running_server(tmp_path, flags) as server:
        server.wait_for_build("app", "test", "1", "started")
        server.wait_for(lambda: "testing" in server.build_log("app", "test", "1"), "the log's first line")
        before = server.build_log("app", "test", "1")
        server.kill()
        server.start()
        gate.touch()
        build = server.wait_for_build("app", "test", "1", "succeeded", "failed", "errored")
        assert build["status"] == "succeeded", build
        assert build["attempt"] == 2
        log = server.build_log("app", "test", "1")
        assert log.startswith(before)
        assert log.count("ok: the answer is 42") == 1
        server.wait_for_build("app", "package", "1", "succeeded")
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
    assert marked_processes(tmp_path / "worker") == []
