"""The private directory of one build or check."""

from __future__ import annotations

import itertools
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog
from gevent import get_hub

_log = structlog.get_logger(__name__)
_FEW_ENTRIES = 32


class Workspace:
    """`work` is the WORKDIR of commands, `tmp` their TMPDIR; beside them lie scripts, keys and exports.

    All of it is mode 0700, made on entry and removed on exit with whatever commands left in it. Raises OSError on entry
    when it cannot be made (disk full).
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.work = root / "work"
        self.tmp = root / "tmp"
        self._files = 0

    def __enter__(self) -> Self:
        try:
            for path in (self.root, self.work, self.tmp):
                path.mkdir(mode=0o700, parents=True)
        except OSError:
            remove_tree(self.root)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        remove_tree(self.root)

    def private_path(self, suffix: str = "") -> Path:
        """A path outside `work` that nothing else uses."""
        self._files += 1
        return self.root / f"{self._files}{suffix}"

    def write_private(self, content: str, *, suffix: str = "", executable: bool = False) -> Path:
        """A new file of mode 0600, or 0700, that holds `content`."""
        path = self.private_path(suffix)
        path.touch(mode=0o700 if executable else 0o600)
        path.write_text(content, encoding="utf-8", errors="surrogateescape")
        return path

    def inside(self, name: str) -> Path:
        """The path of `name` below the work directory. Raises ValueError when it leads out, also by a symbolic link."""
        path = self.work / name
        if not name or "\0" in name or not path.resolve().is_relative_to(self.work.resolve()):
            raise ValueError(f'"{name}" is not a path below the work directory')
        return path


def remove_tree(root: Path) -> None:
    """Remove a directory with all in it, without holding up other greenlets; what resists is logged and left."""
    try:
        _remove_shallow(root)
    except OSError:
        if root.exists():
            get_hub().threadpool.apply(_remove, (root,))


def _remove_shallow(root: Path) -> None:
    """Remove a directory that holds empty directories and a few files; quicker than a trip to a thread.

    Raises OSError, having removed what it could, for one that holds more.
    """
    with os.scandir(root) as entries:
        for entry in itertools.islice(entries, _FEW_ENTRIES):
            if entry.is_dir(follow_symlinks=False):
                Path(entry.path).rmdir()
            else:
                Path(entry.path).unlink()
    root.rmdir()


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
