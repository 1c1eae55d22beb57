"""PostgreSQL: a pool of cooperative connections, one for each transaction or read."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import gevent
import peewee
import psycopg2
from psycopg2 import extensions

from pikoci.internal.domain.errors import InvalidError, PikociError, UnavailableError
from pikoci.internal.store.failures import DRIVER_ERRORS, first_line, translated
from pikoci.internal.store.pool import Connection, ConnectionPool, install_wait_callback
from pikoci.internal.store.session import Row, Session

if TYPE_CHECKING:
    from pikoci.internal.store.opening import StoreSettings

MIGRATION_LOCK = 0x70696B6F  # any number that other programs on the database are unlikely to choose
OLDEST = 120000

#: The keepalives are the server's: should this machine vanish, its locks go in a minute, and not in two hours.
_SESSION = (
    "SET statement_timeout = %(limit)s; SET idle_in_transaction_session_timeout = %(limit)s;"
    " SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"
)


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


def open_postgresql(settings: StoreSettings) -> PostgresqlSession:
    """Connect once, to see that it works.

    Raises InvalidError or UnavailableError naming the flag; never with the password.
    """
    install_wait_callback()
    pool = ConnectionPool(lambda: _connect(settings), settings.pool_size, settings.pool_timeout)
    session = PostgresqlSession(PooledPostgresql(settings.name or "postgres", pool))
    with session.transaction() as _:
        if gevent.spawn(session.database.transaction_depth).get():
            raise RuntimeError("greenlets share a connection: peewee was imported before gevent patched threading")
        encoding, version = session.rows(
            "SELECT current_setting('server_encoding'), current_setting('server_version_num')"
        )[0]
    if int(version) < OLDEST:
        raise InvalidError(
            f"--db-host: PostgreSQL {OLDEST // 10000} or newer is needed, this is {int(version) // 10000}"
        )
    if encoding != "UTF8":
        raise InvalidError(f"--db-name: the database is encoded in {encoding}", hint="create it WITH ENCODING 'UTF8'")
    return session


def _connect(settings: StoreSettings) -> Connection:
    late = UnavailableError(f"{_place(settings)} did not answer within {settings.connect_timeout:g} s")
    try:
        with gevent.Timeout(settings.connect_timeout, late):
            connection: Connection = psycopg2.connect(
                port=settings.port,
                user=settings.user or None,
                password=settings.password or None,
                dbname=settings.name or None,
                application_name="pikoci",
                client_encoding="UTF8",
                keepalives_idle=30,
                keepalives_interval=10,
                keepalives_count=3,
                tcp_user_timeout=30_000,
                connection_factory=Connection,
                **_addresses(settings.host, settings.port),
            )
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(_SESSION, {"limit": int(settings.statement_timeout * 1000)})
    except psycopg2.Error as error:
        raise _explained(settings, error) from error
    except socket.gaierror as error:
        raise UnavailableError(f"--db-host: {settings.host} has no address: {error.strerror}") from error
    # Longer than the server's own limit, so that it is the server that speaks, if it can.
    connection.wait_seconds = settings.statement_timeout + 5
    return connection


def _addresses(host: str, port: int) -> dict[str, Any]:
    """The host with its addresses, as libpq would look them up itself and stop the hub meanwhile."""
    if not host or host.startswith("/"):
        return {"host": host} if host else {}
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    return {"host": ",".join([host] * len(addresses)), "hostaddr": ",".join(addresses)}


def _place(settings: StoreSettings) -> str:
    return f"PostgreSQL at {settings.host}:{settings.port} (--db-host, --db-port)"


def _explained(settings: StoreSettings, error: psycopg2.Error) -> PikociError:
    message = first_line(error)
    if settings.password:
        message = message.replace(settings.password, "***")
    if "authentication" in message or "no password supplied" in message:
        return InvalidError(
            f"{_place(settings)} does not let {settings.user} in", hint="see to --db-user and --db-password"
        )
    if "role" in message and "does not exist" in message:
        return InvalidError(f"--db-user: {_place(settings)} has no role {settings.user}")
    if "database" in message and "does not exist" in message:
        return InvalidError(
            f"--db-name: {_place(settings)} has no database {settings.name}", hint=f"createdb {settings.name}"
        )
    return UnavailableError(f"{_place(settings)} cannot be reached: {message}", hint="is it running?")
