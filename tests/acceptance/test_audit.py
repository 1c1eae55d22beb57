"""The audit log of a real server: what a kill leaves, the lines for collectors, and following it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.services.pikoci import PIKOCI, PikociServer, running_server
from tests.services.postgresql import Database

PIPELINE = """
job "held" {
  task "t" {
    run "exec" { path = "/bin/true" }
  }
}
"""
HELD = "/teams/main/pipelines/p/jobs/held"
REQUESTS, BEFORE_THE_KILL = 400, 60


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PikociServer]:
    flags = ["--db-system=sqlite", f"--db-name={tmp_path / 'pikoci.db'}"]
    if request.param == "postgresql":
        database: Database = request.getfixturevalue("postgresql")
        flags = database.flags()
    with running_server(tmp_path, [*flags, f"--audit-log={tmp_path / 'audit.jsonl'}"]) as started:
        started.http.put("/api/v1/teams/main/pipelines/p", json={"config": PIPELINE}).raise_for_status()
        started.post(f"{HELD}/pause")
        yield started


def everything(server: PikociServer, path: str) -> list[Any]:
    items, cursor = [], ""
    while True:
        answer = server.get(f"{path}{'&' if '?' in path else '?'}limit=200{cursor}")
        items += answer["items"]
        if answer["next"] is None:
            return items
        cursor = f"&cursor={answer['next']}"


@pytest.mark.slow
def test_a_kill_leaves_a_change_and_its_entry_or_neither(server: PikociServer) -> None:
    triggered: list[int] = []

    def trigger(_: int) -> None:
        try:
            triggered.append(server.http.post(f"/api/v1{HELD}/builds", json={}).status_code)
        except httpx.TransportError:
            return
        if len(triggered) == BEFORE_THE_KILL:
            server.kill()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(trigger, range(REQUESTS)))
    server.start()
    builds = [f"main/p/held#{build['number']}" for build in everything(server, f"{HELD}/builds")]
    entries = everything(server, "/teams/main/audit?action=build.trigger")
    assert len(builds) >= BEFORE_THE_KILL
    assert sorted(one["object"] for one in entries) == sorted(builds)
    lines = [json.loads(line) for line in (server.folder / "audit.jsonl").read_text().splitlines()]
    committed = {one["id"] for one in everything(server, "/audit")}
    assert {one["id"] for one in lines} <= committed


@pytest.mark.slow
@pytest.mark.parametrize("server", ["sqlite"], indirect=True)
def test_what_comes_is_followed_until_an_interrupt(server: PikociServer) -> None:
    token = server.http.headers["authorization"].removeprefix("Bearer ")
    command = [PIKOCI, "client", "audit", "list", "--url", server.url, "--follow", "--json-lines", "--team", "main"]
    with subprocess.Popen(
        command, env={**os.environ, "PIKOCI_TOKEN": token}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as client:
        assert client.stdout is not None
        assert client.stderr is not None
        try:
            shown = [json.loads(client.stdout.readline())["action"] for _ in range(2)]
            assert shown == ["pipeline.set", "job.pause"]
            for action in ("unpause", "pause"):
                server.post(f"{HELD}/{action}")
            assert [json.loads(client.stdout.readline())["action"] for _ in range(2)] == ["job.unpause", "job.pause"]
            client.send_signal(signal.SIGINT)
            assert client.wait(30) == 130
            assert "Traceback" not in client.stderr.read()
        finally:
            client.kill()
