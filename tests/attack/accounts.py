"""Users of the machine that a run of the suite makes for itself."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PREFIX = "pkatk"
_TRIES = 50
#: Numbers that the machine gives to nobody else: whatever runs as a user for builds is killed, also in a container.
_NUMBERS = [f"--key=SYS_{kind}_{end}" for kind in ("UID", "GID") for end in ("MIN=58000", "MAX=58999")]


@contextmanager
def accounts(label: str, builders: int) -> Iterator[tuple[str, str]]:
    """A group with so many users for builds, and a user for a worker; both names. All are removed at the end."""
    group, worker = f"{PREFIX}-{os.getpid()}-{label}", f"{PREFIX}-{os.getpid()}-{label}-w"
    nobody = ["--system", *_NUMBERS, "--no-create-home", "--home-dir=/nonexistent"]
    try:
        _change("groupadd", "--system", *_NUMBERS, group)
        for number in range(1, builders + 1):
            _change("useradd", *nobody, "--shell=/usr/sbin/nologin", f"--gid={group}", f"{group}-{number}")
        _change("useradd", *nobody, "--shell=/usr/sbin/nologin", "--user-group", worker)
        yield group, worker
    finally:
        _remove(f"{PREFIX}-{os.getpid()}-{label}")


def remove_stale_accounts() -> None:
    """Remove what runs left that are over."""
    names = [one.pw_name for one in pwd.getpwall()] + [one.gr_name for one in grp.getgrall()]
    for label in {"-".join(name.split("-")[:3]) for name in names if name.startswith(f"{PREFIX}-")}:
        if not is_alive(label.split("-")[1]):
            _remove(label)


def is_alive(pid: str) -> bool:
    """Whether the process of a run goes on."""
    return pid.isdecimal() and Path("/proc", pid).exists()


def _remove(label: str) -> None:
    for user in [one.pw_name for one in pwd.getpwall() if one.pw_name.startswith(label)]:
        with suppress(subprocess.CalledProcessError):
            _change("userdel", "--force", user)
    for group in [one.gr_name for one in grp.getgrall() if one.gr_name.startswith(label)]:
        with suppress(subprocess.CalledProcessError):
            _change("groupdel", group)


def _change(*command: str) -> None:
    """Run a command that locks the machine's list of users, which others may change at the same time."""
    for left in reversed(range(_TRIES)):
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": "/usr/sbin:/usr/bin"})
        if done.returncode == 0:
            return
        if left == 0 or "lock" not in done.stderr:
            raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
        time.sleep(0.1)
