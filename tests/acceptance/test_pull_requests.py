"""Pull requests of a forge: each one's newest commit is built, and shown with who made it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.examples import FOLDER
from tests.acceptance.repository import GOOD, Repository
from tests.services.forge import PROJECT, ForgeHost, OpenPull, served_forge
from tests.services.git_http import GitHost
from tests.services.pikoci import PASSWORD, PIKOCI, USER, PikociServer, running_server

EXAMPLE = FOLDER / "resource-git-pr.hcl"
RESOURCE = "/teams/main/pipelines/app/resources/git.changes"
TOKEN = "t0ken-very-secret"


@pytest.fixture
def repository(tmp_path: Path, git: str) -> Repository:
    made = Repository(tmp_path / "repository")
    made.commit(GOOD, "first")
    return made


@pytest.fixture
def forge(tmp_path: Path, repository: Repository) -> ForgeHost:
    host = ForgeHost(GitHost(tmp_path / "served"))
    repository.publish(host.git.root / f"{PROJECT}.git")
    return host


@pytest.fixture
def server(tmp_path: Path, forge: ForgeHost) -> Iterator[PikociServer]:
    with served_forge(forge) as address:
        variables = {"url": f"{address}/{PROJECT}.git", "api_url": f"{address}/api/v1", "token": TOKEN}
        (tmp_path / "vars.json").write_text(json.dumps(variables))
        flags = [f"--pipeline-config={EXAMPLE}", f"--vars={tmp_path / 'vars.json'}"]
        with running_server(tmp_path, ["--db-system=mem", "--pipeline-name=app", *flags]) as started:
            yield started


def offer(forge: ForgeHost, repository: Repository, number: int, message: str, **fields: object) -> OpenPull:
    """A commit that is a pull request of that number now."""
    commit = repository.commit(GOOD + f"# {message}\n", message)
    repository.push(commit, f"refs/pull/{number}/head")
    made = OpenPull(number, commit, **fields)  # type: ignore[arg-type]
    forge.pulls = [*(one for one in forge.pulls if one.number != number), made]
    return made


def test_each_pull_request_is_built(
    server: PikociServer, forge: ForgeHost, repository: Repository, tmp_path: Path
) -> None:
    first = offer(forge, repository, 7, "Say it", branch="say-it", title="Say <it> better", labels=("ready",))
    offer(forge, repository, 8, "Steal it", home=False)
    server.post(f"{RESOURCE}/check")
    built = server.wait_for_build("app", "check", "1", "succeeded", "failed", "errored")
    log = server.build_log("app", "check", "1")
    assert built["status"] == "succeeded", log
    assert f"number 7 of say-it for main at {first.commit}\nanswer.sh\n" in log
    [taken] = built["inputs"]
    assert taken["version"] == {"ref": first.commit, "pr": "7", "branch": "say-it", "base": "main"}
    assert taken["metadata"]["author"] == "Ada"
    assert taken["metadata"]["title"] == "Say <it> better"
    assert taken["metadata"]["url"].endswith(f"/{PROJECT}/pulls/7")

    server.post(f"{RESOURCE.replace('changes', 'ready')}/check")
    preview = server.wait_for_build("app", "preview", "1", "succeeded", "failed", "errored")
    assert "Say it" in server.build_log("app", "preview", "1"), preview

    again = offer(forge, repository, 7, "Say it better", branch="say-it")
    fork = offer(forge, repository, 8, "Help", title="<b>Help</b>", home=False, labels=("ok to test",))
    server.post(f"{RESOURCE}/check")
    built = [server.wait_for_build("app", "check", number, "succeeded", "failed") for number in ("2", "3")]
    assert [build["inputs"][0]["version"]["ref"] for build in built] == [again.commit, fork.commit]
    server.post(f"{RESOURCE}/check")
    assert len(server.get(f"{RESOURCE}/versions")["items"]) == 3

    page = server.http.get("/teams/main/pipelines/app").text
    assert f'/{PROJECT}/pulls/8" rel="noopener noreferrer">&lt;b&gt;Help&lt;/b&gt;</a>' in page
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PIKOCI_URL": server.url}
    login = [PIKOCI, "client", "login", "--user", USER]
    subprocess.run(login, env=env, input=f"{PASSWORD}\n", capture_output=True, text=True, check=True)
    listing = [PIKOCI, "client", "resources", "versions", "-p", "app", "-r", "git.changes"]
    shown = subprocess.run(listing, env=env, capture_output=True, text=True, check=True).stdout
    assert "Ada: Say <it> better" in shown
    assert TOKEN not in log + shown + server.log.read_text()
