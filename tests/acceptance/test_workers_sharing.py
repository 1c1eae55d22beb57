"""Work is shared by workers in processes of their own: each takes what it may, and what it has tags for."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from tests.acceptance.farm import RESOURCE, Farm, app, start_waiting, waiting
from tests.acceptance.repository import GOOD, Repository

#: What nobody claimed is published again after so long.
RING_SECONDS = 15


def test_commits_flow_over_two_workers(farm: Farm, repository: Repository) -> None:
    commit = repository.commit(GOOD, "first")
    farm.worker("one")
    farm.worker("two")
    app(farm, repository)
    server = farm.server
    packaged = server.wait_for_build("app", "package", "1", "succeeded", "failed", "errored")
    assert packaged["status"] == "succeeded", server.build_log("app", "package", "1")
    assert packaged["inputs"][0]["version"]["ref"] == commit
    assert "answer.sh" in server.build_log("app", "package", "1")
    assert server.build("app", "test", "1")["worker"] in {"one", "two"}

    second = repository.commit(GOOD, "second")
    server.post(f"{RESOURCE}/check")
    packaged = server.wait_for_build("app", "package", "2", "succeeded")
    assert packaged["inputs"][0]["version"]["ref"] == second
    assert server.build("app", "test", "3") is None


def test_tagged_work_goes_to_workers_with_the_tags(farm: Farm, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    farm.set_pipeline("tagged", waiting(gate, 'tags = ["gpu", "vpn"]'))
    farm.set_pipeline("plain", waiting(gate))
    farm.worker("plain", "--tags=gpu")
    farm.server.post("/teams/main/pipelines/tagged/jobs/wait/builds", {})
    farm.server.post("/teams/main/pipelines/plain/jobs/wait/builds", {})
    assert farm.server.wait_for_build("plain", "wait", "1", "succeeded")["worker"] == "plain"
    assert farm.server.build("tagged", "wait", "1")["status"] == "pending"
    farm.worker("tagged", "--tags=vpn,gpu,fast", "--exclusive-tags")
    assert farm.server.wait_for_build("tagged", "wait", "1", "succeeded")["worker"] == "tagged"


def test_a_teams_worker_is_not_held_up_by_other_teams_work(farm: Farm, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    server = farm.server
    server.post("/teams", {"name": "blue"})
    token = server.post("/worker-tokens", {"team": "blue", "tags": ["gpu"]})["token"]
    for team in ("main", "blue"):
        farm.set_pipeline("waiting", waiting(gate), team=team)
    others = [server.post("/teams/main/pipelines/waiting/jobs/wait/builds", {}) for _ in range(5)]
    farm.worker("bound", "--tags=gpu", token=token)
    began = time.monotonic()
    server.post("/teams/blue/pipelines/waiting/jobs/wait/builds", {})
    address = "/teams/blue/pipelines/waiting/jobs/wait/builds/1"
    server.wait_for(lambda: server.get(address)["status"] == "succeeded", "the team's own build")
    assert time.monotonic() - began < RING_SECONDS
    assert server.get(address)["worker"] == "bound"
    assert {server.build("waiting", "wait", one["number"])["status"] for one in others} == {"pending"}
    farm.worker("all")
    for one in others:
        assert server.wait_for_build("waiting", "wait", one["number"], "succeeded", timeout=90)["worker"] == "all"


def test_a_newcomer_is_next_however_many_another_team_has_waiting(farm: Farm, tmp_path: Path) -> None:
    gate, server = tmp_path / "gate", farm.server
    server.post("/teams", {"name": "blue"})
    farm.set_pipeline("waiting", waiting(gate), team="blue")
    farm.worker("one")
    start_waiting(farm, gate)
    for _ in range(20):
        server.post("/teams/main/pipelines/waiting/jobs/wait/builds", {})
    server.post("/teams/blue/pipelines/waiting/jobs/wait/builds", {})
    newcomer = "/teams/blue/pipelines/waiting/jobs/wait/builds/1"
    assert server.get(newcomer)["reason"].endswith("1st in line")
    gate.touch()
    server.wait_for_build("waiting", "wait", "21", "succeeded", timeout=120)
    ended = server.get(newcomer)["finished_at"]
    assert ended < server.build("waiting", "wait", "2")["started_at"]


def test_checks_come_while_jobs_block(farm: Farm, repository: Repository, tmp_path: Path) -> None:
    repository.commit(GOOD, "first")
    jobs = farm.worker("jobs", "--queues=jobs")
    start_waiting(farm, tmp_path / "gate")
    farm.worker("checks", "--queues", "checks")
    app(farm, repository)
    found = farm.server.wait_for(lambda: farm.server.get(f"{RESOURCE}/versions")["items"], "a version")
    assert len(found) == 1
    jobs.signal(signal.SIGTERM)
    assert jobs.wait() == 0
