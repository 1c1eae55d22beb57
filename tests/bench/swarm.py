"""Many simulated workers of one server, in a process of their own; see `swarm_process.py`."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

WORKERS = 1000
BEAT_SECONDS = 5.0
PROGRAM = Path(__file__).with_name("swarm_process.py")


@dataclass(frozen=True)
class Found:
    """What the simulated workers saw."""

    workers: int
    beats_per_second: float
    median_ms: float
    p99_ms: float
    refused: int


class Crowd:
    """The running simulation."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def wait_until_all_listen(self) -> None:
        """Return when all are registered and have a stream."""
        assert self._line() == "ready", "the simulation ended"

    def result(self) -> Found:
        """What was measured, at the end."""
        return Found(**json.loads(self._line()))

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def swarm(
    url: str,
    token: str,
    register: float,
    seconds: float,
    *,
    workers: int = WORKERS,
    beat: float = BEAT_SECONDS,
    prefix: str = "simulated",
) -> Iterator[Crowd]:
    """Simulated workers that register within some seconds and then live for some more; `beat` is between heartbeats."""
    command = [sys.executable, str(PROGRAM), url, str(workers), str(register), str(seconds), str(beat), prefix]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        process.stdin.write(token)
        process.stdin.close()
        try:
            yield Crowd(process)
        finally:
            process.kill()
