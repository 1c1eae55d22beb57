"""Unpacks an archive: `python unpack.py ARCHIVE DIRECTORY`. Runs as a process of its own, so that it can be stopped.

The archive may come from anywhere. What would land outside the directory, or is a device, is refused (tarfile's `data`
filter), and nothing else of the program is imported here.
"""

from __future__ import annotations

import os
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path


def main(archive: str, directory: str) -> int:
    """Unpack, and return the exit status."""
    try:
        with tarfile.open(archive, "r:*") as tar:
            if hasattr(tarfile, "data_filter"):
                tar.extractall(directory, filter="data")
            else:  # Python before 3.11.4, such as Debian 12's
                tar.extractall(directory, _checked(tar, Path(directory).resolve()))  # noqa: S202 - each is checked
    except (tarfile.TarError, EOFError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _checked(tar: tarfile.TarFile, root: Path) -> Iterator[tarfile.TarInfo]:
    """The members as the `data` filter has them, each looked at when those before it, links maybe, are unpacked."""
    for member in tar:
        if not (member.isreg() or member.isdir() or member.islnk() or member.issym()):
            raise tarfile.TarError(f"{member.name!r} is a special file")
        member.name = member.name.lstrip("/")
        place = root / member.name
        linked = (place.parent if member.issym() else root) / member.linkname
        ends = [Path(os.path.realpath(path)) for path in (place, linked)]  # Path.resolve() fails on a loop of links
        if member.linkname.startswith("/") or not all(end.is_relative_to(root) for end in ends):
            raise tarfile.TarError(f"{member.name!r} would be outside the destination")
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
        yield member


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
