"""Giving a directory to another user, by descriptors: links are never followed, mount points never crossed."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from pikoci.internal.worker.tools.deletion import mount_of

_READ = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Each level holds a descriptor and a frame of the interpreter.
_DEEPEST = 64
_MOST = 500_000


def give(root: Path, uid: int, gid: int, most: int = _MOST) -> None:
    """Make all below the directory `root`, and last `root` itself, the user's. Blocks: call it in a thread.

    Nobody else may get at it meanwhile. Raises OSError when something resists, for a mount point, and for more than
    `most` files or 64 levels; then some of it is given.
    """
    here = os.open(root, _READ)
    try:
        _Giving(uid, gid, most, mount_of(here)).give_below(here, 0)
        os.fchown(here, uid, gid)
    finally:
        os.close(here)


class _Giving:
    def __init__(self, uid: int, gid: int, most: int, mount: bytes) -> None:
        self._uid = uid
        self._gid = gid
        self._left = most
        self._mount = mount

    def give_below(self, here: int, depth: int) -> None:
        with os.scandir(here) as found:
            for entry in found:
                self._left -= 1
                if self._left < 0 or depth >= _DEEPEST:
                    raise OSError(errno.EFBIG, "there is too much of it", entry.name)
                if entry.is_dir(follow_symlinks=False):
                    self._give_directory(here, entry.name, depth)
                os.chown(entry.name, self._uid, self._gid, dir_fd=here, follow_symlinks=False)

    def _give_directory(self, parent: int, name: str, depth: int) -> None:
        inner = os.open(name, _READ, dir_fd=parent)
        try:
            if mount_of(inner) != self._mount:
                raise OSError(errno.EXDEV, "a mount point is never crossed", name)
            self.give_below(inner, depth + 1)
        finally:
            os.close(inner)
