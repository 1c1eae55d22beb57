"""Opening a store from settings, or saying which setting is wrong."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import msgspec
import peewee

from pikoci.internal.domain.errors import InvalidError, UnavailableError
from pikoci.internal.store.checkpoint import Checkpointer
from pikoci.internal.store.failures import first_line
from pikoci.internal.store.filelock import FileLock
from pikoci.internal.store.sealing import Sealing
from pikoci.internal.store.sqlite import SqliteSession
from pikoci.internal.store.store import SqlStore

_MIB = 1024 * 1024


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which database, and how to reach it. For sqlite, `name` is the file's path; times are in seconds.

    `pool_size` bounds the connections to PostgreSQL and `pool_timeout` the wait for one. `statement_timeout` bounds
    each statement but those of migrations; `busy_timeout` the wait for programs that lock the SQLite file.
    `secret_keys` are the texts of the keys that encrypt values in the database; the first is for new ones.
    """

    system: Literal["mem", "sqlite", "postgresql"] = "mem"
    host: str = "localhost"
    port: int = 5432
    user: str = ""
    password: str = ""
    name: str = ""
    pool_size: int = 16
    pool_timeout: float = 5.0
    connect_timeout: float = 5.0
    statement_timeout: float = 30.0
    busy_timeout: float = 5.0
    secret_keys: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Leave the password and the keys out."""
        return f"StoreSettings(system={self.system!r}, host={self.host!r}, port={self.port!r}, name={self.name!r})"


def open_store(settings: StoreSettings) -> SqlStore:
    """Open the database; `migrate` is the caller's next step.

    Raises InvalidError for a setting that cannot work and UnavailableError for a database that does not answer, both
    with the flag's name.
    """
    sealing = Sealing(settings.secret_keys)
    if settings.system == "mem":
        return SqlStore(SqliteSession(_database(":memory:")), "sqlite", sealing=sealing)
    if settings.system == "sqlite":
        return SqlStore(_open_sqlite(settings), "sqlite", sealing=sealing)
    # The driver's import installs its wait callback; who keeps to SQLite is spared both.
    from pikoci.internal.store.connecting import open_postgresql, open_relay

    return SqlStore(open_postgresql(settings), "postgresql", open_relay(settings), sealing)


def _database(path: str, **pragmas: str | int) -> peewee.SqliteDatabase:
    database = peewee.SqliteDatabase(
        path,
        pragmas={**pragmas, "foreign_keys": 1, "cache_size": -16 * 1024, "temp_store": "memory"},
        timeout=0,
        thread_safe=False,  # one connection for all greenlets
        returning_clause=True,
        cached_statements=512,
    )
    database.connect()
    return database


def _open_sqlite(settings: StoreSettings) -> SqliteSession:
    path = Path(settings.name)
    _check_path(settings.name, path)
    lock = _lock(path)
    try:
        # It holds secrets; SQLite would let everybody read it, and gives the files beside it the same mode.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        database = _database(
            str(path),
            auto_vacuum="incremental",  # counts for a new file, and only before anything is written to it
            busy_timeout=int(settings.busy_timeout * 1000),  # while opening; the session waits by itself later
            journal_mode="wal",
            synchronous="normal",
            wal_autocheckpoint=0,
            journal_size_limit=64 * _MIB,
        )
        execute: Callable[[str], object] = database.execute_sql
        execute("SELECT COUNT(*) FROM sqlite_master")
        execute("PRAGMA busy_timeout = 0")
    except (OSError, peewee.PeeweeException, sqlite3.Error) as error:
        lock.release()
        raise _explained(path, error) from error
    return SqliteSession(database, busy_timeout=settings.busy_timeout, lock=lock, checkpointer=Checkpointer(str(path)))


def _check_path(name: str, path: Path) -> None:
    if not name or "\0" in name:
        raise InvalidError("--db-name: a path is needed for --db-system sqlite", hint="for example --db-name pikoci.db")
    if path.is_dir():
        raise InvalidError(f"--db-name: {path} is a directory", hint="name a file in it")
    if not path.parent.is_dir():
        raise InvalidError(f"--db-name: the directory {path.parent} does not exist", hint=f"mkdir -p {path.parent}")


def _lock(path: Path) -> FileLock:
    try:
        return FileLock(f"{path}.lock")
    except OSError as error:
        raise InvalidError(f"--db-name: {path} cannot be opened: {error.strerror}") from error


def _explained(path: Path, error: Exception) -> InvalidError | UnavailableError:
    message = first_line(error)
    if "not a database" in message:
        return InvalidError(f"--db-name: {path} is not a SQLite database", hint="name another file, or a new one")
    if "locked" in message:
        return UnavailableError(f"--db-name: another program keeps {path} locked")
    return InvalidError(f"--db-name: {path} cannot be opened: {message}", hint="check its owner and mode")
