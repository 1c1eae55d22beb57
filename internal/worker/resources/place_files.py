"""Brings files into a directory: `python place_files.py DIRECTORY NAME FILE [NAME FILE]...`.

Runs as a process of its own, as whom the directory belongs to. What has one of the names is replaced, a link too.
Nothing else of the program is imported here.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def main(directory: str, *pairs: str) -> int:
    """Bring the files, and return the exit status."""
    name = ""
    try:
        Path(directory).mkdir(parents=True, exist_ok=True)
        opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for name, file in zip(pairs[::2], pairs[1::2], strict=True):
            with suppress(FileNotFoundError):
                os.unlink(name, dir_fd=opened)
            _bring(file, name, opened)
        os.close(opened)
    except OSError as error:
        reason = error.strerror or str(error)
        sys.stderr.write(f"{name}: {reason}\n" if name else f"{reason}\n")
        return 1
    return 0


def _bring(file: str, name: str, directory: int) -> None:
    """Give the file that name: at no cost on the same disk, by a copy elsewhere."""
    source = Path(file)
    source.chmod(0o644)
    try:
        os.link(file, name, dst_dir_fd=directory, follow_symlinks=False)
    except OSError:
        with source.open("rb") as private, os.fdopen(os.open(name, _NEW, 0o644, dir_fd=directory), "wb") as target:
            shutil.copyfileobj(private, target, 1024 * 1024)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
