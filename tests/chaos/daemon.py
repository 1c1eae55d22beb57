"""Processes of the program, looked after as a service manager does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import gevent

PIKOCI = str(Path(sys.executable).with_name("pikoci"))
RESTART_SECONDS = 0.5
_POLL_SECONDS = 0.1


class Daemon:
    """`pikoci ARGUMENTS`, started again when it ends by itself; its log in `FOLDER/NAME.log`.

    A `group` is several processes that are killed and paused together, as the server's are.
    """

    def __init__(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str], folder: Path, *, group: bool
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self.unasked: list[int] = []
        self._arguments = arguments
        self._environment = dict(environment)
        self._folder = folder
        self._group = group
        self._wanted = False
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper = gevent.spawn(self._keep)

    def start(self) -> None:
        """Start, and keep it running from now on."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [PIKOCI, *self._arguments],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wanted = True

    def kill(self) -> None:
        """SIGKILL, and leave it dead until `start`. What a worker runs isn't killed: that must die by itself."""
        self._wanted = False
        self._send(signal.SIGKILL)
        self._reap()

    def crash(self) -> None:
        """SIGKILL one child of the group's first process, which has to start another."""
        if self._process is not None:
            children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
            with suppress(OSError):
                for pid in children.read_text().split()[:1]:
                    os.kill(int(pid), signal.SIGKILL)

    def pause(self) -> None:
        """SIGSTOP; what a worker runs goes on."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._send(signal.SIGCONT)

    def drain(self) -> None:
        """SIGQUIT to the first process; it isn't started again."""
        self._wanted = False
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)

    def ended(self, timeout: float) -> int | None:
        """The exit status, None when it hasn't ended in so many seconds."""
        assert self._process is not None
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return None

    def close(self) -> None:
        """End it, whatever state it is in."""
        self._keeper.kill()
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def _send(self, number: signal.Signals) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        with suppress(ProcessLookupError):
            (os.killpg if self._group else os.kill)(self._process.pid, number)

    def _reap(self) -> None:
        while self._process is not None and self._process.poll() is None:
            gevent.sleep(0.01)

    def _keep(self) -> None:
        while True:
            gevent.sleep(_POLL_SECONDS)
            if self._wanted and self._process is not None and self._process.poll() is not None:
                self.unasked.append(self._process.returncode)
                gevent.sleep(RESTART_SECONDS)
                if self._wanted:
                    self.start()
