"""Start and stop a service's program behind its lifeline."""

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

LIFELINE = Path(__file__).with_name("lifeline.py")
POLL_SECONDS = 0.02

_named: set[int] = set()


class ServiceError(Exception):
    """A service's program ended, or did not answer in time; the text holds the end of its log."""


class ServiceProcess:
    """A running program, its log in `FOLDER/service.log`; when this process dies, it ends and the folder is removed."""

    def __init__(self, command: list[str], folder: Path, *, ending: str = "SIGTERM", user: str | None = None) -> None:
        """Start the command; `ending` names the signal that stops it, `user` whom it runs as (None: as the caller)."""
        self._log = folder / "service.log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-IS", str(LIFELINE), ending, user or "", str(folder), *command],
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process that all of the program's descend from."""
        return self._process.pid

    def wait_until(self, ready: Callable[[], bool], timeout_seconds: float = 60) -> None:
        """Wait until `ready` says so. Raises ServiceError when the program ends or takes longer; it is stopped then."""
        deadline = time.monotonic() + timeout_seconds
        while not ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = self._log.read_text(errors="replace") if self._log.exists() else ""
                self.stop(keep_folder=True)
                raise ServiceError(f"the service did not start; its log ends:\n{log[-2000:]}")
            time.sleep(POLL_SECONDS)

    def stop(self, *, keep_folder: bool = False) -> None:
        """Stop the program and wait for its end; a second call does nothing."""
        self._end(b"k" if keep_folder else b"")

    def kill(self) -> None:
        """End the program and its descendants by SIGKILL and wait; the folder stays. A second call does nothing."""
        self._end(b"K")

    def hand_over(self, run: Path) -> None:
        """Let the program go on without this process, until nobody holds a lock on the file `run`."""
        pipe = self._process.stdin
        assert pipe is not None
        pipe.write(b"S" + os.fsencode(run))
        pipe.close()
        self._process.returncode = 0  # or Popen would complain that nobody waited

    def _end(self, wish: bytes) -> None:
        pipe: IO[bytes] | None = self._process.stdin
        if pipe is not None and not pipe.closed:
            if self._process.poll() is None:
                pipe.write(wish)
            pipe.close()
        self._process.wait()


def free_port() -> int:
    """Name a TCP port of 127.0.0.1 that was free a moment ago; the same one is not named twice.

    Linux takes the local ends of connections from 32768 and up, where a port that a service has left for a moment can
    be taken by any client, even by one that asks whether the service answers. So these are lower.
    """
    while True:
        port = random.SystemRandom().randrange(11_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port not in _named:
                _named.add(port)
                return port


def answers(port: int) -> bool:
    """Tell whether something accepts connections on the port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
