"""What people see, on a terminal of their own."""

from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import termios
from collections.abc import Iterator

import gevent
import pytest
from gevent.os import tp_read

from tests.integration.cmd.pikoci.conftest import PASSWORD, PROGRAM, USER, Program

PIPELINE = """
variable "gate" { type = string }
job "slow" {
  task "wait" {
    run "shell" { cmd = "echo before; until test -e '${var.gate}'; do sleep 0.05; done; echo after" }
  }
  on_cancel "shell" { cmd = "echo cleaned up" }
}
"""


class Terminal:
    """A process with a terminal of its own, as after typing its command into one."""

    def __init__(self, program: Program, *arguments: str) -> None:
        self._master, slave = pty.openpty()
        self.seen = b""
        self.process = subprocess.Popen(
            [PROGRAM, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**program.environment, "TERM": "xterm"},
            cwd=program.home,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509 - nothing else runs in threads here
        )
        os.close(slave)

    def read_until(self, text: bytes) -> None:
        """Read until the text was shown; with an empty one, until the end."""
        with gevent.Timeout(30):
            while not text or text not in self.seen:
                try:
                    piece = tp_read(self._master, 65536)
                except OSError:
                    piece = b""
                if not piece:
                    assert not text, self.seen
                    return
                self.seen += piece

    def type(self, text: bytes) -> None:
        """Press keys."""
        os.write(self._master, text)

    def close(self) -> None:
        """End what still runs."""
        self.process.kill()
        self.process.wait()
        os.close(self._master)


@pytest.fixture
def terminal(program: Program) -> Iterator[Terminal]:
    (program.home / "pipeline.hcl").write_text(PIPELINE)
    arguments = ["run", "-p", "pipeline.hcl", "-j", "slow", "--var", f"gate={program.home / 'gate'}"]
    found = Terminal(program, *arguments)
    yield found
    found.close()


def test_the_running_step_is_shown_and_cleared_before_output(program: Program, terminal: Terminal) -> None:
    terminal.read_until(b"before\r\n\r\x1b[K")  # where the step is shown again, also if it was shown before
    terminal.read_until(b"task wait ")
    (program.home / "gate").touch()
    terminal.read_until(b"")
    assert b"\x1b[Kafter\r\n" in terminal.seen
    assert b"\x1b[32m" in terminal.seen
    assert terminal.seen.endswith(b"\r\n")
    assert terminal.process.wait() == 0


def test_ctrl_c_reaches_the_program_alone_and_hooks_run(terminal: Terminal) -> None:
    terminal.read_until(b"before\r\n")
    terminal.type(b"\x03")
    terminal.read_until(b"")
    assert b"cleaned up\r\n" in terminal.seen
    assert terminal.process.wait() == 130


def test_a_password_is_asked_for_and_not_shown(program: Program, server: str) -> None:
    terminal = Terminal(program, "client", "login", "--url", server)
    try:
        terminal.read_until(b"User: ")
        terminal.type(f"{USER}\n".encode())
        terminal.read_until(b"Password: ")
        terminal.type(f"{PASSWORD}\n".encode())
        terminal.read_until(b"")
        assert f"Logged in to {server} as {USER}.".encode() in terminal.seen
        assert PASSWORD.encode() not in terminal.seen
        assert terminal.process.wait() == 0
    finally:
        terminal.close()
