"""A cgroup of its own for every host, in each hierarchy that systemd looks at."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from tests.fleet.machine import FleetError

ROOT = Path("/sys/fs/cgroup")
PREFIX = "pikoci-fleet-"
GONE_SECONDS = 20.0
POLL_SECONDS = 0.05


class Cgroup:
    """All processes of a host."""

    def __init__(self, run: str, host: str) -> None:
        """Make the folders, empty."""
        self.folders = [hierarchy / f"{PREFIX}{run}-{host}" for hierarchy in _hierarchies()]
        for folder in self.folders:
            folder.mkdir(exist_ok=True)

    def processes(self) -> set[int]:
        """The ids of all processes in it, at any depth."""
        return _processes(self.folders)

    def first_process(self) -> int | None:
        """The process that is number 1 in the host, if one is."""
        return next((pid for pid in self.processes() if _number_inside(pid) == "1"), None)

    def remove(self) -> None:
        """Kill what runs in it and remove it. Raises FleetError when it can't be emptied."""
        _remove(self.folders)


def remove_cgroups(run: str) -> None:
    """Kill and remove all of a run's."""
    _remove([folder for hierarchy in _hierarchies() for folder in hierarchy.glob(f"{PREFIX}{run}-*")])


def _hierarchies() -> list[Path]:
    """Systemd's own and the unified one; where everything is unified, the one."""
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    return [path for path in (ROOT / "systemd", ROOT / "unified") if path.is_dir()]


def _remove(folders: list[Path]) -> None:
    deadline = time.monotonic() + GONE_SECONDS
    while alive := _processes(folders):
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise FleetError(f"processes {sorted(alive)} don't end, killed though they are")
        time.sleep(POLL_SECONDS)
    for folder in folders:
        for below, _, _ in os.walk(folder, topdown=False):
            with contextlib.suppress(FileNotFoundError):
                Path(below).rmdir()


def _processes(folders: list[Path]) -> set[int]:
    found: set[int] = set()
    for folder in folders:
        for below, _, _ in os.walk(folder):
            with contextlib.suppress(OSError):  # it went meanwhile
                found |= {int(pid) for pid in (Path(below) / "cgroup.procs").read_text().split()}
    return found


def _number_inside(pid: int) -> str:
    """The process's number in the innermost namespace; empty where it is this machine's own."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return ""
    line = next((line for line in status.splitlines() if line.startswith("NSpid:")), "")
    numbers = line.split()[1:]
    return numbers[-1] if len(numbers) > 1 else ""
