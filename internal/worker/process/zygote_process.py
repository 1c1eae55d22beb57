"""The worker's hold on its zygote."""

import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import gevent
from gevent.socket import wait_write

from pikoci.internal.worker.process.errors import SpawnerError
from pikoci.internal.worker.process.readiness import reading, wait_first
from pikoci.internal.worker.process.supervision.messages import MAX_MESSAGE_BYTES
from pikoci.internal.worker.process.supervision.zygote import WIND_UP_SECONDS

START_LIMIT_SECONDS = 30.0

# The folder comes last, so that none of its modules can hide one of the standard library's.
_BOOT = "import sys; sys.path.append(sys.argv[1]); from supervision.zygote import main; main(int(sys.argv[2]))"


class ZygoteProcess:
    """A running zygote. Its control socket is the lifeline: when it closes, all that it started dies."""

    def __init__(self, mark: str) -> None:
        """Start the process, which shows the mark as an argument, and wait until it serves. Raises SpawnerError."""
        try:
            self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        except OSError as error:
            raise SpawnerError(f"cannot start the process that starts commands: {error}") from error
        try:
            with theirs:
                self._process = _start(theirs.fileno(), mark)
        except OSError as error:
            self._control.close()
            raise SpawnerError(f"cannot start the process that starts commands: {error}") from error
        self._control.setblocking(False)
        self._watcher = reading(self._control.fileno())
        came_up = wait_first([self._watcher], START_LIMIT_SECONDS) and self._receive()
        self._sentinel = gevent.spawn(self._await_end)
        if not came_up:
            self.kill()
            raise SpawnerError(f"the process that starts commands did not come up: {sys.executable}")

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def has_ended(self) -> bool:
        """Tell whether the process is gone, without waiting."""
        try:
            return not self._control.recv(MAX_MESSAGE_BYTES, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def fork_supervisor(self, lifeline: socket.socket) -> None:
        """Ask for a supervisor that serves this socket; it says so there. Raises SpawnerError."""
        try:
            while not self._send(lifeline):
                wait_write(self._control.fileno(), START_LIMIT_SECONDS)
        except OSError as error:
            raise SpawnerError(f"the process that starts commands is gone: {error}") from error

    def wait_end(self, timeout: float | None = None) -> None:
        """Wait until the process has ended, or for some seconds."""
        self._sentinel.join(timeout)

    def close(self) -> None:
        """Let go of the lifeline and wait until everything has ended, or end it by force."""
        with suppress(OSError):  # it may be gone already
            self._control.shutdown(socket.SHUT_WR)
        self.wait_end(WIND_UP_SECONDS + 2.0)
        self.kill()

    def kill(self) -> None:
        """End the process at once, if it is still there, and collect it."""
        self._process.kill()
        self._process.wait()
        self._sentinel.kill()
        self._watcher.close()
        self._control.close()

    def _await_end(self) -> None:
        while not self.has_ended():
            wait_first([self._watcher])

    def _send(self, lifeline: socket.socket) -> bool:
        try:
            socket.send_fds(self._control, [b"fork"], [lifeline.fileno()])
        except BlockingIOError:
            return False
        return True

    def _receive(self) -> bytes:
        try:
            return self._control.recv(MAX_MESSAGE_BYTES)
        except OSError:
            return b""


def _start(control: int, mark: str) -> "subprocess.Popen[bytes]":
    # A Python that needs LD_LIBRARY_PATH to start needs it here too.
    kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _BOOT, str(Path(__file__).parent), str(control), mark],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=kept,
        cwd="/",
        pass_fds=[control],
        start_new_session=True,
    )
