"""SQLite: one connection, one thread, one transaction at a time.

A call into sqlite3 never switches greenlets, and nothing else in a transaction may. So everything that one process does
to the database happens on the hub's thread, one transaction after the other: that is the "one writer thread". The
session raises RuntimeError when a greenlet meets a transaction that another one has open: something in it waited.

Durability: WAL with synchronous=NORMAL. A commit survives any death of the process. A power cut or a crash of the
kernel can lose the commits since the last checkpoint (a second or so), never the consistency of the file.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gevent
import peewee
from gevent import getcurrent

from pikoci.internal.domain.errors import UnavailableError
from pikoci.internal.store.checkpoint import Checkpointer
from pikoci.internal.store.failures import DRIVER_ERRORS, sqlite_code, translated
from pikoci.internal.store.filelock import FileLock
from pikoci.internal.store.free_space import give_back
from pikoci.internal.store.session import Row, Session

ROW_LOCK = re.compile(r"\s+FOR NO KEY UPDATE( OF \w+)?( SKIP LOCKED)?")
BUSY_PAUSE = 0.002
MIGRATION_PATIENCE = 600.0
#: A disk with less room, in bytes, is as good as full.
LEAST_ROOM = 4 * 1024 * 1024


class SqliteSession(Session):
    """A session on one SQLite connection. `busy_timeout` bounds, in seconds, the wait for other programs' locks."""

    guesses = False

    def __init__(
        self,
        database: peewee.SqliteDatabase,
        *,
        busy_timeout: float = 5.0,
        lock: FileLock | None = None,
        checkpointer: Checkpointer | None = None,
    ) -> None:
        self.database: Any = database
        self._execute: Callable[..., Any] = database.execute_sql
        self._busy_timeout = busy_timeout
        self._lock = lock
        self._checkpointer = checkpointer
        self._owner: object | None = None
        self._failed = False
        self._afterwards: list[Callable[[], None]] = []
        self._plain: dict[str, str] = {}

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """See `Session`."""
        try:
            return self._fetched(sql, params)
        except OverflowError:
            return []  # as on PostgreSQL: a number of more than 64 bits is in no row

    def write(self, sql: str, params: Sequence[Any] = ()) -> int:
        """See `Session`."""
        self._check_inside()
        try:
            return int(self._execute(sql, params).rowcount)
        except DRIVER_ERRORS as error:
            self._failed = True
            raise translated(error) or error from error

    def change(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """See `Session`."""
        self._check_inside()
        try:
            return self._fetched(sql, params)
        except OverflowError as error:
            raise translated(error) or error from error

    @contextmanager
    def transaction(self, *, snapshot: bool = False, patient: bool = False) -> Iterator[None]:
        """See `Session`. A SQLite transaction always sees one snapshot, so `snapshot` changes nothing."""
        del snapshot
        if self._owner is not None:
            if self._owner is not getcurrent():
                raise _switched()
            yield
            return
        self._begin(MIGRATION_PATIENCE if patient else self._busy_timeout)
        self._owner, self._failed = getcurrent(), False
        try:
            yield
            if self._failed:
                raise RuntimeError("a statement of the transaction failed and its error was swallowed")
            self._finish("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._owner = None
            afterwards, self._afterwards = self._afterwards, []
        if self._checkpointer is not None:
            self._checkpointer.note_commit()
        for action in afterwards:
            action()

    def after_commit(self, action: Callable[[], None]) -> None:
        """See `Session`."""
        if self._owner is getcurrent():
            self._afterwards.append(action)
        else:
            action()

    def check_writable(self) -> None:
        """See `Session`. Nothing is written, so that anybody may ask: the disk is asked for its room."""
        with self.transaction():
            self.rows("SELECT 1")
        path = str(self.database.database)
        if not Path(path).exists():
            return  # in memory
        disk = os.statvfs(path)
        if disk.f_flag & os.ST_RDONLY:
            raise UnavailableError(f"the disk of {path} is read-only", hint="mount it so that it can be written to")
        if disk.f_bavail * disk.f_frsize < LEAST_ROOM:
            raise UnavailableError(f"the disk of {path} is full", hint="make room on it")

    def give_back_space(self) -> bool:
        """See `Session`. False as well while another program keeps the file locked."""
        if self._owner is not None:
            raise RuntimeError("space is given back outside of transactions")
        try:
            more = give_back(self.database.connection())
        except sqlite3.Error as error:
            if _is_busy(error):
                return False
            raise translated(error) or error from error
        if self._checkpointer is not None:
            self._checkpointer.note_commit()
        return more

    def lock_schema(self) -> None:
        """Nothing to do: BEGIN IMMEDIATE keeps every other writer away."""

    def close(self) -> None:
        """See `Session`. Raises RuntimeError inside a transaction."""
        if self._owner is not None:
            raise RuntimeError("a store was closed inside a transaction")
        if self._checkpointer is not None:
            self._checkpointer.close()
        self.database.close()
        if self._lock is not None:
            self._lock.release()

    def _fetched(self, sql: str, params: Sequence[Any]) -> list[Row]:
        if self._owner is not None and self._owner is not getcurrent():
            raise _switched()
        try:
            found: list[Row] = self._execute(self._plain.get(sql) or self._without_locks(sql), params).fetchall()
        except OverflowError:
            raise
        except DRIVER_ERRORS as error:
            if self._owner is None and _is_busy(error):
                return self._retried(sql, params)
            self._failed = True
            raise translated(error) or error from error
        return found

    def _begin(self, patience: float) -> None:
        # The connection's own busy timeout is 0, as waiting in it would stop the hub; this waits beside it.
        deadline = time.monotonic() + patience
        while True:
            try:
                self._execute("BEGIN IMMEDIATE")
            except DRIVER_ERRORS as error:
                if not _is_busy(error):
                    raise translated(error) or error from error
                if time.monotonic() >= deadline:
                    raise UnavailableError("another program keeps the database file locked") from error
                gevent.sleep(BUSY_PAUSE)
            else:
                return

    def _finish(self, statement: str) -> None:
        try:
            self._execute(statement)
        except DRIVER_ERRORS as error:
            raise translated(error) or error from error

    def _roll_back(self) -> None:
        # SQLite rolls back by itself on some errors (disk full), and a second ROLLBACK would hide the first error.
        if self.database.connection().in_transaction:
            self._finish("ROLLBACK")

    def _retried(self, sql: str, params: Sequence[Any]) -> list[Row]:
        deadline = time.monotonic() + self._busy_timeout
        while True:
            gevent.sleep(BUSY_PAUSE)
            try:
                found: list[Row] = self._execute(self._without_locks(sql), params).fetchall()
            except DRIVER_ERRORS as error:
                if not _is_busy(error) or time.monotonic() >= deadline:
                    raise translated(error) or error from error
            else:
                return found

    def _check_inside(self) -> None:
        if self._owner is None:
            raise RuntimeError("a change outside a transaction")
        if self._owner is not getcurrent():
            raise _switched()

    def _without_locks(self, sql: str) -> str:
        plain = self._plain.get(sql)
        if plain is None:
            plain = self._plain[sql] = ROW_LOCK.sub("", sql)
        return plain


def _switched() -> RuntimeError:
    return RuntimeError(
        "another greenlet's transaction is open: something in it waited, which a transaction must not do"
    )


def _is_busy(error: Exception) -> bool:
    return sqlite_code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
