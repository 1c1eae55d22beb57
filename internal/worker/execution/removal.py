"""Removing directories, which some file systems take milliseconds for, without holding up the hub."""

from __future__ import annotations

import itertools
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import gevent
import structlog
from gevent import get_hub
from gevent.threadpool import ThreadPool

_log = structlog.get_logger(__name__)
_THREADS = 4
_CLOSE_SECONDS = 5.0


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
            self._aside.mkdir(mode=0o700, parents=True, exist_ok=True)
            root.rename(target)
        except OSError:
            remove_tree(root)  # a full disk, perhaps
        else:
            self._pool.spawn(_remove, target)

    def close(self) -> None:
        """Wait some seconds at most until all is removed."""
        with suppress(TimeoutError), gevent.Timeout(_CLOSE_SECONDS, TimeoutError()):
            self._pool.join()
        self._pool.kill()


def remove_tree(root: Path) -> None:
    """Remove a directory with all in it, and wait for that; what resists is logged and left."""
    if root.exists():
        get_hub().threadpool.apply(_remove, (root,))


def _remove(root: Path) -> None:
    try:
        shutil.rmtree(root, onerror=_make_writable_and_retry)
    except OSError as error:
        _log.warning("cannot remove directory", path=str(root), error=str(error))


def _make_writable_and_retry(function: Callable[[str], object], path: str, _: object) -> None:
    """Commands leave read-only directories behind (Go's module cache does)."""
    target = Path(path)
    if not target.exists() and not target.is_symlink():
        return
    target.parent.chmod(stat.S_IRWXU)
    if target.is_dir() and not target.is_symlink():
        target.chmod(stat.S_IRWXU)
        shutil.rmtree(target)
    else:
        function(path)
