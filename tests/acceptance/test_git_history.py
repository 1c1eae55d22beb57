"""Commits that a check does not simply find one after the other: forced back, or pushed by the pipeline itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.repository import GOOD, Repository
from tests.services.pikoci import PikociServer, running_server

PIPELINE = """
variable "url" {
  type = string
}
resource "git" "app" {
  check_interval = "@every 10s"
  params {
    url    = var.url
    branch = "main"
  }
}
job "test" {
  get "git" "app" {
    trigger = true
  }
}
job "publish" {
  get "git" "app" {}
  task "change" {
    run "shell" {
      cmd = "cd app && git -c user.name=ci -c user.email=ci@example.com commit -q --allow-empty -m built"
    }
  }
  put "git" "app" {
    branch = "built"
  }
}
job "deploy" {
  get "git" "app" {
    trigger = true
    passed  = ["publish"]
  }
}
"""
RESOURCE = "/teams/main/pipelines/app/resources/git.app"


@pytest.fixture
def repository(tmp_path: Path, git: str) -> Repository:
    """A clone with an upstream, `upstream.git`, that has the first commit."""
    made = Repository(tmp_path / "repository")
    made.commit(GOOD, "first")
    made.publish(tmp_path / "upstream.git")
    return made


@pytest.fixture
def server(tmp_path: Path, repository: Repository) -> Iterator[PikociServer]:
    (tmp_path / "app.hcl").write_text(PIPELINE)
    (tmp_path / "vars.json").write_text(json.dumps({"url": str(tmp_path / "upstream.git")}))
    flags = [
        "--db-system=sqlite",
        f"--db-name={tmp_path / 'pikoci.db'}",
        "--pipeline-name=app",
        f"--pipeline-config={tmp_path / 'app.hcl'}",
        f"--vars={tmp_path / 'vars.json'}",
    ]
    with running_server(tmp_path, flags) as started:
        yield started


def newest(server: PikociServer) -> Any:
    return server.get(RESOURCE)["latest"]["version"]["ref"]


def built(server: PikociServer, job: str, number: str) -> Any:
    return server.wait_for_build("app", job, number, "succeeded")["inputs"][0]["version"]["ref"]


def test_a_commit_that_is_forced_back_is_built_by_hand_and_not_by_itself(
    server: PikociServer, repository: Repository
) -> None:
    first = built(server, "test", "1")
    second = repository.commit(GOOD, "second")
    repository.push(second)
    server.post(f"{RESOURCE}/check")
    assert built(server, "test", "2") == second
    repository.push(first)
    server.post(f"{RESOURCE}/check")
    server.wait_for(lambda: newest(server) == first, "the first commit to be the newest again")
    server.post("/teams/main/pipelines/app/jobs/test/builds")
    assert built(server, "test", "3") == first
    third = repository.commit(GOOD, "third")
    repository.push(third)
    server.post(f"{RESOURCE}/check")
    assert built(server, "test", "4") == third


def test_a_commit_put_to_another_branch_is_passed_on_but_is_not_the_newest(server: PikociServer) -> None:
    first = built(server, "test", "1")
    checked = server.get(RESOURCE)["last_checked_at"]
    server.post("/teams/main/pipelines/app/jobs/publish/builds")
    assert built(server, "publish", "1") == first
    put = built(server, "deploy", "1")
    assert put != first
    server.wait_for(lambda: server.get(RESOURCE)["last_checked_at"] != checked, "the check that follows a put")
    assert newest(server) == first
    listed = server.get(f"{RESOURCE}/versions")["items"]
    assert [(one["version"]["ref"], one["listed"]) for one in listed] == [(first, True), (put, False)]
    server.post("/teams/main/pipelines/app/jobs/test/builds")
    assert built(server, "test", "2") == first
