"""Unpacks an archive: `python unpack.py ARCHIVE DIRECTORY`. Runs as a process of its own, so that it can be stopped.

The archive may come from anywhere. Links come out as they were packed, wherever they lead, and nothing is ever written
through one: each file is made anew, by descriptors, below the directory. Nothing else of the program is imported here.
"""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def main(archive: str, directory: str) -> int:
    """Unpack, and return the exit status."""
    name = ""
    try:
        Path(directory).mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive, "r:*") as tar, Destination(directory) as destination:
            for member in tar:
                name = member.name
                destination.add(member, tar.extractfile(member) if member.isreg() else None)
    except (tarfile.TarError, EOFError, OSError, ValueError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        sys.stderr.write(f"{name!r}: {reason}\n" if name else f"{reason}\n")
        return 1
    return 0


class Destination:
    """The directory that members are unpacked into, one after the other."""

    def __init__(self, directory: str) -> None:
        self._root = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._parent: tuple[list[str], int] = ([], self._root)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._leave_parent()
        os.close(self._root)

    def add(self, member: tarfile.TarInfo, content: IO[bytes] | None) -> None:
        """Make one member. Raises TarError for what would lie outside, or is no file, directory or link."""
        parts = _parts(member.name)
        if not parts:
            return
        parent = self._enter(parts[:-1])
        if member.isdir():
            os.close(_open_directory(parent, parts[-1]))
        elif member.issym():
            _clear(parent, parts[-1])
            os.symlink(member.linkname, parts[-1], dir_fd=parent)
        elif member.islnk():
            self._link(_parts(member.linkname), parent, parts[-1])
        elif content is not None:
            _clear(parent, parts[-1])
            _write(parent, parts[-1], member, content)
        else:
            raise tarfile.TarError("is a special file")

    def _link(self, source: list[str], parent: int, name: str) -> None:
        if not source:
            raise tarfile.TarError("is a link to a directory")
        directory = self._walk(source[:-1])
        try:
            _clear(parent, name)
            os.link(source[-1], name, src_dir_fd=directory, dst_dir_fd=parent, follow_symlinks=False)
        finally:
            os.close(directory)

    def _enter(self, parts: list[str]) -> int:
        """The directory `parts`, which stays open for the members that follow."""
        if parts != self._parent[0]:
            self._leave_parent()
            self._parent = (parts, self._walk(parts))
        return self._parent[1]

    def _leave_parent(self) -> None:
        if self._parent[1] != self._root:
            os.close(self._parent[1])
        self._parent = ([], self._root)

    def _walk(self, parts: list[str]) -> int:
        here = os.dup(self._root)
        for part in parts:
            try:
                inner = _open_directory(here, part)
            finally:
                os.close(here)
            here = inner
        return here


def _parts(name: str) -> list[str]:
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if ".." in parts:
        raise tarfile.TarError("would be outside the destination")
    return parts


def _open_directory(parent: int, name: str) -> int:
    with suppress(FileExistsError):
        os.mkdir(name, 0o755, dir_fd=parent)
    try:
        return os.open(name, _DIRECTORY, dir_fd=parent)
    except NotADirectoryError:
        raise tarfile.TarError(f"{name!r} is a link or a file, not a directory") from None


def _clear(parent: int, name: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=parent)


def _write(parent: int, name: str, member: tarfile.TarInfo, content: IO[bytes]) -> None:
    """A new file; others may not write to it, it runs if its owner could run it, and it runs as nobody else."""
    executable = 0o111 if member.mode & 0o100 else 0
    with os.fdopen(os.open(name, _NEW, 0o600, dir_fd=parent), "wb") as file:
        shutil.copyfileobj(content, file, 1024 * 1024)
        file.flush()
        os.fchmod(file.fileno(), member.mode & (0o644 | executable) | 0o600)
        with suppress(OverflowError, ValueError, OSError):
            os.utime(file.fileno(), (member.mtime, member.mtime))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
