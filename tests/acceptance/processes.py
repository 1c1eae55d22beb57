"""Finding what a worker started, from outside."""

from __future__ import annotations

from pathlib import Path


def marked_processes(workdir: Path) -> list[str]:
    """The command lines of processes whose work directory lies below `workdir`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes()
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(workdir).encode() in environment:
            found.append(command.replace(b"\0", b" ").decode(errors="replace"))
    return found
