"""What resource types and tasks keep on this worker, below `workdir/cache`: used under a lock, removed by age.

Beside each cache lies its lock file, `NAME.lock`, which is as old as the cache's last use.

With build users each of them has a cache of its own for each resource, which lies behind a *gate*: a directory that
belongs to the build user while the cache is in use, and to the worker otherwise. So what a build wrote is never handed
to another user, and another build that borrows the same user cannot get at it. What tasks keep moves instead, see
`task_cache`.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog
from gevent.event import Event

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.plan import Resource
from pikoci.internal.worker.tools.lifetime import Lifetime
from pikoci.internal.worker.tools.outcome import StepError, stopped
from pikoci.internal.worker.tools.removal import Remover, remove_tree
from pikoci.internal.worker.users import BuildUser

_log = structlog.get_logger(__name__)
_POLL_SECONDS = 0.02
_SWEEP_SECONDS = 600.0
_CONTENT = "content"


def cache_dir(root: Path, team: str, pipeline: str, resource: Resource) -> Path:
    """The cache of a resource: kept between builds, shared by its checks and pulls on this worker."""
    key = f"{team}\0{pipeline}\0{resource.canonical}".encode()
    return root / "resources" / hashlib.sha256(key).hexdigest()


@contextmanager
def in_use(cache: Path, lifetime: Lifetime, *, alone: bool, user: BuildUser | None = None) -> Generator[Path]:
    """Have a cache, alone or with others, also among processes; gives its directory, which is made if need be.

    With a user it is that user's own, had alone. Raises StepError if the step is stopped while others have it.
    """
    if user is not None:
        cache, alone = cache.with_name(f"{cache.name}-{user.uid}"), True
    cache.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    while (lock := _lock(cache, kind)) is None:
        if lifetime.stopped.wait(_POLL_SECONDS) and lifetime.cause is not None:
            raise StepError(stopped(lifetime.cause))
    try:
        os.utime(lock)
        cache.mkdir(mode=0o700, exist_ok=True)
        if user is None:
            yield cache
        else:
            with _opened(cache, user):
                yield cache / _CONTENT
        os.utime(lock)
    finally:
        os.close(lock)


def close_gates(root: Path) -> None:
    """Take back the gates below `root` that a worker which was killed left open."""
    for gate in root.glob("*/*"):
        found = gate.lstat()
        if stat.S_ISDIR(found.st_mode) and found.st_uid != os.geteuid():
            _close(gate)


@contextmanager
def _opened(gate: Path, user: BuildUser) -> Generator[None]:
    """Let a user through the gate to a directory of its own; what does not belong to it is thrown away."""
    for directory in (gate.parent, gate.parent.parent):
        directory.chmod(0o711)  # to be passed, not to be listed
    content = gate / _CONTENT
    with suppress(FileNotFoundError):
        found = content.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != user.uid:
            remove_tree(content)
    with suppress(FileExistsError):
        content.mkdir(mode=0o700)
        os.chown(content, user.uid, user.gid, follow_symlinks=False)
    os.chown(gate, user.uid, user.gid, follow_symlinks=False)
    try:
        yield
    finally:
        _close(gate)


def _close(gate: Path) -> None:
    os.chown(gate, os.geteuid(), os.getegid(), follow_symlinks=False)
    gate.chmod(0o700)  # the user could change it while it was the owner


class CacheSweeper:
    """Removes caches below `root` that nobody has used for `max_age` seconds; with 0 all stay."""

    def __init__(self, root: Path, max_age: float, remover: Remover, clock: Clock) -> None:
        self._root = root
        self._max_age = max_age
        self._remover = remover
        self._clock = clock

    def run(self, ending: Event) -> None:
        """Sweep every ten minutes until it ends; not at once, as one that slept for long may use its caches now."""
        while self._max_age and not ending.wait(_SWEEP_SECONDS):
            try:
                self.sweep()
            except OSError as error:
                _log.warning("cannot remove old caches", error=str(error))

    def sweep(self) -> None:
        """Look at each cache once. One that is in use stays."""
        oldest = self._clock.now() - self._max_age
        for file in sorted(self._root.glob("*/*.lock")):
            if file.stat().st_mtime < oldest and (lock := _lock(file.with_suffix(""), fcntl.LOCK_EX)) is not None:
                try:
                    if os.fstat(lock).st_mtime < oldest:
                        self._remove(file)
                finally:
                    os.close(lock)

    def _remove(self, file: Path) -> None:
        cache = file.with_suffix("")
        if cache.exists():
            self._remover.remove(cache)
            _log.info("removed a cache that was not used for long", kind=cache.parent.name, cache=cache.name)
        file.unlink()


def _lock(cache: Path, kind: int) -> int | None:
    """The cache's lock file, opened and locked; None while others have it, or have just removed it."""
    path = cache.with_suffix(".lock")
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(lock), path.stat()):
            return lock
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        os.close(lock)
        raise
    os.close(lock)
    return None
