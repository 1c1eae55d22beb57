"""The machine's processes, seen from outside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def all_processes() -> Iterator[int]:
    """Their numbers."""
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())


def status(pid: int) -> dict[str, str]:
    """`/proc/PID/status`, empty when the process is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines()
    except OSError:
        return {}
    return {name: rest.strip() for name, _, rest in (line.partition(":") for line in lines)}


def descendants(pid: int) -> list[int]:
    """All below a process."""
    parents: dict[int, list[int]] = {}
    for one in all_processes():
        parents.setdefault(int(status(one).get("PPid", 0)), []).append(one)
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found


def command_line(pid: int) -> str:
    """With spaces between the arguments."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def with_argument(text: str) -> list[int]:
    """Living processes that have the text in their command line."""
    return [
        pid for pid in all_processes() if text in command_line(pid) and status(pid).get("State", "Z")[0] not in "ZX"
    ]


def of_user(uid: int) -> list[int]:
    """Living processes that run as the user."""
    return [
        pid
        for pid in all_processes()
        if str(uid) in (found := status(pid)).get("Uid", "").split() and found["State"][0] not in "ZX"
    ]


def started_at(pid: int) -> str:
    """When the process started, to tell it from a later one with its number; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[19]
    except OSError:
        return ""
