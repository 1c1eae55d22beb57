"""One connection to RabbitMQ, made again for ever. Used from greenlets of one thread only."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import gevent
import pika
import structlog
from gevent.event import AsyncResult, Event
from pika.adapters.gevent_connection import GeventConnection

from pikoci.pkg.queue.backend import QueueClosedError, QueueUnavailableError
from pikoci.pkg.queue.backoff import Backoff
from pikoci.pkg.queue.rabbit.address import RabbitAddress
from pikoci.pkg.queue.rabbit.channel import RabbitChannel, explain, unavailable
from pikoci.pkg.queue.rabbit.hub_loop import HubLoop

_log = structlog.get_logger(__name__)
_OPEN_SECONDS = 15.0  # the client's own limits come first


class RabbitConnection:
    """Connects at the first use, and starts over with growing pauses when the connection is lost.

    `current` is the library's connection while there is one, `blocked` why the broker takes no messages, if so.
    """

    def __init__(self, address: RabbitAddress) -> None:
        self.name = address.name
        self.current: pika.connection.Connection | None = None
        self.blocked: str | None = None
        self._nodes = address.nodes
        self._trouble: object = "not connected yet"
        self._connected = Event()
        self._running: gevent.Greenlet[[], None] | None = None
        self._closed = False

    @property
    def version(self) -> str:
        """The broker's; empty if it does not tell, or is away."""
        properties = self.current.server_properties if self.current is not None else None
        version = (properties or {}).get("version", "")
        return version.decode() if isinstance(version, bytes) else str(version)

    def open_channel(self, deadline: float, on_loss: Callable[[], None] | None = None) -> RabbitChannel:
        """Open a channel, when there is a connection at last. Raises QueueUnavailableError at the deadline."""
        channel = RabbitChannel(self._ready(deadline), self.name, on_loss)
        try:
            channel.wait_open(deadline)
        except BaseException:
            channel.close()
            raise
        return channel

    @contextmanager
    def channel(self, deadline: float) -> Iterator[RabbitChannel]:
        """Lend a channel for a question or two."""
        channel = self.open_channel(deadline)
        try:
            yield channel
        finally:
            channel.close()

    def unavailable(self, reason: object) -> QueueUnavailableError:
        """The error that says what is wrong."""
        return unavailable(self.name, reason)

    def close(self, seconds: float) -> None:
        """End the connection; wait for the broker's word for at most some seconds."""
        self._closed = True
        self._connected.set()  # whoever waits for it waits in vain
        if self._running is not None:
            if self.current is not None:
                _close(self.current)
                self._running.join(seconds)
            self._running.kill(timeout=seconds)

    def _ready(self, deadline: float) -> pika.connection.Connection:
        if self._running is None and not self._closed:
            self._running = gevent.spawn(self._run)
        if self.current is None:
            self._connected.wait(max(0.0, deadline - time.monotonic()))
        if self._closed:
            raise QueueClosedError("the queue is closed")
        if self.current is None:
            raise self.unavailable(self._trouble)
        return self.current

    def _run(self) -> None:
        backoff, loop, turn = Backoff(), HubLoop(), 0
        while not self._closed:
            ended = self._connect(self._nodes[turn % len(self._nodes)], loop)
            if ended is not None:
                backoff.reset()
                self._note(ended.get())
            turn += 1
            if not self._closed:
                gevent.sleep(backoff.pause())

    def _connect(self, node: pika.ConnectionParameters, loop: HubLoop) -> AsyncResult[object] | None:
        """Connect; the result tells one day how the connection ended. None if it did not come about."""
        opened: AsyncResult[object] = AsyncResult()
        ended: AsyncResult[object] = AsyncResult()

        def lose(_: object, reason: object) -> None:
            self.current, self.blocked = None, None
            if not self._closed:
                self._connected.clear()
            ended.set(reason)

        connection = GeventConnection(
            node,
            on_open_callback=lambda _: opened.set(None),
            on_open_error_callback=lambda _, reason: opened.set(reason),
            on_close_callback=lose,
            custom_ioloop=loop,  # type: ignore[arg-type]  # it takes such a loop, too; the hints leave that out
        )
        try:
            opened.wait(_OPEN_SECONDS)
        except gevent.GreenletExit:
            _close(connection)
            raise
        trouble = opened.value if opened.ready() else "no answer to the login in time"
        if trouble is not None or self._closed:
            _close(connection)
            self._note(trouble)
            return None
        if not connection.is_closed:
            self._welcome(connection)
        return ended

    def _welcome(self, connection: GeventConnection) -> None:
        def block(_: object, frame: pika.frame.Method[pika.spec.Connection.Blocked]) -> None:
            self.blocked = str(frame.method.reason)
            _log.warning("RabbitMQ takes no messages", broker=self.name, reason=self.blocked)

        def unblock(*_: object) -> None:
            self.blocked = None

        connection.add_on_connection_blocked_callback(block)
        connection.add_on_connection_unblocked_callback(unblock)
        self.current = connection
        self._connected.set()
        _log.info("connected to RabbitMQ", broker=self.name, version=self.version)

    def _note(self, reason: object) -> None:
        text = explain(reason)
        if not self._closed and text != self._trouble:
            _log.warning("RabbitMQ is away", broker=self.name, reason=text)
        self._trouble = text


def _close(connection: pika.connection.Connection) -> None:
    if not (connection.is_closed or connection.is_closing):
        connection.close()
