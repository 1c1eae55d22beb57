"""Messages on their way to RabbitMQ, each until the broker has confirmed it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Any

from gevent.event import AsyncResult
from gevent.lock import RLock
from pika.delivery_mode import DeliveryMode
from pika.spec import Basic, BasicProperties

from pikoci.pkg.queue.rabbit.channel import RabbitChannel
from pikoci.pkg.queue.rabbit.connection import RabbitConnection
from pikoci.pkg.queue.rabbit.queues import RabbitQueues

_TRIES = 2
_LEAST_WAIT = 1.0  # for the confirmation, also after a new queue has taken its time


class RabbitPublisher:
    """Publishes for all greenlets over one channel; they wait for their confirmations side by side."""

    def __init__(self, connection: RabbitConnection, queues: RabbitQueues) -> None:
        self._connection = connection
        self._queues = queues
        self._line: _ConfirmingLine | None = None
        self._lock = RLock()

    def publish(self, name: str, bodies: Sequence[bytes], deadline: float) -> None:
        """Return when the broker has the messages. Raises QueueUnavailableError if it has not by the deadline."""
        for _ in range(_TRIES):
            line = self._ready(deadline)
            self._queues.ensure(name, deadline)
            if self._connection.blocked is not None:
                raise self._connection.unavailable(f"it takes no messages: {self._connection.blocked}")
            outcomes = line.publish(name, bodies, max(deadline, time.monotonic() + _LEAST_WAIT))
            if any(isinstance(outcome, Basic.Nack) for outcome in outcomes):
                raise self._connection.unavailable("it could not store the message")
            bodies = [body for body, is_stored in zip(bodies, outcomes, strict=True) if not is_stored]
            if not bodies:
                return
            self._queues.forget(name)  # somebody removed it
        raise self._connection.unavailable(f"it has no queue {name} for the message")

    def _ready(self, deadline: float) -> _ConfirmingLine:
        with self._lock:
            if self._line is None or self._line.channel.error is not None:
                self._line = _ConfirmingLine(self._connection.open_channel(deadline), deadline)
            return self._line


class _ConfirmingLine:
    """A channel in confirm mode. The broker numbers what is published there, from 1 on; so do we."""

    def __init__(self, channel: RabbitChannel, deadline: float) -> None:
        self.channel = channel
        self._count = 0
        self._open: dict[int, AsyncResult[Any]] = {}
        self._returned: set[int] = set()
        channel.raw.add_on_return_callback(self._return)
        try:
            channel.call(deadline, channel.raw.confirm_delivery, ack_nack_callback=self._confirm)
        except BaseException:
            channel.close()
            raise

    def publish(self, name: str, bodies: Sequence[bytes], deadline: float) -> list[Any]:
        """Publish all, then wait for the broker's word on each: a Nack, or whether there was a queue to store it."""
        return self.channel.wait([self._send(name, body) for body in bodies], deadline)

    def _send(self, name: str, body: bytes) -> AsyncResult[Any]:
        result = self.channel.expect()
        self._count += 1
        self._open[self._count] = result
        properties = BasicProperties(delivery_mode=DeliveryMode.Persistent, message_id=str(self._count))
        self.channel.send(self.channel.raw.basic_publish, "", name, body, properties, mandatory=True)
        return result

    def _return(self, _: object, __: object, properties: BasicProperties, ___: object) -> None:
        """The broker says so before it confirms."""
        with contextlib.suppress(TypeError, ValueError):
            self._returned.add(int(properties.message_id or 0))

    def _confirm(self, frame: Any) -> None:
        method: Basic.Ack | Basic.Nack = frame.method
        tags = [method.delivery_tag]
        if method.multiple:
            tags = [tag for tag in self._open if tag <= method.delivery_tag]
        for tag in tags:
            result = self._open.pop(tag, None)
            returned = tag in self._returned
            self._returned.discard(tag)
            if result is not None:
                result.set(method if isinstance(method, Basic.Nack) else not returned)
