"""Writing a bare repository's settings anew, whatever was left in their place. No link is ever followed."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path

from pikoci.internal.worker.tools.deletion import Leftovers, delete_in

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FILES = {
    "HEAD": b"ref: refs/heads/main\n",
    # A shallow pull asks for a commit that need not be the tip of a branch.
    "config": b"[core]\n\trepositoryformatversion = 0\n\tbare = true\n[uploadpack]\n\tallowAnySHA1InWant = true\n",
}
_PACK = re.compile(r"pack-[0-9a-f]+\.(pack|idx|keep)")


def write_anew(repository: Path, owner: tuple[int, int] | None) -> None:
    """Keep the objects and the packed refs of `repository`, which is made if need be, and write all else anew.

    What is written belongs to `owner`, a user's id and a group's. Raises OSError when something cannot be removed, or
    is no repository.
    """
    repository.mkdir(mode=0o700, exist_ok=True)
    top = os.open(repository, _DIRECTORY)
    try:
        _clear(top, (entry.name for entry in _entries(top) if not _is_kept(entry)), repository)
        for name in ("objects", "refs"):
            _make_directory(top, name, owner)
        objects = os.open("objects", _DIRECTORY, dir_fd=top)
        try:
            _clean_objects(objects, repository / "objects", owner)
        finally:
            os.close(objects)
        for name, content in _FILES.items():
            _write(top, name, content, owner)
        _give(top, owner)
    finally:
        os.close(top)


def _is_kept(entry: os.DirEntry[str]) -> bool:
    if entry.name == "objects":
        return entry.is_dir(follow_symlinks=False)
    return entry.name == "packed-refs" and entry.is_file(follow_symlinks=False)


def _clean_objects(objects: int, path: Path, owner: tuple[int, int] | None) -> None:
    """Take away what tells git of other objects, or wrong things of these: alternates, graphs, indexes over packs."""
    odd = [entry.name for entry in _entries(objects) if entry.is_symlink() or not entry.is_dir(follow_symlinks=False)]
    _clear(objects, [*odd, "info"], path)
    _make_directory(objects, "pack", owner)
    packs = os.open("pack", _DIRECTORY, dir_fd=objects)
    try:
        _clear(packs, (entry.name for entry in _entries(packs) if not _is_pack(entry)), path / "pack")
    finally:
        os.close(packs)


def _is_pack(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False) and _PACK.fullmatch(entry.name) is not None


def _entries(directory: int) -> list[os.DirEntry[str]]:
    with os.scandir(directory) as found:
        return list(found)


def _clear(directory: int, names: Iterable[str], path: Path) -> None:
    left = Leftovers()
    for name in names:
        delete_in(directory, name, left, str(path))
    for resisting, reason in left.first(1):
        raise OSError(f"{resisting}: {reason}")


def _make_directory(parent: int, name: str, owner: tuple[int, int] | None) -> None:
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        return
    made = os.open(name, _DIRECTORY, dir_fd=parent)
    try:
        _give(made, owner)
    finally:
        os.close(made)


def _give(directory: int, owner: tuple[int, int] | None) -> None:
    """Give away a directory of our own, and no other that may have come into its place."""
    found = os.fstat(directory)
    if owner is not None and found.st_uid == os.geteuid() and stat.S_ISDIR(found.st_mode):
        os.fchown(directory, *owner)


def _write(directory: int, name: str, content: bytes, owner: tuple[int, int] | None) -> None:
    file = os.open(name, _NEW, 0o600, dir_fd=directory)
    try:
        os.write(file, content)
        if owner is not None:
            os.fchown(file, *owner)
    finally:
        os.close(file)
