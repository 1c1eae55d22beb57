"""Unpacks an archive: `python unpack.py ARCHIVE DIRECTORY`. Runs as a process of its own, so that it can be stopped.

The archive may come from anywhere. What would land outside the directory, or is a device, is refused (tarfile's `data`
filter), and nothing else of the program is imported here.
"""

from __future__ import annotations

import sys
import tarfile


def main(archive: str, directory: str) -> int:
    """Unpack, and return the exit status."""
    try:
        with tarfile.open(archive, "r:*") as tar:
            tar.extractall(directory, filter="data")
    except (tarfile.TarError, EOFError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
