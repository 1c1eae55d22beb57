"""The private directory of one build or check."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from pikoci.internal.worker.tools.beneath import open_beneath
from pikoci.internal.worker.tools.removal import remove_tree
from pikoci.internal.worker.tools.spares import make_directories
from pikoci.internal.worker.users import BuildUser


class Workspace:
    """`work` is the WORKDIR of commands, `tmp` their TMPDIR, `home` their HOME if they run as `user`.

    Beside them lie scripts and keys, which only the worker makes, and paths that commands may make. The root belongs to
    the worker, so that no command can put a link in the place of any of these; they belong to `user`, and nobody else
    gets in. Without a user commands are the worker's equals, and scripts and paths lie in the root itself, which `make`
    makes with `work` and `tmp`. All is made on entry and removed on exit with whatever commands left in it, by
    `remove`; before that, what is `held` for commands is given back. Raises OSError on entry when it cannot be made
    (disk full).
    """

    def __init__(
        self,
        root: Path,
        remove: Callable[[Path], None] = remove_tree,
        user: BuildUser | None = None,
        make: Callable[[Path], None] = make_directories,
    ) -> None:
        self.root = root
        self.user = user
        self._remove = remove
        self._make = make
        self.work = root / "work"
        self.tmp = root / "tmp"
        self.home = root / "home"
        self._new = root if user is None else root / "new"
        self._files = root if user is None else root / "files"
        self._number = 0
        self.held = ExitStack()

    def __enter__(self) -> Self:
        try:
            if self.user is None:
                self._make(self.root)
            else:
                self._make_for(self.user)
        except OSError:
            self._remove(self.root)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self.held:
            pass
        self._remove(self.root)

    def private_path(self, suffix: str = "") -> Path:
        """A path outside `work` that nothing else uses, for a command to make: perhaps as a link to anywhere."""
        return self._new / self._next(suffix)

    def open_private(self, suffix: str = "", *, executable: bool = False) -> tuple[Path, BinaryIO]:
        """A new file of mode 0600, or 0700, for the worker to write and commands to read; its path never is a link."""
        path = self._files / self._next(suffix)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.fdopen(os.open(path, flags, 0o700 if executable else 0o600), "wb")
        if self.user is not None:
            os.fchown(file.fileno(), self.user.uid, self.user.gid)
        return path, file

    def write_private(self, content: str, *, suffix: str = "", executable: bool = False) -> Path:
        """A new file of mode 0600, or 0700, that holds `content`."""
        path, file = self.open_private(suffix, executable=executable)
        with file:
            file.write(content.encode("utf-8", "surrogateescape"))
        return path

    def make_private(self, path: Path) -> None:
        """Make the empty file at a `private_path`, writable for whoever can reach it. Raises OSError."""
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.fchmod(file, 0o666)
            if self.user is not None:
                os.fchown(file, self.user.uid, self.user.gid)
        finally:
            os.close(file)

    def inside(self, name: str) -> Path:
        """The path of `name` below the work directory. Raises ValueError when it leads out, also by a symbolic link.

        A command that runs may change that afterwards: only commands may use the path, not the worker itself.
        """
        path = self.work / name
        if not name or "\0" in name or not path.resolve().is_relative_to(self.work.resolve()):
            raise ValueError(f'"{name}" is not a path below the work directory')
        return path

    def has(self, name: str) -> bool:
        """Whether there is such a file or directory below the work directory; links that lead out are none."""
        return self._mode(name) != 0

    def has_file(self, name: str) -> bool:
        """Whether there is such a plain file below the work directory."""
        return stat.S_ISREG(self._mode(name))

    def entries(self, limit: int) -> list[str]:
        """The names in the work directory, in order; after `limit` of them, `...`."""
        names = sorted(path.name.encode("utf-8", "replace").decode() for path in self.work.iterdir())
        return names if len(names) <= limit else [*names[:limit], "..."]

    def _mode(self, name: str) -> int:
        """The mode of what is there, 0 if nothing is or if it lies elsewhere."""
        work = os.open(self.work, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            found = open_beneath(work, self._relative(name), os.O_PATH)
        except OSError:
            return 0
        finally:
            os.close(work)
        try:
            return os.fstat(found).st_mode
        finally:
            os.close(found)

    def _relative(self, name: str) -> str:
        return os.path.relpath(self.work / name, self.work)

    def _make_for(self, user: BuildUser) -> None:
        for path in (self.root, self._files):
            path.mkdir(mode=0o711, parents=True)
            path.chmod(0o711)  # whatever the umask is
        for path in (self.work, self.tmp, self.home, self._new):
            path.mkdir(mode=0o700)
            os.chown(path, user.uid, user.gid, follow_symlinks=False)

    def _next(self, suffix: str) -> str:
        self._number += 1
        return f"{self._number}{suffix}"
