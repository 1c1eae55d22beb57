"""Finding and killing what an earlier life of a worker left behind."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from pikoci.internal.worker.process.supervision.family import below, parent_and_group, pids, send

MARK_VARIABLE = "PIKOCI_WORKER_MARK"

_PROCESSES_PER_PAUSE = 64
_PAUSE_SECONDS = 0.01


def sweep_leftovers(mark: str, *, timeout: float = 5.0, pause: Callable[[float], None] = time.sleep) -> int:
    """Kill every process that carries a worker's mark, and all that descend from them; give how many.

    For the start of a worker, before its ``Spawner``: ordinarily nothing is left, but worker, zygote and supervisors
    may all have been killed at the same moment. The caller sees to it that no other living worker has the mark. What
    was left then without a living parent and had removed the mark from its environment is not found. Repeats until
    nothing is found or ``timeout`` seconds have passed.
    """
    killed: set[int] = set()
    limit = time.monotonic() + timeout
    while (found := _marked_families(mark, pause)) and time.monotonic() < limit:
        for pid in found:
            send(pid, signal.SIGKILL)
        killed |= found
        pause(_PAUSE_SECONDS)
    return len(killed)


def _marked_families(mark: str, pause: Callable[[float], None]) -> set[int]:
    wanted = f"{MARK_VARIABLE}={mark}".encode()
    children: dict[int, list[int]] = {}
    marked = []
    for index, pid in enumerate(pids()):
        if index % _PROCESSES_PER_PAUSE == 0:
            pause(0)  # other greenlets go on during a long list
        entry = parent_and_group(pid)
        if entry is not None:
            children.setdefault(entry[0], []).append(pid)
            if wanted in _read(pid, "environ") or wanted in _read(pid, "cmdline"):
                marked.append(pid)
    found = set(marked)
    for pid in marked:
        found |= below(children, pid)
    return found - _own_line()


def _read(pid: int, name: str) -> list[bytes]:
    """Give the fields of such a file. Of zygotes and supervisors only the command line can be read."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes().split(b"\0")
    except OSError:
        return []  # gone, or another user's


def _own_line() -> set[int]:
    """List this process and its ancestors, which are never killed."""
    line = set()
    pid = os.getpid()
    while pid > 0 and pid not in line:
        line.add(pid)
        entry = parent_and_group(pid)
        pid = entry[0] if entry else 0
    return line
