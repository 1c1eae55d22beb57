"""What a signal does to a server that runs a build."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.processes import marked_processes
from tests.services.pikoci import PikociServer, running_server

PIPELINE = """
job "wait" {{
  task "wait" {{
    run "shell" {{
      cmd = <<-EOT
        {trap}
        echo waiting
        while ! test -e {gate}; do sleep 0.05; done
      EOT
    }}
  }}
  ensure "shell" {{
    cmd = "echo ensured"
  }}
}}
"""
WAIT = "/teams/main/pipelines/waiting/jobs/wait"


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[PikociServer]]:
    """Servers to be stopped at the end."""
    made: list[PikociServer] = []
    yield made
    for server in made:
        server.stop()
    assert marked_processes(tmp_path / "worker") == []


def start(servers: list[PikociServer], folder: Path, gate: Path, *flags: str, trap: str = ":") -> PikociServer:
    """A server on SQLite with one build that waits for the gate."""
    (folder / "wait.hcl").write_text(PIPELINE.format(gate=gate, trap=trap))
    server = PikociServer(
        folder,
        [
            "--db-system=sqlite",
            f"--db-name={folder / 'pikoci.db'}",
            "--pipeline-name=waiting",
            f"--pipeline-config={folder / 'wait.hcl'}",
            *flags,
        ],
    )
    servers.append(server)
    server.start()
    server.post(f"{WAIT}/builds", {})
    server.wait_for(lambda: "waiting" in server.build_log("waiting", "wait", "1"), "the step to run")
    return server


def restarted(server: PikociServer) -> Any:
    """The build as a new server on the same database sees it at once."""
    server.start()
    return server.build("waiting", "wait", "1")


def test_sigquit_waits_for_the_build_and_exits_0(servers: list[PikociServer], tmp_path: Path, gate: Path) -> None:
    server = start(servers, tmp_path, gate)
    server.post(f"{WAIT}/builds", {})
    server.signal(signal.SIGQUIT)
    server.wait_for(lambda: "drain" in server.log.read_text(), "the drain to begin")
    assert server.build("waiting", "wait", "1")["status"] == "started", "it answers while it drains"
    gate.touch()
    assert server.wait() == 0
    assert restarted(server)["status"] == "succeeded"
    server.wait_for_build("waiting", "wait", "2", "succeeded")


def test_a_drain_that_runs_out_gives_the_build_back(servers: list[PikociServer], tmp_path: Path, gate: Path) -> None:
    server = start(servers, tmp_path, gate, "--drain-timeout=300ms")
    server.signal(signal.SIGQUIT)
    assert server.wait() == 0
    gate.touch()
    server.start()
    build = server.wait_for_build("waiting", "wait", "1", "succeeded", "failed", "cancelled", "errored")
    assert (build["status"], build["attempt"]) == ("succeeded", 2)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("trap", [":", "trap '' TERM"], ids=["obedient", "stubborn"])
def test_sigterm_and_sigint_cancel_and_end_within_seconds(
    number: signal.Signals, trap: str, servers: list[PikociServer], tmp_path: Path, gate: Path
) -> None:
    server = start(servers, tmp_path, gate, trap=trap)
    server.signal(number)
    assert server.wait(15) == 0
    build = restarted(server)
    assert build["status"] == "cancelled"
    assert number.name in build["reason"]
    assert "ensured" in server.build_log("waiting", "wait", "1")


def test_a_second_signal_turns_a_drain_into_a_cancel(servers: list[PikociServer], tmp_path: Path, gate: Path) -> None:
    server = start(servers, tmp_path, gate)
    server.signal(signal.SIGQUIT)
    server.wait_for(lambda: "drain" in server.log.read_text(), "the drain to begin")
    server.signal(signal.SIGQUIT)
    assert server.wait(15) == 0
    assert restarted(server)["status"] == "cancelled"


def test_a_second_sigterm_kills_and_the_build_runs_again(
    servers: list[PikociServer], tmp_path: Path, gate: Path
) -> None:
    server = start(servers, tmp_path, gate, trap="trap '' TERM")
    server.signal(signal.SIGTERM)
    server.wait_for(lambda: "cancelling" in server.log.read_text(), "the cancel to begin")
    server.signal(signal.SIGTERM)
    server.wait()
    gate.touch()
    server.start()
    build = server.wait_for_build("waiting", "wait", "1", "succeeded", "failed", "cancelled", "errored")
    assert (build["status"], build["attempt"]) == ("succeeded", 2)


def test_an_open_event_stream_does_not_hold_the_server(servers: list[PikociServer], tmp_path: Path, gate: Path) -> None:
    server = start(servers, tmp_path, gate)
    with server.http.stream("GET", f"/api/v1{WAIT}/builds/1/events") as stream:
        lines = stream.iter_lines()
        assert any("status" in line for line in lines)
        server.signal(signal.SIGTERM)
        assert server.wait(15) == 0
        with suppress(httpx.TransportError):
            list(lines)


def test_a_kept_connection_is_closed_without_an_answer_that_nobody_asked_for(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, socket.create_connection(("127.0.0.1", server.port), timeout=30) as kept:
        kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while b'"ok"}' not in answer:
            answer += kept.recv(65536)

        server.signal(signal.SIGTERM)
        assert kept.recv(65536) == b""
        assert server.wait() == 0
        assert "Traceback" not in server.log.read_text()
