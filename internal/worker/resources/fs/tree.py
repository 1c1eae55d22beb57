"""Reads and copies files of the machine: `python tree.py ORDER`, with the order as JSON; prints the version as JSON.

A process of its own, so that it has no more rights than the build's user, and can be stopped. Links are never followed
out of the directories that are allowed, and those inside of what is copied stay links: every step of a path is opened
by descriptor from the one before. Nothing else of the program is imported here.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import secrets
import signal
import stat
import sys
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PIECE = 1024 * 1024
_DEEPEST = 64
_MOST_FILES = 100_000
_GLOB = frozenset("*?[")


class RefusedError(Exception):
    """It may not, or cannot, be done; the text says why."""


def main(order: str) -> int:
    """Do what is ordered, and return the exit status."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what is half written goes
    asked: dict[str, Any] = json.loads(order)
    try:
        with ExitStack() as opened:
            sys.stdout.write(json.dumps(_obey(asked, opened)))
    except RefusedError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        name = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
        sys.stderr.write(f"{name}{error.strerror}\n")
        return 1
    return 0


def _obey(asked: dict[str, Any], opened: ExitStack) -> dict[str, str] | None:
    roots, path, target = asked["roots"], asked["path"], None
    if asked["do"] == "store":
        _store(asked, opened)
    elif asked["do"] == "fetch":
        work, parts = _locate([asked["work"]], str(Path(asked["work"], asked["name"])), [])
        target = Target(_enter(work, parts, opened, make=True))
    return Tree(roots, path, asked["most"], target).read(opened)


def _store(asked: dict[str, Any], opened: ExitStack) -> None:
    """Copy what the build made to the path."""
    path, work = asked["path"], asked["work"]
    source = Path(work, asked["source"])
    root, parts = _locate(asked["roots"], path, [])
    if path.endswith("/") or source.is_dir() or Path(root, *parts).is_dir():
        target = Target(_enter(root, parts, opened, make=True))
    elif parts:
        target = Target(_enter(root, parts[:-1], opened, make=True), parts[-1])
    else:
        raise RefusedError(f'"{path}" is no file')
    if Tree([work], str(source), asked["most"], target, globs=False).read(opened) is None:
        raise RefusedError(f'there is no "{asked["source"]}" in the work directory')


class Target:
    """A directory that files are written into; under `name`, where there is only one."""

    def __init__(self, directory: int, name: str = "") -> None:
        self._root, self._name = directory, name

    def add(self, parts: list[str], found: os.stat_result, content: Iterator[bytes], link: str) -> None:
        """Write a file or a link anew, and then put it in the place of what is there."""
        if self._name:
            parts = [self._name]
        with ExitStack() as opened:
            here = _walk(self._root, parts[:-1], opened, make=True)
            aside = f".{parts[-1][:100]}.{secrets.token_hex(8)}"
            try:
                if link:
                    os.symlink(link, aside, dir_fd=here)
                else:
                    _write(here, aside, found, content)
                os.rename(aside, parts[-1], src_dir_fd=here, dst_dir_fd=here)
            finally:
                with suppress(FileNotFoundError):
                    os.unlink(aside, dir_fd=here)

    def add_directory(self, parts: list[str]) -> None:
        """Make a directory, unless there is one."""
        with ExitStack() as opened:
            _walk(self._root, parts, opened, make=True)


