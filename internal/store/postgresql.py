"""PostgreSQL: a pool of cooperative connections, one for each transaction or read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import peewee
from psycopg2 import extensions

from pikoci.internal.domain.errors import UnavailableError
from pikoci.internal.store.failures import DRIVER_ERRORS, translated
from pikoci.internal.store.pool import Connection, ConnectionPool
from pikoci.internal.store.session import Row, Session

MIGRATION_LOCK = 0x70696B6F  # any number that other programs on the database are unlikely to choose


class PooledPostgresql(peewee.PostgresqlDatabase):
    """peewee's database, its connections taken from a pool. Its state is one for each greenlet."""

    def __init__(self, name: str, pool: ConnectionPool) -> None:
        self.pool = pool
        super().__init__(name)
        # peewee would let one greenlet connect or close at a time, and so all wait for the slowest.
        self._lock = nullcontext()

    def _connect(self) -> Connection:
        return self.pool.acquire()

    def _close(self, conn: Connection) -> None:
        self.pool.release(conn)


class PostgresqlSession(Session):
    """A session on a pool. Every transaction, and every read outside one, has a connection for its own length."""

    guesses = True

    def __init__(self, database: PooledPostgresql) -> None:
        self.database: Any = database
        self._execute: Callable[..., Any] = database.execute_sql
        self._native: dict[str, str] = {}

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """See `Session`."""
        if self.database.transaction_depth():
            return self._fetched(sql, params)
        with self._connected():
            return self._fetched(sql, params)

    def write(self, sql: str, params: Sequence[Any] = ()) -> int:
        """See `Session`."""
        self._check_inside()
        try:
            return int(self._run(sql, params).rowcount)
        except DRIVER_ERRORS as error:
            raise translated(error) or error from error

    def change(self, sql: str, params: Sequence[Any] = ()) -> list[Row]:
        """See `Session`."""
        self._check_inside()
        return self._fetched(sql, params)

    @contextmanager
    def transaction(self, *, snapshot: bool = False, patient: bool = False) -> Iterator[None]:
        """See `Session`. READ COMMITTED, or REPEATABLE READ for a snapshot."""
        database = self.database
        if database.transaction_depth():
            yield
            return
        with self._connected() as connection:
            afterwards: list[Callable[[], None]] = []
            connection.afterwards = afterwards
            connection.begin = "BEGIN ISOLATION LEVEL REPEATABLE READ; " if snapshot else "BEGIN; "
            database.push_transaction(self)
            try:
                with _patience(connection, self._fetched) if patient else nullcontext():
                    yield
                self._commit(connection)
            except BaseException:
                self._roll_back(connection)
                raise
            finally:
                connection.begin = ""
                database.pop_transaction()
        for action in afterwards:
            action()

    def after_commit(self, action: Callable[[], None]) -> None:
        """See `Session`."""
        if self.database.transaction_depth():
            self.database.connection().afterwards.append(action)
        else:
            action()

    def check_writable(self) -> None:
        """See `Session`."""
        ((read_only, standby),) = self.rows("SELECT current_setting('transaction_read_only'), pg_is_in_recovery()")
        if standby:
            raise UnavailableError(
                "the database takes no changes: this PostgreSQL is a standby", hint="set --db-host to the primary"
            )
        if read_only == "on":
            raise UnavailableError(
                "the database takes no changes: its transactions are read-only",
                hint="set default_transaction_read_only off for the server, the database or the user",
            )

    def lock_schema(self) -> None:
        """See `Session`. Waits for the server that has the lock."""
        self.change("SELECT pg_advisory_xact_lock(?)", (MIGRATION_LOCK,))

    def close(self) -> None:
        """See `Session`."""
        self.database.pool.close()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        self.database.connect()
        try:
            yield self.database.connection()
        finally:
            self.database.close()

    def _fetched(self, sql: str, params: Sequence[Any] = (), *, fetch: bool = True) -> list[Row]:
        try:
            cursor = self._run(sql, params)
            found: list[Row] = cursor.fetchall() if fetch else []
        except DRIVER_ERRORS as error:
            raise translated(error) or error from error
        return found

    def _run(self, sql: str, params: Sequence[Any]) -> Any:
        connection: Connection = self.database.connection()
        native = self._translated(sql)
        if not connection.begin:
            return self._execute(native, params)
        # BEGIN travels with the first statement, which saves a round trip in every transaction.
        try:
            return self._execute(connection.begin + native, params)
        finally:
            if connection.closed or connection.get_transaction_status() != extensions.TRANSACTION_STATUS_IDLE:
                connection.begin = ""

    def _commit(self, connection: Connection) -> None:
        if connection.begin:
            return  # nothing was asked
        # PostgreSQL answers COMMIT with a silent rollback after a failed statement.
        if connection.get_transaction_status() == extensions.TRANSACTION_STATUS_INERROR:
            raise RuntimeError("a statement of the transaction failed and its error was swallowed")
        self._fetched("COMMIT", fetch=False)

    def _roll_back(self, connection: Connection) -> None:
        if connection.begin or connection.closed:
            return
        try:
            self._execute("ROLLBACK", ())
        except DRIVER_ERRORS:
            # The connection is gone, and the transaction with it. The pool sees that; the first error is what counts.
            return

    def _check_inside(self) -> None:
        if not self.database.transaction_depth():
            raise RuntimeError("a change outside a transaction")

    def _translated(self, sql: str) -> str:
        native = self._native.get(sql)
        if native is None:
            native = self._native[sql] = sql.replace("?", "%s")
        return native


@contextmanager
def _patience(connection: Connection, run: Any) -> Iterator[None]:
    wait_seconds = connection.wait_seconds
    connection.wait_seconds = None
    run("SET LOCAL statement_timeout = 0", fetch=False)
    try:
        yield
    finally:
        connection.wait_seconds = wait_seconds
