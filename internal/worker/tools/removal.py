"""Removing directories, which some file systems take milliseconds for, without holding up the hub."""

from __future__ import annotations

import itertools
from contextlib import suppress
from pathlib import Path

import gevent
import structlog
from gevent import get_hub
from gevent.threadpool import ThreadPool

from pikoci.internal.worker.tools.deletion import Leftovers, delete

_log = structlog.get_logger(__name__)
_THREADS = 4
_CLOSE_SECONDS = 5.0
_SHOWN = 5


class Remover:
    """Takes directories out of the way at once, into `aside` on the same file system, and removes them afterwards.

    What is left in `aside` when the process dies is for its next start to remove.
    """

    def __init__(self, aside: Path) -> None:
        self._aside = aside
        self._numbers = itertools.count(1)
        self._pool = ThreadPool(_THREADS)

    def remove(self, root: Path) -> None:
        """Free the path; waits only while many are being removed already. What resists is logged and left."""
        target = self._aside / f"{next(self._numbers)}-{root.name}"
        try:
            self._move(root, target)
        except OSError:
            remove_tree(root)  # a full disk or a mount point, perhaps
        else:
            self._pool.spawn(_remove, target)

    def close(self) -> None:
        """Wait some seconds at most until all is removed."""
        with suppress(TimeoutError), gevent.Timeout(_CLOSE_SECONDS, TimeoutError()):
            self._pool.join()
        self._pool.kill()

    def _move(self, root: Path, target: Path) -> None:
        try:
            root.rename(target)
        except FileNotFoundError:  # there is no `aside` yet
            self._aside.mkdir(mode=0o700, parents=True, exist_ok=True)
            root.rename(target)


def remove_tree(root: Path) -> None:
    """Remove a directory with all in it, and wait for that. Nothing happens if it is not there.

    What resists (another user's, immutable, a mount point) stays, and is named in one warning; all else goes.
    """
    get_hub().threadpool.apply(_remove, (root,))


def _remove(root: Path) -> None:
    left = Leftovers()
    try:
        delete(root, left)
    except OSError as error:
        left.add(str(root), error.strerror or str(error))
    if left.count:
        shown = [f"{path}: {reason}" for path, reason in left.first(_SHOWN)]
        _log.warning("cannot remove everything", path=str(root), left=left.count, first=shown)
