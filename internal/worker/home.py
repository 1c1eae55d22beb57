"""The directories that belong to one worker."""

from __future__ import annotations

import fcntl
import os
import secrets
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Self

from pikoci.internal.domain.errors import PikociError
from pikoci.internal.worker.settings import WorkerSettings
from pikoci.internal.worker.tools.caches import close_gates
from pikoci.internal.worker.tools.removal import remove_tree
from pikoci.internal.worker.tools.task_cache import interrupted

#: Where directories of builds and checks wait for their removal.
REMOVED = "removed"
#: Where some wait for builds to come.
SPARE = "spare"

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def place_of(workdir: Path) -> str:
    """Stands for this directory on this machine until it boots again: the same for two processes that share its lock.

    A copy of the machine or of the directory is another place. Where the machine does not tell, each call is one.
    """
    try:
        boot = _BOOT.read_text(encoding="ascii")
        found = workdir.stat()
    except OSError:
        return secrets.token_hex(16)
    return sha256(f"{boot}:{found.st_dev}:{found.st_ino}".encode()).hexdigest()[:32]


class WorkerDirectoryError(PikociError):
    """A directory of the worker cannot be made or locked."""


class WorkerHome:
    """Makes and locks `workdir` and `spool_dir`, removes what an earlier run left of builds and checks, closes caches.

    Two workers that shared them would take away each other's builds, so the second one gets WorkerDirectoryError.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._workdir = settings.workdir
        self._users = settings.build_users
        self._directories = {settings.workdir, settings.spool_dir}
        self._locks: list[int] = []

    def __enter__(self) -> Self:
        try:
            for directory in sorted(self._directories):
                self._lock(directory)
        except BaseException:
            self._unlock()
            raise
        for name in ("builds", "checks", REMOVED, SPARE):
            remove_tree(self._workdir / name)
        if self._users:
            self._let_through()
        close_gates(self._workdir / "cache")
        for cache in interrupted(self._workdir / "cache"):
            remove_tree(cache)
        return self

    def _let_through(self) -> None:
        """Let users for builds reach what is theirs in here; they can list nothing."""
        for name in ("", "cache", "builds", "checks"):
            directory = self._workdir / name
            directory.mkdir(exist_ok=True)
            directory.chmod(0o711)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._unlock()

    def _lock(self, directory: Path) -> None:
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(directory / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise WorkerDirectoryError(
                f"the worker cannot use {directory}: {error.strerror}", hint="give it a directory that it may write to"
            ) from error
        self._locks.append(lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise WorkerDirectoryError(
                f"another worker uses {directory}", hint="give each worker a work and a spool directory of its own"
            ) from error

    def _unlock(self) -> None:
        for lock in self._locks:
            os.close(lock)
        self._locks.clear()
