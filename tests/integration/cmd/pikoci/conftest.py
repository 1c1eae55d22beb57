"""Runs the installed program, and a server to talk to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import bcrypt
import pytest

from tests.services.process import ServiceProcess, free_port

PROGRAM = str(Path(sys.executable).with_name("pikoci"))
USER, PASSWORD = "alice", "correct horse battery"
PATIENCE_SECONDS = 60.0

PIPELINE = """
variable "gate" { type = string }

resource "trigger" "start" {}

job "quick" {
  get "trigger" "start" { trigger = true }
  task "hello" {
    run "shell" { cmd = "echo hello" }
  }
}

job "slow" {
  task "wait" {
    run "shell" { cmd = "echo before; until test -e '${var.gate}'; do sleep 0.05; done; echo after" }
  }
}

job "broken" {
  task "break" {
    run "shell" { cmd = "echo oh no; exit 3" }
  }
}

job "endless" {
  task "sleep" {
    run "shell" { cmd = "echo asleep; sleep 600" }
  }
}
"""


@dataclass
class Program:
    """The program as a user has it: real processes, an environment of its own."""

    home: Path
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the caller's but where programs are."""
        own = {"HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / "config"), "TMPDIR": str(self.home / "tmp")}
        return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **own, **self.variables}

    def __call__(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """Run to the end."""
        return subprocess.run(
            [PROGRAM, *arguments],
            input=text,
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.home,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start; standard error goes with standard output."""
        return subprocess.Popen(
            [PROGRAM, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment,
            cwd=self.home,
        )


def read_until(process: subprocess.Popen[str], line: str) -> list[str]:
    """The lines of a process up to the one that is `line`."""
    assert process.stdout is not None
    lines: list[str] = []
    for one in process.stdout:
        lines.append(one.rstrip("\n"))
        if lines[-1] == line:
            return lines
    raise AssertionError(f"{line!r} never came: {lines}")


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds; fails after a while."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The program in a new home."""
    (tmp_path / "tmp").mkdir()
    return Program(tmp_path)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server that knows USER."""
    folder, port = tmp_path_factory.mktemp("server"), free_port()
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    command = [PROGRAM, "server", f"--port={port}", "--host=127.0.0.1", "--concurrency=8", f"--users={USER}:{hashed}"]
    service = ServiceProcess([*command, f"--workdir={folder / 'work'}"], folder)
    url = f"http://127.0.0.1:{port}"
    asking = Program(folder)
    try:
        service.wait_until(lambda: "the name" in asking("client", "login", "-u", url, "-U", "x", text="x\n").stderr)
        yield url
    finally:
        service.stop()


@pytest.fixture
def client(program: Program, server: str) -> Program:
    """The program, logged in."""
    done = program("client", "login", "--url", server, "--user", USER, text=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr
    return program


@pytest.fixture
def pipeline(client: Program, request: pytest.FixtureRequest) -> str:
    """The name of a pipeline of this test's own; its slow job waits for the file `gate` in the client's home."""
    name = re.sub(r"\W", "-", request.node.name)[:60]
    (client.home / "pipeline.hcl").write_text(PIPELINE)
    gate = f"gate={client.home / 'gate'}"
    done = client("client", "pipelines", "set", "-n", name, "pipeline.hcl", "--var", gate)
    assert done.returncode == 0, done.stderr
    return name
