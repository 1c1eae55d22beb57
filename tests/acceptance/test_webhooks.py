"""A burst at real servers, and one that is killed in the middle of it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.services.pikoci import PASSWORD, USER, PikociServer
from tests.unit.internal.domain.webhooks.deliveries import github, signed

SECRET = "s3cret of the forge"
#: Its checks are counted in a file, and end when there is a gate. By itself it is checked on leap days only.
PIPELINE = """
variable "folder" {
  type = string
}

variable "secret" {
  type      = string
  sensitive = true
}

resource_type "counted" {
  check "shell" {
    cmd = "echo check >> ${var.folder}/checks; while ! test -e ${var.folder}/gate; do sleep 0.05; done; echo '[]'"
  }
}

resource "counted" "it" {
  check_interval = "0 0 29 2 *"
  webhook_secret = var.secret
}

job "unused" {
  get "counted" "it" {}
}
"""
RESOURCE = "/teams/main/pipelines/p/resources/counted.it"
LEASE = ["--heartbeat-interval=0.5s", "--lease=3s"]


@pytest.fixture(params=["sqlite", "postgresql"])
def servers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[PikociServer]]:
    """One server over SQLite, or two over PostgreSQL."""
    flags = [f"--db-system={request.param}", f"--db-name={tmp_path / 'pikoci.db'}"]
    names = ["first"]
    if request.param == "postgresql":
        flags, names = request.getfixturevalue("postgresql").flags(), ["first", "second"]
    with ExitStack() as stack:
        started = []
        for name in names:
            (tmp_path / name).mkdir()
            server = PikociServer(tmp_path / name, [*flags, *LEASE])
            stack.callback(server.stop)
            server.start()
            started.append(server)
        log_in(started)
        yield started


def log_in(servers: list[PikociServer]) -> None:
    """Log in once more: each server was given another hash of the password, and so ended the sessions before it."""
    login = {"name": USER, "password": PASSWORD}
    token = servers[-1].http.post("/api/v1/login", json=login).raise_for_status().json()["token"]
    for server in servers:
        server.http.headers["authorization"] = f"Bearer {token}"


def checks(folder: Path) -> int:
    counted = folder / "checks"
    return len(counted.read_text().split()) if counted.exists() else 0


def is_quiet(server: PikociServer) -> bool:
    """Whether no check is due before the interval is over."""
    due = datetime.fromisoformat(server.get(RESOURCE)["next_check_at"])
    return due > datetime.now(UTC) + timedelta(hours=1)


def burst(servers: list[PikociServer], token: str, count: int = 200) -> list[httpx.Response]:
    """So many pushes at once, spread over the servers."""
    posted = signed(github(), "x-hub-signature-256", SECRET)

    def post(number: int) -> httpx.Response:
        url = f"{servers[number % len(servers)].url}/webhooks/{token}"
        return client.post(url, content=posted.body, headers={**posted.headers})

    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(20) as pool:
        return list(pool.map(post, range(count)))


def set_and_checked_once(server: PikociServer, folder: Path) -> str:
    """Set the pipeline and wait for its first check; the webhook's token. The next check will wait for the gate."""
    (folder / "gate").touch()
    body = {"config": PIPELINE, "vars": {"folder": str(folder), "secret": SECRET}}
    server.http.put("/api/v1/teams/main/pipelines/p", json=body).raise_for_status()
    server.wait_for(lambda: server.get(RESOURCE)["last_checked_at"], "the first check to end")
    (folder / "gate").unlink()
    return str(server.get(RESOURCE)["webhook_token"])


def test_a_burst_causes_one_check_and_then_one_more(servers: list[PikociServer], tmp_path: Path) -> None:
    server = servers[0]
    token = set_and_checked_once(server, tmp_path)
    answers = burst(servers, token)
    assert {answer.status_code for answer in answers} == {202}
    server.wait_for(lambda: checks(tmp_path) == 2, "the burst's first check")
    (tmp_path / "gate").touch()
    server.wait_for(lambda: checks(tmp_path) == 3, "the check after it")
    server.wait_for(lambda: is_quiet(server), "nothing more to be due")
    assert checks(tmp_path) == 3
    text = "".join(one.http.get("/metrics").text for one in servers)
    counted = [line for line in text.splitlines() if line.startswith('pikoci_webhooks_total{outcome="checked"}')]
    assert sum(float(line.split()[-1]) for line in counted) == 200
    refused = httpx.post(f"{server.url}/webhooks/{token}", json={})
    assert refused.status_code == 403
    assert SECRET not in refused.text + "".join(one.log.read_text() for one in servers)


def test_a_server_that_is_killed_in_a_burst_checks_when_it_is_back(servers: list[PikociServer], tmp_path: Path) -> None:
    server = servers[0]
    token = set_and_checked_once(server, tmp_path)
    burst(servers, token, 20)
    server.wait_for(lambda: checks(tmp_path) == 2, "the burst's first check")
    for one in servers:
        one.kill()
    (tmp_path / "gate").touch()
    for one in servers:
        one.start()
    log_in(servers)
    server.wait_for(lambda: checks(tmp_path) >= 3 and is_quiet(server), "a check after the kill")
