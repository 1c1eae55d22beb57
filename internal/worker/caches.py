"""What resource types keep on this worker, below `workdir/cache`: used under a lock, removed when unused for long.

Beside each cache lies its lock file, `NAME.lock`, which is as old as the cache's last use.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import structlog
from gevent.event import Event

from pikoci.internal.domain.clock import Clock
from pikoci.internal.worker.execution.outcome import StepError, stopped
from pikoci.internal.worker.execution.removal import Remover
from pikoci.internal.worker.execution.scope import Scope

_log = structlog.get_logger(__name__)
_POLL_SECONDS = 0.02
_SWEEP_SECONDS = 600.0


@contextmanager
def in_use(cache: Path, scope: Scope, *, alone: bool) -> Generator[None]:
    """Have a cache, alone or with others, also among processes. It need not be there yet.

    Raises StepError if the step is stopped while others have it.
    """
    cache.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    while (lock := _lock(cache, kind)) is None:
        if scope.stopped.wait(_POLL_SECONDS) and scope.cause is not None:
            raise StepError(stopped(scope.cause))
    try:
        os.utime(lock)
        yield
        os.utime(lock)
    finally:
        os.close(lock)


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