class Tree:
    """What is at a path: a file, a directory, or all that a glob matches."""

    def __init__(self, roots: list[str], path: str, most: int, target: Target | None, *, globs: bool = True) -> None:
        self._path, self._most, self._left, self._files = path, most, most, _MOST_FILES
        self._target = target
        self._digest = hashlib.sha256()
        parts = _parts(path)
        fixed = next((place for place, part in enumerate(parts) if globs and _GLOB & set(part)), len(parts))
        self._glob = parts[fixed:]
        self._root, self._parts = _locate(roots, path, self._glob)

    def read(self, opened: ExitStack) -> dict[str, str] | None:
        """The version, None if nothing is there; what is found is copied to the target."""
        try:
            here = _enter(self._root, self._parts[:-1], opened)
            if not self._parts:
                return self._all(here, self._glob)
            name = self._parts[-1]
            found = os.stat(name, dir_fd=here, follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                return self._all(_walk(here, [name], opened), self._glob)
        except FileNotFoundError:
            return None
        if self._glob:
            return None
        _, digest = self._one(here, name, [name])
        modified, size = str(int(found.st_mtime)), str(found.st_size)
        return {"path": self._path, "hash": digest, "modified": modified, "size": size}

    def _all(self, here: int, glob: list[str]) -> dict[str, str] | None:
        count = self._files
        self._below(here, glob, [])
        if glob and count == self._files:
            return None
        return {"path": self._path, "hash": self._digest.hexdigest()}

    def _below(self, here: int, glob: list[str], parts: list[str]) -> None:
        """Take what matches in an open directory, in order; all if there is no glob any more."""
        if len(parts) > _DEEPEST:
            raise RefusedError(f'"{"/".join(parts)}" lies too deep')
        for name in sorted(os.listdir(here)):
            mode = os.stat(name, dir_fd=here, follow_symlinks=False).st_mode
            for rest in _matching(glob, name):
                if stat.S_ISDIR(mode):
                    self._directory(here, name, rest, [*parts, name])
                elif not rest:
                    self._take(here, name, [*parts, name])
                else:
                    continue
                break

    def _directory(self, here: int, name: str, rest: list[str], parts: list[str]) -> None:
        if not rest:
            self._note("directory", parts, "")
            if self._target is not None:
                self._target.add_directory(parts)
        with ExitStack() as opened:
            self._below(_walk(here, [name], opened), rest, parts)

    def _take(self, here: int, name: str, parts: list[str]) -> None:
        kind, digest = self._one(here, name, parts)
        self._note(kind, parts, digest)

    def _note(self, kind: str, parts: list[str], digest: str) -> None:
        self._files -= 1
        if self._files < 0:
            raise RefusedError(f"it has more than {_MOST_FILES:,} files")
        self._digest.update(b"\0".join((kind.encode(), os.fsencode("/".join(parts)), digest.encode(), b"")))

    def _one(self, here: int, name: str, parts: list[str]) -> tuple[str, str]:
        """Take one file or link; its kind and digest."""
        found = os.stat(name, dir_fd=here, follow_symlinks=False)
        if stat.S_ISLNK(found.st_mode):
            link = os.readlink(name, dir_fd=here)
            if self._target is not None:
                self._target.add(parts, found, iter(()), link)
            return "link", hashlib.sha256(os.fsencode(link)).hexdigest()
        if not stat.S_ISREG(found.st_mode):
            raise RefusedError(f'"{"/".join(parts)}" is neither a file, a directory nor a link')
        file = os.open(name, _READ, dir_fd=here)
        try:
            found = os.fstat(file)
            if not stat.S_ISREG(found.st_mode):
                raise RefusedError(f'"{"/".join(parts)}" is no file')
            digest = hashlib.sha256()
            content = self._content(file, digest)
            if self._target is not None:
                self._target.add(parts, found, content, "")
            for _ in content:
                pass
        finally:
            os.close(file)
        return ("program" if found.st_mode & 0o100 else "file"), digest.hexdigest()

    def _content(self, file: int, digest: Any) -> Iterator[bytes]:
        while piece := os.read(file, _PIECE):
            self._left -= len(piece)
            if self._left < 0:
                raise RefusedError(f"it has more than {self._most:,} bytes")
            digest.update(piece)
            yield piece


def _locate(roots: list[str], path: str, glob: list[str]) -> tuple[str, list[str]]:
    """The root that a path is below, and the way from there, without links; the glob at its end is left out."""
    parts = _parts(path)
    real = os.path.realpath("/" + "/".join(parts[: len(parts) - len(glob)]))
    for root in roots:
        real_root = os.path.realpath(root)
        if real == real_root or real.startswith(real_root.rstrip("/") + "/"):
            return real_root, _parts(real[len(real_root) :])
    raise RefusedError("it is below none of the directories that are allowed")


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


def _matching(glob: list[str], name: str) -> Iterator[list[str]]:
    """What is left of a glob below an entry of that name, for each way in which it matches."""
    if not glob:
        yield []
    elif glob[0] == "**":
        yield from _matching(glob[1:], name) if glob[1:] else [[]]
        yield glob
    elif fnmatchcase(name, glob[0]) and (not name.startswith(".") or glob[0].startswith(".")):
        yield glob[1:]


def _enter(root: str, parts: list[str], opened: ExitStack, *, make: bool = False) -> int:
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    opened.callback(os.close, here)
    return _walk(here, parts, opened, make=make)


def _walk(here: int, parts: list[str], opened: ExitStack, *, make: bool = False) -> int:
    """The directory that many steps below an open one; none of them a link."""
    for part in parts:
        if make:
            _make(part, here)
        try:
            here = os.open(part, _DIRECTORY, dir_fd=here)
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENOTDIR):
                raise RefusedError(f'"{part}" is no directory, or a link') from None
            raise
        opened.callback(os.close, here)
    return here


def _make(name: str, here: int) -> None:
    """A directory that the same people may write to; with the set-group-ID bit of the one around, as the kernel does.

    To ask for that bit is forbidden where a service runs with RestrictSUIDSGID.
    """
    mask = os.umask(0)
    try:
        with suppress(FileExistsError):
            os.mkdir(name, os.fstat(here).st_mode & 0o777, dir_fd=here)
    finally:
        os.umask(mask)


def _write(here: int, name: str, found: os.stat_result, content: Iterator[bytes]) -> None:
    """A new file; others may not write to it, and it runs as nobody else."""
    with os.fdopen(os.open(name, _NEW, 0o600, dir_fd=here), "wb") as file:
        for piece in content:
            file.write(piece)
        file.flush()
        executable = 0o111 if found.st_mode & 0o100 else 0
        os.fchmod(file.fileno(), found.st_mode & (0o644 | executable) | 0o600)
        os.utime(file.fileno(), ns=(found.st_mtime_ns, found.st_mtime_ns))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
