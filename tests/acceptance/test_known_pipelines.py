"""Pipelines with the constructs of those that teams have from before: each job's builds end as they did there."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.repository import BAD, GOOD, Repository
from tests.services.pikoci import PIKOCI, PikociServer, running_server

HERE = Path(__file__).parent / "known"
SECOND, WORDS = "second", "another correct horse"
OWN_WORDS = "a horse of my own"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PikociServer]:
    flags = ["--db-system=sqlite", f"--db-name={tmp_path / 'pikoci.db'}", "--concurrency=2"]
    with running_server(tmp_path, flags) as started:
        yield started


def set_pipeline(server: PikociServer, name: str, variables: Mapping[str, str] | None = None) -> list[str]:
    """Set the file of that name; the names of its jobs."""
    body = {"config": (HERE / f"{name}.hcl").read_text(), "vars": dict(variables or {})}
    server.http.put(f"/api/v1/teams/main/pipelines/{name}", json=body).raise_for_status()
    return [job["name"] for job in server.get(f"/teams/main/pipelines/{name}/jobs")["items"]]


def step_statuses(build: Mapping[str, Any]) -> dict[str, str]:
    return {step["name"]: step["status"] for step in build["steps"] if step["name"]}


def test_a_clock_that_drives_approvals_instances_and_hooks(server: PikociServer) -> None:
    jobs = set_pipeline(server, "clock")
    assert {"verify--style", "verify--types"} < set(jobs)

    made = server.wait_for_build("clock", "make", "1", "succeeded")
    assert step_statuses(made)["times"] == step_statuses(made)["words"] == "succeeded"
    for job in ("verify--style", "verify--types", "after-style", "after-both"):
        server.wait_for_build("clock", job, "1", "succeeded")
    server.wait_for_build("clock", "broken", "1", "failed")
    server.wait_for_build("clock", "watch", "1", "succeeded")  # a hook that fails changes nothing
    log = server.build_log("clock", "watch", "1")
    assert "seen\n" in log
    assert "at the end\n" in log
    assert "the version is 20" in log

    server.wait_for_build("clock", "staging", "1", "waiting")
    server.post("/teams/main/pipelines/clock/jobs/staging/builds/1/approve", {})
    server.wait_for_build("clock", "staging", "1", "succeeded")
    assert "words\n" in server.build_log("clock", "staging", "1")

    place = "/teams/main/pipelines/clock/jobs/production/builds/1"
    server.wait_for_build("clock", "production", "1", "waiting")
    assert server.post(f"{place}/approve", {})["status"] == "waiting", "one of two"
    as_second(server)
    assert server.post(f"{place}/reject", {"reason": "not on a Friday"})["status"] == "failed"
    assert server.build("clock", "after-broken", "1") is None


def as_second(server: PikociServer) -> None:
    """Go on as another member."""
    server.post("/users", {"name": SECOND, "password": WORDS})
    server.http.put(f"/api/v1/teams/main/members/{SECOND}", json={"role": "maintain"}).raise_for_status()
    log_in(server, server.http.post("/api/v1/login", json={"name": SECOND, "password": WORDS}))
    log_in(server, server.http.post("/api/v1/profile/password", json={"current": WORDS, "new": OWN_WORDS}))


def log_in(server: PikociServer, answer: httpx.Response) -> None:
    server.http.headers["authorization"] = f"Bearer {answer.raise_for_status().json()['token']}"


def test_conditions_decide_on_what_a_step_found(server: PikociServer) -> None:
    set_pipeline(server, "branches")
    build = server.wait_for_build("branches", "choose", "1", "succeeded")
    statuses = step_statuses(build)
    assert (statuses["production"], statuses["staging"], statuses["nowhere"]) == ("skipped", "succeeded", "skipped")
    assert "going to staging\n" in server.build_log("branches", "choose", "1")


def test_commits_go_from_job_to_job_and_bad_ones_stop(server: PikociServer, repository: Repository) -> None:
    repository.commit(GOOD, "good")
    set_pipeline(server, "project", {"url": repository.folder.as_uri()})
    for job in ("style", "test", "build"):
        server.wait_for_build("project", job, "1", "succeeded")
    assert "cleaned\n" in server.build_log("project", "build", "1")
    # It runs in the work directory, not in the clone.
    server.wait_for_build("project", "release-staging", "1", "failed")
    assert "not released\n" in server.build_log("project", "release-staging", "1")

    repository.commit(BAD, "bad")
    server.post("/teams/main/pipelines/project/resources/git.source/check", {})
    server.wait_for_build("project", "style", "2", "succeeded")
    server.wait_for_build("project", "test", "2", "failed")
    assert server.build("project", "build", "2") is None
    assert server.build("project", "release-production", "1") is None


def test_a_project_with_everything_is_accepted(server: PikociServer) -> None:
    jobs = set_pipeline(server, "farm")
    assert jobs == ["lint", "backends", "latest", "deploy", "release"]
    command = [PIKOCI, "pipeline", "validate", str(HERE / "farm.hcl")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "3 warnings" in done.stdout) == (0, True), done.stdout + done.stderr
