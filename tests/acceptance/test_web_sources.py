"""A definition from the web, by the server, and by people at a terminal."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.event import Event
from gevent.pywsgi import WSGIServer

from tests.services.pikoci import PIKOCI, PikociServer, running_server

DEFINITION = """runner_type "x" {{
  run {{
    path = "/bin/echo"
    args = ["{word}", "$args"]
  }}
}}
"""
PIPELINE = """runner_type "say" {{
  source = "{address}"
}}

job "j" {{
  task "t" {{
    run "say" {{
      args = ["world"]
    }}
  }}
}}
"""


class Host:
    """Serves one definition, with a word that can be changed."""

    def __init__(self) -> None:
        self.word, self.asked = "hello", 0
        self.may_answer = Event()
        self.may_answer.set()

    def __call__(self, _: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.asked += 1
        self.may_answer.wait(30)
        start("200 OK", [])
        return [DEFINITION.format(word=self.word).encode()]


@pytest.fixture
def host() -> Host:
    return Host()


@pytest.fixture
def address(host: Host) -> Iterator[str]:
    server = WSGIServer(("127.0.0.1", 0), host, log=None)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/say.hcl"
    finally:
        server.stop()


def put(server: PikociServer, config: str, query: str = "") -> dict[str, Any]:
    answer = server.http.put(f"/api/v1/teams/main/pipelines/p{query}", json={"config": config})
    return dict(answer.json(), status=answer.status_code)


def build(server: PikociServer, number: str) -> str:
    server.post("/teams/main/pipelines/p/jobs/j/builds", {})
    done = server.wait_for_build("p", "j", number, "succeeded", "failed", "errored")
    log = server.build_log("p", "j", number)
    assert done["status"] == "succeeded", log
    return log


def test_the_server_keeps_what_it_fetched_until_the_pipeline_is_set_again(
    tmp_path: Path, host: Host, address: str
) -> None:
    config = PIPELINE.format(address=address)
    with running_server(tmp_path, ["--allow-private-sources"]) as server:
        first = put(server, config)
        assert [change["what"] for change in first["changes"]] == ["source", "runner_type", "job"]
        details = {one["path"]: one["after"] for one in first["changes"][0]["details"]}
        assert details["address"] == address
        assert f'source_sha256 = "{details["sha256"]}"' in first["warnings"][0]["hint"]
        assert build(server, "1") == "hello world\n"
        host.word = "goodbye"
        assert build(server, "2") == "hello world\n"
        plan = server.http.post("/api/v1/teams/main/pipelines/p/plan", json={"config": config}).json()
        assert [(one["kind"], one["what"]) for one in plan["changes"]] == [
            ("changed", "source"),
            ("changed", "runner_type"),
        ]
        pinned = config.replace('say.hcl"', f'say.hcl"\n  source_sha256 = "{details["sha256"]}"')
        refused = put(server, pinned)
        assert (refused["status"], refused["diagnostics"][0]["summary"]) == (422, "The source has changed")
        assert build(server, "3") == "hello world\n"
        put(server, config)
        assert build(server, "4") == "goodbye world\n"
        assert host.asked == 4


def test_a_server_fetches_nothing_from_private_addresses_unless_it_is_told_to(
    tmp_path: Path, host: Host, address: str
) -> None:
    with running_server(tmp_path, []) as server:
        refused = put(server, PIPELINE.format(address=address))
    assert refused["status"] == 422
    assert "127.0.0.1: the server has no public address" in str(refused)
    assert host.asked == 0


def test_a_slow_source_holds_up_nobody_else(tmp_path: Path, host: Host, address: str) -> None:
    with running_server(
        tmp_path, ["--allow-private-sources", "--db-system=sqlite", f"--db-name={tmp_path / 'p.db'}"]
    ) as server:
        host.may_answer.clear()
        setting = gevent.spawn(put, server, PIPELINE.format(address=address))
        server.wait_for(lambda: host.asked, "the server to fetch")
        other = server.http.put("/api/v1/teams/main/pipelines/other", json={"config": 'job "j" {}'})
        assert other.is_success
        assert not setting.ready()
        host.may_answer.set()
        assert setting.get()["status"] == 200


def test_people_validate_and_run_with_what_their_machine_can_reach(tmp_path: Path, address: str) -> None:
    file = tmp_path / "pipeline.hcl"
    file.write_text(PIPELINE.format(address=address))
    validated = pikoci("pipeline", "validate", str(file))
    assert "A source that may change" in validated.stdout
    assert validated.returncode == 0
    assert "hello world" in pikoci("run", "-p", str(file), "-j", "j").stdout
    file.write_text(PIPELINE.format(address="http://127.0.0.1:1/x.hcl"))
    refused = pikoci("pipeline", "validate", str(file))
    assert refused.returncode == 1
    assert "The source cannot be had" in refused.stdout
    assert "Connection refused" in refused.stdout


def pikoci(*arguments: str) -> Any:
    """Run a command, waited for in a native thread, as the definition is served from this one."""
    command = [PIKOCI, *arguments]
    return gevent.get_hub().threadpool.apply(
        partial(subprocess.run, command, capture_output=True, text=True, timeout=60, check=False)
    )
