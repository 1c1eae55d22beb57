"""Processes as the kernel shows them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def descendants(pid: int) -> Iterator[int]:
    """All processes below this one."""
    with suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield int(child)
            yield from descendants(int(child))


def send_below(pid: int, number: signal.Signals) -> None:
    """Send a signal to all processes below this one."""
    for each in list(descendants(pid)):
        with suppress(ProcessLookupError):
            os.kill(each, number)


def mentioning(text: str) -> list[str]:
    """The command lines of all processes that have the text in their environment or command, but this one."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_bytes()
            if text.encode() in command + (process / "environ").read_bytes() and int(process.name) != os.getpid():
                found.append(f"{process.name}: {command.replace(bytes(1), b' ').decode(errors='replace')}")
    return found
