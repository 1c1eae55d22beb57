"""Wake-ups between the servers of one PostgreSQL database, by LISTEN and NOTIFY.

Each server has one connection for it, which listens and sends. What travels are topics, never content, and never in the
transaction that they are about: NOTIFY holds a lock of the whole PostgreSQL until its transaction ends, and so would
let one writer commit at a time. Nothing is promised: whoever waits for a wake-up also polls.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from random import Random
from typing import Any

import gevent
from gevent.event import Event

from pikoci.internal.domain.errors import PikociError, UnavailableError
from pikoci.internal.store.failures import DRIVER_ERRORS, first_line
from pikoci.internal.store.pool import Connection

log = logging.getLogger(__name__)

#: Longer payloads PostgreSQL refuses at 8,000 bytes; no name of ours comes near.
LONGEST_TOPIC = 1000
#: Topics that may wait to be sent; further ones are dropped.
MOST_WAITING = 1000
#: Seconds between two rounds of sending and receiving: under load, wake-ups travel together.
PACE = 0.01
#: Seconds until a notification of our own must have come back. Behind a proxy that lends connections for one
#: transaction at a time, LISTEN succeeds and nothing ever comes.
PATIENCE = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0

_LISTEN = "SET synchronous_commit = off; LISTEN pikoci"
_NOTIFY = "SELECT pg_notify('pikoci', %s || topic) FROM unnest(%s) AS topic"
_READ = 1  # as gevent's loop calls it


class PostgresqlRelay:
    """Sends and receives topics while there is a connection, and comes back by itself when one was lost."""

    def __init__(self, connect: Callable[[], Connection], random: Random) -> None:
        self._connect = connect
        self._random = random
        self._origin = secrets.token_hex(8)
        self._wake: Callable[[str], None] = _ignore
        self._stir = Event()
        self._waiting: dict[str, None] = {}
        self._connected = False
        self._works: bool | None = None
        self._greenlet: gevent.Greenlet[[], None] | None = None

    def receive(self, wake: Callable[[str], None]) -> None:
        """Begin: call `wake`, which must not wait, with each topic that another server sends."""
        self._wake = wake
        self._greenlet = gevent.spawn(self._run)

    def send(self, topic: str) -> None:
        """Pass the topic on soon. Never waits and never raises; without a connection the topic is dropped."""
        if self._connected and len(topic) <= LONGEST_TOPIC and len(self._waiting) < MOST_WAITING:
            self._waiting[topic] = None
            self._stir.set()

    @property
    def works(self) -> bool:
        """Whether notifications have come through on the present connection."""
        return self._works is True

    def close(self) -> None:
        """Stop. Idempotent."""
        if self._greenlet is not None:
            self._greenlet.kill()
            self._greenlet = None

    def _run(self) -> None:
        pause = FIRST_PAUSE
        while True:
            try:
                self._serve()
            except (PikociError, OSError, *DRIVER_ERRORS) as error:
                if self._works is not False:
                    log.warning("no wake-ups from other servers, polling goes on: %s", first_line(error))
                pause = FIRST_PAUSE if self._works else min(pause * 2, LONGEST_PAUSE)
                self._works = False
            gevent.sleep(pause * self._random.uniform(0.5, 1.0))

    def _serve(self) -> None:
        """Listen and send until the connection breaks. Raises what tells how it did."""
        connection = self._connect()
        try:
            cursor = connection.cursor()
            cursor.execute(_LISTEN)
            self._waiting = {"": None}  # wakes nobody, and comes back where LISTEN works
            self._connected = True
            known, deadline = False, time.monotonic() + PATIENCE
            while True:
                self._send_waiting(cursor)
                connection.poll()
                known = self._deliver(connection) or known
                if not known and time.monotonic() >= deadline:
                    raise UnavailableError("the database, or a proxy in front of it, passes no notifications on")
                gevent.sleep(PACE)
                self._rest(connection.fileno(), None if known else PATIENCE)
        finally:
            self._connected = False
            connection.close()

    def _send_waiting(self, cursor: Any) -> None:
        if self._waiting:
            topics, self._waiting = list(self._waiting), {}
            cursor.execute(_NOTIFY, (f"{self._origin} ", topics))

    def _deliver(self, connection: Connection) -> bool:
        """Wake up whom others call; whether something of our own came back."""
        known = False
        for notification in connection.notifies:
            origin, _, topic = notification.payload.partition(" ")
            if origin == self._origin:
                known = True
            else:
                self._wake(topic)
        connection.notifies.clear()
        if known and not self._works:
            if self._works is False:
                log.info("wake-ups from other servers come again")
            self._works = True
        return known

    def _rest(self, descriptor: int, timeout: float | None) -> None:
        """Return when there is something to send or to read."""
        self._stir.clear()
        if self._waiting:
            return
        # Only while nothing else happens: what is not read yet would call it in each turn of the loop.
        readable = gevent.get_hub().loop.io(descriptor, _READ)
        readable.start(self._stir.set)
        try:
            self._stir.wait(timeout)
        finally:
            readable.stop()
            readable.close()


def _ignore(topic: str) -> None:
    del topic
