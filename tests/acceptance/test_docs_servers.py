"""What docs/server.md says of several servers on one PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.services.pikoci import PASSWORD, USER, PikociServer
from tests.services.postgresql import Database

PIPELINE = """
variable "gate" {
  type = string
}

job "wait" {
  task "gate" {
    run "shell" {
      cmd = "echo waiting; while ! test -e ${var.gate}; do sleep 0.1; done"
    }
  }
}
"""
BUILDS = "/teams/main/pipelines/p/jobs/wait/builds"


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


@pytest.fixture
def servers(tmp_path: Path, gate: Path, postgresql: Database) -> Iterator[tuple[PikociServer, PikociServer]]:
    flags = [*postgresql.flags(), "--heartbeat-interval=0.5s", "--lease=3s"]
    with ExitStack() as stack:
        started = []
        for name in ("first", "second"):
            folder = tmp_path / name
            folder.mkdir()
            server = PikociServer(folder, flags)
            stack.callback(server.stop)
            server.start()
            started.append(server)
        first, second = started
        # The second one was given another hash of the same password, and so ended the sessions of the first.
        login = {"name": USER, "password": PASSWORD}
        token = second.http.post("/api/v1/login", json=login).raise_for_status().json()["token"]
        first.http.headers["authorization"] = second.http.headers["authorization"] = f"Bearer {token}"
        body = {"config": PIPELINE, "vars": {"gate": str(gate)}}
        second.http.put("/api/v1/teams/main/pipelines/p", json=body).raise_for_status()
        yield first, second


def test_a_build_of_one_server_is_seen_and_cancelled_through_the_other(
    servers: tuple[PikociServer, PikociServer],
) -> None:
    first, second = servers
    first.post(BUILDS, {})
    build = second.wait_for_build("p", "wait", "1", "started")
    assert build["worker"].endswith(str(first.port))
    second.wait_for(lambda: "waiting" in second.build_log("p", "wait", "1"), "the log")
    second.post(f"{BUILDS}/1/cancel")
    ended = first.wait_for_build("p", "wait", "1", "cancelled", "succeeded", "failed", "errored")
    assert ended["reason"] == f"cancelled by {USER}"


def test_the_builds_of_a_dead_server_are_run_by_the_other(
    servers: tuple[PikociServer, PikociServer], gate: Path
) -> None:
    first, second = servers
    first.post(BUILDS, {})
    first.wait_for_build("p", "wait", "1", "started")
    first.kill()
    gate.touch()
    build = second.wait_for_build("p", "wait", "1", "succeeded", "failed", "errored")
    assert (build["status"], build["attempt"]) == ("succeeded", 2)
    assert build["worker"].endswith(str(second.port))
