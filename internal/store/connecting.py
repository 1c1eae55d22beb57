"""Connecting to PostgreSQL, or saying which setting is wrong."""

from __future__ import annotations

import socket
from random import Random
from typing import TYPE_CHECKING, Any

import gevent
import psycopg2

from pikoci.internal.domain.errors import InvalidError, PikociError, UnavailableError
from pikoci.internal.store.failures import first_line
from pikoci.internal.store.pool import Connection, ConnectionPool, install_wait_callback
from pikoci.internal.store.postgresql import PooledPostgresql, PostgresqlSession
from pikoci.internal.store.relay import PostgresqlRelay

if TYPE_CHECKING:
    from pikoci.internal.store.opening import StoreSettings

OLDEST = 120000

#: The keepalives are the server's: should this machine vanish, its locks go in a minute, and not in two hours.
_SESSION = (
    "SET statement_timeout = %(limit)s; SET idle_in_transaction_session_timeout = %(limit)s;"
    " SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"
)


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


def open_relay(settings: StoreSettings) -> PostgresqlRelay:
    """A relay with a connection of its own, beside the pool's; it connects once somebody wants to receive."""
    return PostgresqlRelay(lambda: _connect(settings), Random())


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
            f"{_place(settings)} does not let {settings.user} in", hint="check --db-user and --db-password"
        )
    if "role" in message and "does not exist" in message:
        return InvalidError(f"--db-user: {_place(settings)} has no role {settings.user}")
    if "database" in message and "does not exist" in message:
        return InvalidError(
            f"--db-name: {_place(settings)} has no database {settings.name}", hint=f"createdb {settings.name}"
        )
    return UnavailableError(f"{_place(settings)} cannot be reached: {message}", hint="is it running?")
