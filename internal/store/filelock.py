"""One process for each SQLite file."""

from __future__ import annotations

import fcntl
import os

from pikoci.internal.domain.errors import InvalidError


class FileLock:
    """An advisory lock on a file beside the database, held until `release` or the end of the process, however it ends.

    Two servers on one file would not lose data, but their memory queues would not know of each other, and each would
    wait for the other's writes. The lock is not on the database itself: closing any descriptor of that would drop
    SQLite's own locks. The file stays, since removing it would let two processes lock two files of the same name.
    """

    def __init__(self, path: str) -> None:
        """Take the lock. Raises InvalidError when another process has it, OSError when the file cannot be made."""
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._descriptor)
            database = path.removesuffix(".lock")
            raise InvalidError(
                f"--db-name: another pikoci process is using {database}",
                hint="stop it, name another file, or use --db-system postgresql for several servers",
            ) from error

    def release(self) -> None:
        """Let others have the file; a second call does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
