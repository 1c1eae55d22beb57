"""A real `pikoci worker` process."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.services.pikoci import PIKOCI

DEADLINE_SECONDS = 60.0
POLL_SECONDS = 0.02


class PikociWorker:
    """A worker with a home of its own below `folder`; the same flags and variables at every start."""

    def __init__(self, folder: Path, flags: Sequence[str] = (), variables: Mapping[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.log = folder / "worker.log"
        self.workdir = folder / "work"
        self._flags = [f"--workdir={self.workdir}", *flags]
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **(variables or {})}
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process, without waiting."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def command(self) -> list[str]:
        """What is started."""
        return [PIKOCI, "worker", *self._flags]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the worker's process, not to what it runs."""
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self, timeout: float = DEADLINE_SECONDS) -> int:
        """Wait for the end; the exit status."""
        assert self.process is not None
        return self.process.wait(timeout)

    def wait_for(self, condition: Callable[[], object], what: str, timeout: float = DEADLINE_SECONDS) -> None:
        """Wait until the condition holds; fails with the worker's log when it does not in time."""
        deadline = time.monotonic() + timeout
        while not condition():
            ended = self.process is not None and self.process.poll() is not None
            if ended or time.monotonic() > deadline:
                raise AssertionError(f"waited in vain for {what}; the worker's log ends:\n{self.text()[-4000:]}")
            time.sleep(POLL_SECONDS)

    def text(self) -> str:
        """What the worker logged so far."""
        return self.log.read_text(errors="replace")

    def stop(self) -> None:
        """End the worker for good, whatever state it is in."""
        if self.process is not None and self.process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.wait()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
