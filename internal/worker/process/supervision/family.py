"""Who descends from whom, from /proc, and how to end them."""

import os
import signal
from collections.abc import Callable, Collection


def pids() -> list[int]:
    """List all processes that can be seen, newest first."""
    return sorted((int(name) for name in os.listdir("/proc") if name.isdigit()), reverse=True)


def parent_and_group(pid: int) -> tuple[int, int] | None:
    """Give a process's parent and process group, or None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:
            line = file.read(4096)
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    # The command's name stands in brackets and may itself hold brackets and blanks.
    _state, parent, group = line[line.rindex(b")") + 2 :].split(b" ", 3)[:3]
    return int(parent), int(group)


def send(pid: int, number: int) -> None:
    """Signal a process (a group, if negative), if it is there and we may."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def reap(note: Callable[[int, int, tuple[int, float, float]], None]) -> bool:
    """Collect who has ended, with status and usage (KiB, seconds of user and system); tell whether anybody is left.

    Orphans come to us: nobody left means nobody at all.
    """
    try:
        while True:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                return True
            note(pid, status, (usage.ru_maxrss, usage.ru_utime, usage.ru_stime))
    except ChildProcessError:
        return False


def kill_children(parent: int, spare: Collection[int] = ()) -> set[int]:
    """Send SIGKILL to the children of a process but for some, and to all of their process groups.

    Gives the processes that were found, with the children's descendants: those become children when theirs is gone,
    so that a caller who reaps and repeats gets all of them. Each child is killed at sight, the newest first, which
    also catches a chain of processes that fork and exit faster than a whole scan takes.
    """
    own_group = os.getpgrp()
    children: dict[int, list[int]] = {}
    for pid in pids():
        entry = parent_and_group(pid)
        if entry is None:
            continue
        ancestor, group = entry
        if ancestor == parent and pid not in spare:
            send(pid, signal.SIGKILL)
            if group not in {own_group, 0}:
                send(-group, signal.SIGKILL)
        children.setdefault(ancestor, []).append(pid)
    return below(children, parent, spare)


def ask_to_stop(parent: int, group: int) -> None:
    """Send SIGTERM once to every descendant of a process, and SIGCONT for those that are stopped.

    Their main group gets it in one call, which misses no fork in between. Nobody gets it twice: to many
    programs a second one means "at once".
    """
    children: dict[int, list[int]] = {}
    groups: dict[int, int] = {}
    for pid in pids():
        entry = parent_and_group(pid)
        if entry is not None:
            children.setdefault(entry[0], []).append(pid)
            groups[pid] = entry[1]
    for target in [-group, *(pid for pid in below(children, parent) if groups[pid] != group)]:
        send(target, signal.SIGTERM)
        send(target, signal.SIGCONT)


def below(children: dict[int, list[int]], root: int, spare: Collection[int] = ()) -> set[int]:
    """Collect the descendants of a process from lists of children, without the families of spared children."""
    found: set[int] = set()
    todo = [pid for pid in children.get(root, ()) if pid not in spare]
    while todo:
        pid = todo.pop()
        if pid not in found:
            found.add(pid)
            todo += children.get(pid, ())
    return found
