"""A worker whose builds run as users of their own, which takes root."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pikoci.internal.worker.settings import inherit_environment
from pikoci.internal.worker.users import BuildUser
from tests.unit.internal.worker.bench_room import Room, worker_room

FIRST = 500_000 + os.getpid() % 100_000 * 10
USERS = tuple(BuildUser(name=f"build-{number}", uid=number, gid=FIRST) for number in range(FIRST, FIRST + 3))


@contextmanager
def passable_directory() -> Generator[Path]:
    """A directory that others may pass, and that lies in no directory for temporary files."""
    path = Path(tempfile.mkdtemp(prefix="pikoci-test-", dir="/run"))
    path.chmod(0o711)
    try:
        yield path
    finally:
        shutil.rmtree(path)


@contextmanager
def user_room(root: Path, users: Sequence[BuildUser] = USERS, **changes: Any) -> Generator[Room]:
    """A worker that lends these users, two at a time."""
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(root),
        "SSH_AUTH_SOCK": "/run/agent",
        "XDG_RUNTIME_DIR": "/run/user/0",
        "DOCKER_HOST": "unix:///run/user/0/docker.sock",
    }
    with worker_room(
        root,
        concurrency=2,
        build_users=tuple(users),
        user_locks=root / "locks",
        environment=inherit_environment(environment),
        **changes,
    ) as found:
        yield found
    assert not list((root / "work" / "builds").glob("*"))


def spawn_apart(uid: str) -> int:
    """Start something as a user that is no descendant of its commands, and give its pid."""
    shell = ["setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", "sh", "-c", "sleep 1000 >&2 & echo $!"]
    return int(subprocess.run(shell, stdout=subprocess.PIPE, check=True).stdout)
