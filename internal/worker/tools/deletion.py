"""Deleting a directory by descriptors: links are never followed, mount points never crossed."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

_LOOK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOUNTED = "a mount point is never crossed"
# Each level holds a descriptor and frames of the interpreter, and a command can make any number of them.
_DEEPEST = 64
_REMEMBERED = 100


class Leftovers:
    """What could not be deleted: how many things, and the first of them by path and reason."""

    def __init__(self) -> None:
        self.count = 0
        self._first: list[tuple[str, str]] = []

    def add(self, path: str, reason: str) -> None:
        """Note one."""
        self.count += 1
        if len(self._first) < _REMEMBERED or reason == _MOUNTED:
            self._first.append((os.fsencode(path).decode("utf-8", "backslashreplace"), reason))

    def first(self, number: int) -> list[tuple[str, str]]:
        """Some of them, mount points before the rest."""
        return sorted(self._first, key=lambda found: found[1] != _MOUNTED)[:number]


def delete(root: Path, left: Leftovers) -> None:
    """Delete `root`, a directory or anything else; nothing happens if it is not there.

    Mount points, `root` itself too, stay with all that is behind them. Raises OSError when the parent cannot be opened.
    """
    try:
        parent = os.open(root.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        delete_in(parent, root.name, left, str(root.parent))
    finally:
        os.close(parent)


def delete_in(parent: int, name: str, left: Leftovers, path: str) -> None:
    """As `delete` does, what `name` is in an open directory, whose path is shown as `path`."""
    try:
        os.unlink(name, dir_fd=parent)
    except FileNotFoundError:
        pass
    except OSError:  # EISDIR, or EPERM where one may not write
        _Deletion(parent, left).remove(parent, name, path, 0)


class _Deletion:
    def __init__(self, parent: int, left: Leftovers) -> None:
        self._left = left
        self._mount = mount_of(parent)
        self._top = -1
        self._pending: list[tuple[str, bool]] = []

    def remove(self, directory: int, name: str, path: str, depth: int) -> None:
        """Remove the directory `name` that lies in `directory`, whose own path is `path`."""
        try:
            os.rmdir(name, dir_fd=directory)
        except FileNotFoundError:
            pass
        except OSError:  # it is not empty, or a mount point
            self._remove_full(directory, name, path, depth)

    def _remove_full(self, directory: int, name: str, path: str, depth: int) -> None:
        try:
            here = self._open(directory, name)
            try:
                self._empty(here, f"{path}/{name}", depth)
            finally:
                os.close(here)
            os.rmdir(name, dir_fd=directory)
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:  # what is in there was noted
                self._note(f"{path}/{name}", error)

    def _empty(self, here: int, path: str, depth: int) -> None:
        with os.scandir(here) as found:
            entries = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in found]
        if depth == 0:
            self._top, self._pending = here, entries
        for name, is_directory in entries:
            if not is_directory:
                try:
                    os.unlink(name, dir_fd=here)
                except FileNotFoundError:
                    pass
                except OSError as error:
                    self._note(f"{path}/{name}", error)
            elif depth < _DEEPEST:
                self.remove(here, name, path, depth + 1)
            else:
                self._move_up(here, name, path)

    def _move_up(self, directory: int, name: str, path: str) -> None:
        """Put a directory that lies too deep into the top one, where its turn comes later."""
        free = f".{os.urandom(8).hex()}"
        try:
            os.close(self._open(directory, name))
            os.rename(name, free, src_dir_fd=directory, dst_dir_fd=self._top)
        except OSError as error:
            self._note(f"{path}/{name}", error)
        else:
            self._pending.append((free, True))

    def _open(self, directory: int, name: str) -> int:
        """The directory, made fit for being emptied. Raises OSError with EXDEV for a mount point."""
        seen = os.open(name, _LOOK, dir_fd=directory)  # which asks nothing of a file system that does not answer
        try:
            if mount_of(seen) != self._mount:
                raise OSError(errno.EXDEV, _MOUNTED)
            mode = os.fstat(seen).st_mode
            if stat.S_ISDIR(mode) and mode & stat.S_IRWXU != stat.S_IRWXU:
                with suppress(OSError):  # another user's, whose content may go nevertheless
                    Path(f"/proc/self/fd/{seen}").chmod(stat.S_IRWXU)
            return os.open(".", _READ, dir_fd=seen)
        finally:
            os.close(seen)

    def _note(self, path: str, error: OSError) -> None:
        self._left.add(path, _MOUNTED if error.errno == errno.EBUSY else error.strerror or str(error))


def mount_of(descriptor: int) -> bytes:
    """The mount that an open file lies on. Bind mounts of one file system share a device number, but not this one."""
    info = os.open(f"/proc/self/fdinfo/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        for line in os.read(info, 4096).splitlines():
            if line.startswith(b"mnt_id:"):
                return line
    finally:
        os.close(info)
    raise OSError(errno.ENOSYS, "the kernel does not tell mounts apart")
