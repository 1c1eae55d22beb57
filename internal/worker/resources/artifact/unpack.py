"""Unpacks an archive: `python unpack.py ARCHIVE DIRECTORY`. Runs as a process of its own, so that it can be stopped.

The archive may come from anywhere. What would land outside the directory, or is a device, is refused (tarfile's `data`
filter), and nothing else of the program is imported here.
"""

from __future__ import annotations

import os
import sys
import tarfile
from collections.abc import Iterator


def main(archive: str, directory: str) -> int:
    """Unpack, and return the exit status."""
    try:
        with tarfile.open(archive, "r:*") as tar:
            if hasattr(tarfile, "data_filter"):
                tar.extractall(directory, filter="data")
            else:  # Python before 3.11.4, such as Debian 12's
                tar.extractall(directory, _checked(tar, os.path.realpath(directory)))
    except (tarfile.TarError, EOFError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _checked(tar: tarfile.TarFile, root: str) -> Iterator[tarfile.TarInfo]:
    """The members as the `data` filter has them, each looked at when those before it, links maybe, are unpacked."""
    for member in tar:
        if not (member.isreg() or member.isdir() or member.islnk() or member.issym()):
            raise tarfile.TarError(f"{member.name!r} is a special file")
        member.name = member.name.lstrip("/")
        place = os.path.join(root, member.name)
        beside = os.path.dirname(place) if member.issym() else root
        target = os.path.join(beside, member.linkname) if member.islnk() or member.issym() else place
        if member.linkname.startswith("/") or any(_is_outside(path, root) for path in (place, target)):
            raise tarfile.TarError(f"{member.name!r} would be outside the destination")
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
        yield member


def _is_outside(path: str, root: str) -> bool:
    return os.path.commonpath([os.path.realpath(path), root]) != root


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
