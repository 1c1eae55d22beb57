"""Moving SQLite's write-ahead log into the database file, away from the hub's thread.

A checkpoint waits for the disk (fsync). SQLite would run it inside some commit, and with it stop every greenlet; so
automatic checkpoints are off, and a native thread runs them on a connection of its own.
"""

from __future__ import annotations

import sqlite3

import gevent
from gevent.event import Event
from gevent.threadpool import ThreadPool

#: Pages in the log beyond which it is made to start over; 16 MiB.
RESET_PAGES = 4096


class Checkpointer:
    """Checkpoints `path` about every `period` seconds while there are commits, and costs nothing while there are none.

    The greenlet and its thread start with the first commit.
    """

    def __init__(self, path: str, *, period: float = 0.25) -> None:
        self._path = path
        self._period = period
        self._dirty = Event()
        self._greenlet: gevent.Greenlet[[], None] | None = None
        self._stopping = Event()

    def note_commit(self) -> None:
        """There is something to move."""
        if not self._dirty.is_set():
            self._dirty.set()
            if self._greenlet is None and not self._stopping.is_set():
                self._greenlet = gevent.spawn(self._run)

    def close(self) -> None:
        """Stop, after the checkpoint that runs, if any."""
        self._stopping.set()
        if self._greenlet is not None:
            self._dirty.set()
            self._greenlet.join()
            self._greenlet = None

    def _run(self) -> None:
        pool = ThreadPool(1)
        connection: sqlite3.Connection = pool.apply(self._connect)
        try:
            while not self._stopping.is_set():
                self._dirty.wait()
                self._dirty.clear()
                pool.apply(_checkpoint, (connection,))
                self._stopping.wait(self._period)
        finally:
            pool.apply(connection.close)
            pool.kill()

    def _connect(self) -> sqlite3.Connection:
        # The autocheckpoint must be off here as well: closing reads would trigger one.
        connection = sqlite3.connect(self._path, timeout=1.0, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection


def _checkpoint(connection: sqlite3.Connection) -> None:
    """Move what can be moved beside running writers. When the log is long, hold them back for the rest: it restarts.

    A writer that meets RESTART gets SQLITE_BUSY at its BEGIN and waits beside the hub. A checkpoint that fails (disk
    full, a lock held elsewhere) leaves the log as it is, correct but longer; the next one tries again.
    """
    try:
        if _passive(connection) > RESET_PAGES:
            _passive(connection)  # what was written during the first, so that little is left to hold writers back for
            connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
    except sqlite3.OperationalError:
        return


def _passive(connection: sqlite3.Connection) -> int:
    _, pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return int(pages)
