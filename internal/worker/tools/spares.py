"""Directories for builds, made before they are needed: making one takes longer than most of what a short build does."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gevent.threadpool import ThreadPool

_KEPT = 8
_LEAST = 4


def make_directories(root: Path) -> None:
    """Make `root` with the directories that a build of the worker's own user has in it. Raises OSError."""
    for path in (root, root / "work", root / "tmp"):
        path.mkdir(mode=0o700, parents=True)


class Spares:
    """Keeps some ready in `aside`, on the file system of the builds, from the first one that is asked for.

    Each is new and used once: whoever still holds the directory of an earlier build has nothing of a later one.
    """

    def __init__(self, aside: Path, remove: Callable[[Path], None]) -> None:
        self._aside = aside
        self._remove = remove
        self._numbers = itertools.count(1)
        self._ready: deque[Path] = deque()
        self._making = False
        self._pool = ThreadPool(1)

    def make(self, root: Path) -> None:
        """Have the directories at `root`, by moving a spare there if there is one. Raises OSError."""
        if len(self._ready) < _LEAST and not self._making:
            self._making = True
            self._pool.spawn(self._prepare)
        if self._ready:
            spare = self._ready.popleft()
            try:
                spare.rename(root)
            except OSError:  # there is no `builds` yet, perhaps
                self._ready.append(spare)
            else:
                return
        make_directories(root)

    def close(self) -> None:
        """Have those removed that are left."""
        self._pool.kill()
        self._remove(self._aside)

    def _prepare(self) -> None:
        """Runs in a native thread."""
        with suppress(OSError):  # a full disk, of which the next build tells
            while len(self._ready) < _KEPT:
                spare = self._aside / str(next(self._numbers))
                make_directories(spare)
                self._ready.append(spare)
        self._making = False
