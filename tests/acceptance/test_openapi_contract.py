"""The program keeps to its OpenAPI document: schemathesis asks it for what the document promises and forbids."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.services.pikoci import PASSWORD, PikociServer, running_server

REPOSITORY = Path(__file__).parents[2]
SETTINGS = Path(__file__).with_name("openapi") / "schemathesis.toml"
SCHEMATHESIS = str(Path(sys.executable).with_name("schemathesis"))
#: `make contract ARGS=...` asks more than CI does.
ARGS = os.environ.get("PIKOCI_TEST_CONTRACT", "")
WORKERS = "^/api/v1/worker/"
NOT_ASKED = rf"{WORKERS}|/logout$"
PIPELINE = """
resource "trigger" "button" {}
resource "trigger" "spare" {}

job "free" {
  input "note" {}
  get "trigger" "button" { trigger = true }
  task "go" {
    run "exec" { path = "/bin/true" }
  }
}

job "held" {
  task "go" {
    run "exec" { path = "/bin/true" }
  }
}
"""
#: What schemathesis brings about never: right passwords and tokens, a lost worker, claims that a worker holds.
UNREACHED = {
    "session_login",
    "session_logout",  # not asked: it would end the session that all other calls need
    "session_change_password",
    "resources_webhook",
    "fleet_delete",
    "operations_openapi",  # read before all else
    "events_get",
    "workerapi_commands",
    "workerapi_claim_build",
    "workerapi_report",
    "workerapi_store_artifact",
    "workerapi_load_artifact",
    "workerapi_claim_check",
    "workerapi_build_secret",
    "workerapi_check_secret",
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PikociServer]:
    flags = ["--db-system=sqlite", f"--db-name={tmp_path / 'pikoci.db'}", f"--secret-key={'key-of-tests-' * 3}"]
    with running_server(tmp_path, flags) as started:
        _furnish(started)
        yield started


@pytest.mark.slow
@pytest.mark.timeout(0 if ARGS else 900)
def test_an_administrator_gets_what_the_document_says(server: PikociServer) -> None:
    token = server.http.headers["authorization"].removeprefix("Bearer ")
    succeeded = _run(server, token, ["--exclude-path-regex", NOT_ASKED, "--max-examples=4"])
    assert _operations(server, workers=False) - succeeded <= UNREACHED


@pytest.mark.slow
@pytest.mark.timeout(0 if ARGS else 900)
def test_a_worker_gets_what_the_document_says(server: PikociServer) -> None:
    token = server.post("/worker-tokens", {})["token"]
    succeeded = _run(server, token, ["--include-path-regex", WORKERS, "--max-examples=10"])
    assert _operations(server, workers=True) - succeeded <= UNREACHED


@pytest.mark.slow
@pytest.mark.timeout(0 if ARGS else 900)
def test_a_plain_member_gets_what_the_document_says(server: PikociServer) -> None:
    own = {"current": PASSWORD, "new": "another password"}
    login = server.http.post("/api/v1/login", json={"name": "plain", "password": PASSWORD}).json()
    headers = {"Authorization": f"Bearer {login['token']}"}
    token = server.http.post("/api/v1/profile/password", json=own, headers=headers).raise_for_status().json()["token"]
    few = ["--phases=examples,fuzzing", "--max-examples=2"]
    assert "pipelines_get" in _run(server, token, ["--exclude-path-regex", NOT_ASKED, *few])


@pytest.mark.slow
@pytest.mark.timeout(0 if ARGS else 900)
def test_a_stranger_gets_what_the_document_says(server: PikociServer) -> None:
    server.post("/teams/main/pipelines/app/publish")
    few = ["--phases=examples,fuzzing", "--max-examples=2"]
    assert "pipelines_get" in _run(server, "", few)


def _furnish(server: PikociServer) -> None:
    """A build that ended and one that waits, a version of each resource, people, and a worker that is not there."""
    for pipeline in ("app", "spare", "other"):
        server.http.put(f"/api/v1/teams/main/pipelines/{pipeline}", json={"config": PIPELINE}).raise_for_status()
    app = "/teams/main/pipelines/app"
    for resource in ("trigger.button", "trigger.spare"):
        server.post(f"{app}/resources/{resource}/check")
        versions = f"{app}/resources/{resource}/versions"
        server.wait_for(partial(_items, server, versions), "a version")
    server.wait_for_build("app", "free", "1", "succeeded")
    server.post(f"{app}/jobs/held/pause")
    server.post(f"{app}/jobs/held/builds", {})
    for user in ("plain", "nobody"):
        server.post("/users", {"name": user, "password": PASSWORD})
    server.http.put("/api/v1/teams/main/members/plain", json={"role": "read"}).raise_for_status()
    for owner in ("/teams/main", app):
        server.http.put(f"/api/v1{owner}/secrets/SPARE", json={"value": "hunter22"}).raise_for_status()
    server.post("/api-tokens", {"name": "known"})
    name, instance = "contract", "c0ffeec0ffeec0ffee.s1"
    hello = {"name": name, "instance": instance, "version": "1", "queues": [], "concurrency": 1}
    headers = {
        "Authorization": f"Bearer {server.post('/worker-tokens', {})['token']}",
        "Content-Type": "application/msgpack",
        "Pikoci-Worker": name,
        "Pikoci-Instance": instance,
    }
    packed = msgspec.msgpack.encode(hello)
    server.http.post("/api/v1/worker/register", content=packed, headers=headers).raise_for_status()


def _session(server: PikociServer) -> str:
    """The id of a session that nobody needs."""
    login = {"name": "nobody", "password": PASSWORD}
    httpx.post(f"{server.url}/api/v1/login", json=login).raise_for_status()
    return str(server.get("/sessions?user=nobody")["items"][0]["id"])


def _items(server: PikociServer, path: str) -> Any:
    return server.get(path)["items"]


def _run(server: PikociServer, token: str, flags: list[str]) -> set[str]:
    """Ask as the owner of the token; the operations that succeeded. Fails with what schemathesis found."""
    noted = server.folder / "succeeded"
    asked = subprocess.run(
        [
            SCHEMATHESIS,
            f"--config-file={_settings(server.folder, strangers=not token)}",
            "run",
            f"{server.url}/api/v1/openapi.json",
            *(["--header", f"Authorization: Bearer {token}"] if token else []),
            *flags,
            *shlex.split(ARGS),
        ],
        check=False,
        cwd=server.folder,
        env={
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "SCHEMATHESIS_HOOKS": "tests.acceptance.openapi.hooks",
            "PIKOCI_TEST_SUCCEEDED": str(noted),
            "PIKOCI_TEST_SESSION": _session(server),
        },
        capture_output=True,
        text=True,
    )
    assert asked.returncode == 0, f"{asked.stdout}\n{asked.stderr}\n{server.log.read_text()[-4000:]}"
    assert "Traceback" not in server.log.read_text()
    return set(noted.read_text().split())


def _settings(folder: Path, *, strangers: bool) -> Path:
    """The settings; nothing but a stranger may be told to log in."""
    text = SETTINGS.read_text()
    if strangers:
        text = text.replace('"403"', '"401", "403"')
    path = folder / "schemathesis.toml"
    path.write_text(text)
    return path


def _operations(server: PikociServer, *, workers: bool) -> set[str]:
    paths: dict[str, dict[str, Any]] = server.get("/openapi.json")["paths"]
    return {
        operation["operationId"]
        for path, operations in paths.items()
        for operation in operations.values()
        if path.startswith("/api/v1/worker/") is workers
    }
