"""A server that dies while somebody watches."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import bcrypt
import pytest

from tests.integration.cmd.pikoci.conftest import PASSWORD, PROGRAM, USER, Program, read_until, wait_until
from tests.services.process import answers, free_port

PIPELINE = """
variable "gate" { type = string }
job "slow" {
  task "wait" {
    run "shell" { cmd = "echo before; until test -e '${var.gate}'; do sleep 0.05; done; echo after" }
  }
}
"""


@pytest.fixture
def start_server(program: Program) -> Iterator[Callable[[], tuple[subprocess.Popen[bytes], str]]]:
    """Start a server, the same one each time; it keeps everything in a file."""
    port, home = free_port(), program.home
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    where = [f"--port={port}", "--host=127.0.0.1", "--db-system=sqlite", f"--db-name={home / 'db'}"]
    command = [PROGRAM, "server", *where, f"--workdir={home / 'work'}", f"--users={USER}:{hashed}"]
    started: list[subprocess.Popen[bytes]] = []

    def start() -> tuple[subprocess.Popen[bytes], str]:
        with Path(home / "server.log").open("ab") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=program.environment, start_new_session=True)
        started.append(process)
        wait_until(lambda: answers(port))
        return process, f"http://127.0.0.1:{port}"

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


@pytest.mark.slow
def test_watching_goes_on_when_the_server_was_killed_and_started_again(
    program: Program, start_server: Callable[[], tuple[subprocess.Popen[bytes], str]]
) -> None:
    server, url = start_server()
    assert program("client", "login", "-u", url, "-U", USER, text=f"{PASSWORD}\n").returncode == 0
    (program.home / "p.hcl").write_text(PIPELINE)
    gate = program.home / "gate"
    assert program("client", "pipelines", "set", "-n", "p", "p.hcl", "--var", f"gate={gate}").returncode == 0
    following = program.start("client", "jobs", "trigger", "-p", "p", "-j", "slow", "--follow")
    read_until(following, "before")
    server.kill()
    server.wait()
    start_server()
    read_until(following, "The build starts again: attempt 2")
    gate.touch()
    out, _ = following.communicate(timeout=60)
    assert following.returncode == 0
    assert "after" in out.splitlines()
    assert out.splitlines()[-1].startswith("main/p/slow#1 succeeded in ")
