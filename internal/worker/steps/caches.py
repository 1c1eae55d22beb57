"""A task's `caches`: handed over before its command runs, and kept at the end of the build."""

from __future__ import annotations

import errno
import os
import posixpath
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.gateway import BuildInfo
from pikoci.internal.domain.plan import TaskStep
from pikoci.internal.worker.steps.step_log import StepLog
from pikoci.internal.worker.tools.beneath import open_beneath
from pikoci.internal.worker.tools.commands import Commands
from pikoci.internal.worker.tools.lifetime import Lifetime
from pikoci.internal.worker.tools.outcome import StepError, failed
from pikoci.internal.worker.tools.task_cache import Remove, keep, take, task_cache
from pikoci.internal.worker.tools.workspace import Workspace

_HOME = "~/"
_PLACE = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC
_TAKEN = {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}
_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


@dataclass(frozen=True, slots=True)
class _Handed:
    """A cache that a task of the build has: `path` as written, below `base` in pieces; `place` is where it is kept."""

    path: str
    base: Path
    parent: str
    name: str
    place: Path
    on_failure: bool
    log: StepLog


class TaskCaches:
    """The caches that tasks of one build have. They stay where they are until its end, for later steps too."""

    def __init__(
        self, root: Path, build: BuildInfo, workspace: Workspace, commands: Commands, clock: Clock, remove: Remove
    ) -> None:
        self._root = root
        self._build = build
        self._workspace = workspace
        self._commands = commands
        self._clock = clock
        self._remove = remove
        self._handed: dict[str, _Handed] = {}

    def __bool__(self) -> bool:
        """Whether any task has one."""
        return bool(self._handed)

    def hand_over(self, step: TaskStep, environment: Mapping[str, str], lifetime: Lifetime, log: StepLog) -> None:
        """Put the task's caches into place. A worker that cannot says so, and the task starts without.

        Raises StepError when something else is there, and OSError when the work directory is gone.
        """
        for path in step.caches:
            if path in self._handed:
                continue  # an earlier attempt has it, or another task of this build
            if path.startswith(_HOME) and self._workspace.user is None:
                log.note(f"cache {path}: in the home of the worker's own user, which builds share here")
                continue
            handed = self._describe(step, path, log)
            self._handed[path] = handed
            try:
                log.note(f"cache {path}: {self._place(handed, environment, lifetime)}")
            except (StepError, OSError):
                del self._handed[path]
                raise

    def put_back(self, *, succeeded: bool) -> None:
        """Keep what may be kept, at the end of the build; nothing may run any more."""
        for handed in reversed(self._handed.values()):  # one may lie in another
            if not (succeeded or handed.on_failure):
                handed.log.note(f"cache {handed.path}: not kept, as the build did not succeed")
            else:
                self._keep(handed)
            handed.log.finish()
        self._handed.clear()

    def _describe(self, step: TaskStep, path: str, log: StepLog) -> _Handed:
        base = self._workspace.home if path.startswith(_HOME) else self._workspace.work
        parent, name = posixpath.split(path.removeprefix(_HOME))
        place = task_cache(self._root, self._build, step.name, path)
        return _Handed(path, base, parent, name, place, step.cache_on_failure, log)

    def _place(self, handed: _Handed, environment: Mapping[str, str], lifetime: Lifetime) -> str:
        """Put one into place, and tell what it is."""
        with self._parent(handed, environment, lifetime) as parent:
            if not _is_free(parent, handed.name):
                raise _occupied(handed)
            try:
                kept_at = take(handed.place, parent, handed.name, self._workspace.user, lifetime, self._remove)
            except OSError as error:
                if error.errno in _TAKEN:
                    raise _occupied(handed) from error
                return f"empty, as what is kept cannot be moved here: {error.strerror}"
        return "empty" if kept_at is None else _age(self._clock.now() - kept_at)

    @contextmanager
    def _parent(self, handed: _Handed, environment: Mapping[str, str], lifetime: Lifetime) -> Generator[int]:
        """The open directory that the cache goes into, which the build's user makes if need be."""
        try:
            try:
                parent = _open_parent(handed)
            except FileNotFoundError:
                self._make(handed, environment, lifetime)
                parent = _open_parent(handed)
        except OSError as error:
            reason = "its path leads out by a link" if error.errno == errno.EXDEV else error.strerror
            raise StepError(failed(f"cache {handed.path}: {reason}")) from error
        try:
            yield parent
        finally:
            os.close(parent)

    def _make(self, handed: _Handed, environment: Mapping[str, str], lifetime: Lifetime) -> None:
        argv = ["mkdir", "-p", "--", str(handed.base / handed.parent)]
        made = self._commands.run(argv, environment, self._workspace.work, lifetime, handed.log.write)
        if not made.ok:
            raise StepError(made)

    def _keep(self, handed: _Handed) -> None:
        try:
            parent = _open_parent(handed)
            try:
                keep(handed.place, parent, handed.name, self._workspace.user, self._remove)
            finally:
                os.close(parent)
        except FileNotFoundError:
            handed.log.note(f"cache {handed.path}: not kept, as there is no such directory at the end of the build")
        except OSError as error:
            handed.log.note(f"cache {handed.path}: not kept: {error.strerror}")


def _open_parent(handed: _Handed) -> int:
    base = os.open(handed.base, _PLACE | os.O_NOFOLLOW)
    try:
        return open_beneath(base, handed.parent or ".", _PLACE)
    finally:
        os.close(base)


def _is_free(parent: int, name: str) -> bool:
    """Whether nothing is there, or an empty directory."""
    try:
        here = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        with os.scandir(here) as found:
            return next(found, None) is None
    finally:
        os.close(here)


def _occupied(handed: _Handed) -> StepError:
    reason = "something is there already; name a directory that no step before makes and no get fetches"
    return StepError(failed(f"cache {handed.path}: {reason}"))


def _age(seconds: float) -> str:
    for unit, size in _UNITS:
        if seconds >= size:
            number = int(seconds // size)
            return f"{number} {unit}{'' if number == 1 else 's'} old"
    return "new"
