"""What a task keeps on this worker from build to build, below `workdir/cache/tasks`.

Each cache is a directory `content` in a directory that the worker alone enters. It is moved into the directory of the
build that uses it, and back at the end: no two builds can have it at once, and one that is killed takes it along.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

from gevent import get_hub

from pikoci.internal.domain.gateway import BuildInfo
from pikoci.internal.worker.tools.caches import in_use
from pikoci.internal.worker.tools.lifetime import Lifetime
from pikoci.internal.worker.tools.ownership import give
from pikoci.internal.worker.users import BuildUser

_CONTENT, _MOVING = "content", "moving"

Remove = Callable[[Path], None]


def task_cache(root: Path, build: BuildInfo, step: str, path: str) -> Path:
    """The place of the cache `path` of a step, below the worker's directory for caches."""
    key = f"{build.team}\0{build.pipeline}\0{build.job}\0{step}\0{path}".encode()
    return root / "tasks" / hashlib.sha256(key).hexdigest()


def interrupted(root: Path) -> list[Path]:
    """What a worker that was killed left between two places."""
    return sorted(root.glob(f"tasks/*/{_MOVING}"))


def take(
    cache: Path, parent: int, name: str, user: BuildUser | None, lifetime: Lifetime, remove: Remove
) -> float | None:
    """Move what is kept to `name` in the open directory `parent`, for `user`. Give when it was kept, if it was.

    What cannot be made the user's is removed. An empty directory is replaced. Raises OSError when something else is
    there or it lies on another file system; then the cache stays. Raises StepError when the step is stopped meanwhile.
    """
    with in_use(cache, lifetime, alone=True) as place:
        kept_at = place.stat().st_mtime
        content, moving = place / _CONTENT, place / _MOVING
        _clear(moving, remove)
        try:
            content.rename(moving)
        except FileNotFoundError:
            return None
        if not _make_usable(place, user):
            remove(moving)
            return None
        try:
            os.rename(moving, name, dst_dir_fd=parent)
        except OSError:
            moving.rename(content)
            raise
    return kept_at


def keep(cache: Path, parent: int, name: str, user: BuildUser | None, remove: Remove) -> None:
    """Move the directory `name` in the open directory `parent` to where the next build takes it from.

    What another build kept meanwhile is replaced. Nothing of the user may run any more. Raises OSError when there is no
    directory of that name that belongs to the user, or when it cannot be moved.
    """
    seen = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        found = os.fstat(seen)
        if not stat.S_ISDIR(found.st_mode):
            raise NotADirectoryError(errno.ENOTDIR, "it is no directory any more", name)
        if user is not None and found.st_uid != user.uid:
            raise PermissionError(errno.EPERM, "it does not belong to the build", name)
        if found.st_mode & stat.S_IRWXU != stat.S_IRWXU:  # else who is not root cannot move it
            Path(f"/proc/self/fd/{seen}").chmod(stat.S_IRWXU)
    finally:
        os.close(seen)
    with in_use(cache, Lifetime(), alone=True) as place:
        _clear(place / _CONTENT, remove)
        os.rename(name, place / _CONTENT, src_dir_fd=parent)


def _clear(path: Path, remove: Remove) -> None:
    if os.path.lexists(path):
        remove(path)


def _make_usable(place: Path, user: BuildUser | None) -> bool:
    """Whether the user can work with what lies there; it is given all of it if it was another's."""
    moving = place / _MOVING
    if user is None:
        return os.access(moving, os.W_OK | os.X_OK)
    if moving.lstat().st_uid == user.uid:
        return True
    try:
        get_hub().threadpool.apply(give, (moving, user.uid, user.gid))
    except OSError:
        return False
    return True
