"""`pikoci run --from-build`: a build that failed on a server fails on a laptop, with the versions that it had."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.repository import BAD, GOOD, Repository
from tests.services.pikoci import PASSWORD, PIKOCI, USER, PikociServer, running_server

CONFIG = """
variable "url" {}
variable "token" {
  sensitive = true
}

resource "git" "app" {
  check_interval = "@every 1h"
  params {
    url = var.url
  }
}

job "test" {
  input "who" {
    default = "nobody"
  }
  get "git" "app" {
    trigger = true
  }
  task "unit" {
    run "shell" {
      cmd = "echo at $GET_APP_REF for $INPUT_WHO with $TOKEN; cd app; sh ./run-tests.sh"
    }
    env = {
      TOKEN = var.token
    }
  }
}
"""
TOKEN = "quite-a-secret-one"


class Laptop:
    """Somebody's machine, with a login at the server."""

    def __init__(self, home: Path, server: PikociServer) -> None:
        self._env = {"PATH": "/usr/bin:/bin", "HOME": str(home), "PIKOCI_URL": server.url}
        self.home = home
        self.pikoci("client", "login", "--user", USER, stdin=f"{PASSWORD}\n")

    def run(self, build: str, *arguments: str, given: bool = True) -> subprocess.CompletedProcess[str]:
        """Run the job of a build, with the secret variables if they are to be `given`."""
        secrets = ["--vars", "secrets.json"] if given else []
        return self.pikoci("run", "--from-build", build, *secrets, *arguments)

    def pikoci(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run the program to its end."""
        return subprocess.run(
            [PIKOCI, *arguments],
            cwd=self.home,
            env=self._env,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture
def repository(tmp_path: Path, git: str) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture
def bad(repository: Repository) -> str:
    """The commit that the first build fails with."""
    return repository.commit(BAD, "break it")


@pytest.fixture
def server(tmp_path: Path, repository: Repository, bad: str) -> Iterator[PikociServer]:
    """Build 1 has failed, 2 has succeeded with the next commit, and so has 3, for Ada."""
    (tmp_path / "app.hcl").write_text(CONFIG)
    (tmp_path / "vars.json").write_text(json.dumps({"url": str(repository.folder), "token": TOKEN}))
    flags = ["--pipeline-name=app", f"--pipeline-config={tmp_path / 'app.hcl'}", f"--vars={tmp_path / 'vars.json'}"]
    with running_server(tmp_path, ["--db-system=mem", *flags]) as started:
        started.wait_for_build("app", "test", "1", "failed")
        repository.commit(GOOD, "mend it")
        started.post("/teams/main/pipelines/app/resources/git.app/check")
        started.wait_for_build("app", "test", "2", "succeeded")
        started.post("/teams/main/pipelines/app/jobs/test/builds", {"values": {"who": "ada"}})
        started.wait_for_build("app", "test", "3", "succeeded")
        yield started


@pytest.fixture
def laptop(tmp_path: Path, server: PikociServer) -> Laptop:
    home = tmp_path / "home"
    home.mkdir()
    (home / "secrets.json").write_text(json.dumps({"token": TOKEN}))
    return Laptop(home, server)


def test_a_failed_build_fails_alike_on_a_laptop(laptop: Laptop, bad: str) -> None:
    refused = laptop.run("app/test#1", given=False)
    assert refused.returncode == 1
    assert "main/app/test#1 needs the variable token" in refused.stderr
    assert "Traceback" not in refused.stderr

    again = laptop.run("main/app/test#1")
    assert again.returncode == 1, again.stderr
    assert f"at {bad} for nobody" in again.stdout
    assert "not ok: 41" in again.stdout
    assert TOKEN not in again.stdout

    newest = laptop.run("app/test")
    assert newest.returncode == 0, newest.stdout
    assert "for ada" in newest.stdout
    assert "ok: the answer is 42" in newest.stdout
    assert newest.stderr == ""


def test_a_file_and_inputs_of_ones_own_take_the_place_of_the_builds(laptop: Laptop, bad: str) -> None:
    (laptop.home / "mended.hcl").write_text(CONFIG.replace("sh ./run-tests.sh", "echo left out"))
    mended = laptop.run("app/test#1", "-p", "mended.hcl", "--input", "who=bob")
    assert mended.returncode == 0, mended.stderr
    assert f"at {bad} for bob" in mended.stdout


def test_it_tells_no_secret_and_warns_of_another_file(
    server: PikociServer, laptop: Laptop, repository: Repository
) -> None:
    told = server.get("/teams/main/pipelines/app/jobs/test/builds/1/reproduction")
    assert (told["secrets"], told["variables"]) == (["token"], {"url": str(repository.folder)})
    assert TOKEN not in json.dumps(told)
    changed = {"config": CONFIG + "# again\n", "vars": {"url": str(repository.folder), "token": TOKEN}}
    server.http.put("/api/v1/teams/main/pipelines/app", json=changed).raise_for_status()
    assert "the pipeline was set again after main/app/test#1" in laptop.run("app/test#1").stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from-build", "app"], "'app' does not name a build"),
        (["--from-build", "a/b/c/d#1"], "cannot name a build"),
        (["--from-build", "app/test#1", "-j", "test"], "--from-build names the job"),
        ([], "Give --pipeline and --job, or --from-build."),
        (["-j", "test"], "Give --pipeline and --job, or --from-build."),
        (["--from-build", "app/test#1", "--url", "http://127.0.0.1:1"], "is the server running?"),
    ],
    ids=["a pipeline", "too long", "a job too", "nothing", "no file", "no server"],
)
def test_what_cannot_be_is_said_in_a_line(tmp_path: Path, arguments: list[str], said: str) -> None:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(
        [PIKOCI, "run", *arguments], env=env, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode in {1, 2}
    assert said in done.stderr
    assert "Traceback" not in done.stderr
