"""A bounded pool of cooperative PostgreSQL connections."""

from __future__ import annotations

import select
from collections.abc import Callable

import psycopg2
from gevent.lock import BoundedSemaphore
from gevent.monkey import get_original
from psycogreen.gevent import gevent_wait_callback
from psycopg2 import extensions

from pikoci.internal.domain.errors import UnavailableError

# The real poll: gevent's would switch greenlets, and there is nothing to wait for.
_poll = get_original("select", "poll")


class Connection(extensions.connection):
    """A connection whose statements give up when the server is silent for `wait_seconds` (None: never).

    `begin` opens the transaction together with its first statement; it is empty from then on. `afterwards` is
    what is to be done once the transaction is committed.
    """

    wait_seconds: float | None = None
    begin: str = ""
    afterwards: list[Callable[[], None]]


def install_wait_callback() -> None:
    """Make psycopg2 wait through the hub, for the whole process; a second call changes nothing.

    An exception in the wait (a killed greenlet, a timeout) makes psycopg2 close the connection, whose state is unknown.
    """
    extensions.set_wait_callback(_wait)


def _wait(connection: extensions.connection) -> None:
    gevent_wait_callback(connection, timeout=getattr(connection, "wait_seconds", None))


class ConnectionPool:
    """Up to `size` connections, made when needed and kept for the next caller; the last one used goes out first."""

    def __init__(self, connect: Callable[[], Connection], size: int, timeout: float) -> None:
        self._connect = connect
        self._size = size
        self._timeout = timeout
        self._slots = BoundedSemaphore(size)
        self._idle: list[Connection] = []
        self._closed = False

    def acquire(self) -> Connection:
        """A working connection. Raises UnavailableError when none is free in `timeout` seconds or can be made."""
        if not self._slots.acquire(timeout=self._timeout):
            raise UnavailableError(
                f"all {self._size} connections to the database were busy for {self._timeout:g} s",
                hint="try again in a moment",
            )
        try:
            while self._idle:
                connection = self._idle.pop()
                if _is_alive(connection):
                    return connection
                connection.close()
            return self._connect()
        except BaseException:
            self._slots.release()
            raise

    def release(self, connection: Connection) -> None:
        """Take a connection back. One that is broken, or still in a transaction, is thrown away."""
        idle = not connection.closed and connection.get_transaction_status() == extensions.TRANSACTION_STATUS_IDLE
        if idle and not self._closed:
            connection.notifies.clear()  # a proxy may lend it a server's connection that a relay left listening
            self._idle.append(connection)
        else:
            connection.close()
        self._slots.release()

    def close(self) -> None:
        """Close idle connections now and the others when they come back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()


def _is_alive(connection: Connection) -> bool:
    """Whether the server has kept the connection, as far as this end knows: no round trip.

    An idle server says nothing, unless it hangs up; so what can be read is an end of file or an error.
    """
    if connection.closed:
        return False
    try:
        poll = _poll()
        poll.register(connection.fileno(), select.POLLIN)
        return not poll.poll(0)
    except (psycopg2.Error, OSError):
        return False
