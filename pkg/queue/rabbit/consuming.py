"""A consumer of queues in RabbitMQ: it takes what is asked for, and hands back what comes too late.

The broker counts prefetched messages per consumer, not per channel, so each queue has a consumer of its own. Each takes
as many messages at once as its owner has slots; those for which no slot asks within moments go back.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event

from pikoci.pkg.queue.backend import Delivery, QueueClosedError, QueueError, Subscription
from pikoci.pkg.queue.rabbit.channel import RabbitChannel

if TYPE_CHECKING:
    from pikoci.pkg.queue.rabbit.backend import RabbitBackend

_PATIENCE = 5.0  # for the connection, a channel, new queues; a receive that does not wait still waits for those
_FIRST_WAIT = 0.1  # a consumer that was just made has not heard yet what is there
_LINGER = 0.1  # consumers stay in place between one receive and the next, but not while their owner does other things
_CLOSE_SECONDS = 3.0
#: RabbitMQ (seen with 3.10) tells a consumer that its queue was removed, but not if there is a new one of that name by
#: the time it looks; that channel then gets nothing any more. So one that was silent for so long is made anew.
_RENEW_SECONDS = 15.0


class RabbitDelivery(Delivery):
    """A message with the channel that its answer must go through."""

    def __init__(self, queue: str, body: bytes, tag: int, channel: RabbitChannel) -> None:
        self.queue = queue
        self.body = body
        self._tag = tag
        self._channel = channel
        self._is_answered = False

    def acknowledge(self) -> None:
        """See `Delivery.acknowledge`."""
        self._answer(self._channel.raw.basic_ack)

    def reject(self, delay: float = 0.0) -> None:
        """See `Delivery.reject`. It is kept here meanwhile."""
        if delay <= 0:
            self._answer(self._channel.raw.basic_nack)
        elif not self._is_answered:
            gevent.spawn_later(delay, self._reject_late)
            self._is_answered = True

    def _reject_late(self) -> None:
        self._is_answered = False
        with contextlib.suppress(QueueError):  # the broker has it then
            self.reject()

    def _answer(self, send: Callable[[int], None]) -> None:
        if not self._is_answered and not self._channel.is_closing:
            self._is_answered = True
            self._channel.send(send, self._tag)


class RabbitSubscription(Subscription):
    """Has a channel of its own, opened at the first receive and again when it was lost."""

    def __init__(self, backend: RabbitBackend, queues: Sequence[str], slots: int) -> None:
        self._backend = backend
        self._names = {queue: backend.queues.name(queue) for queue in queues}
        self._slots = slots
        self._channel: RabbitChannel | None = None
        self._consumers: dict[str, str] = {}  # queue -> what the broker calls our consumer of it
        self._numbers = itertools.count(1)
        self._arrived: dict[str, deque[RabbitDelivery]] = {queue: deque() for queue in queues}
        self._heard = 0.0
        self._news = Event()
        self._rest: Any = gevent.get_hub().loop.timer(_LINGER)
        self._closed = False

    def receive(self, timeout: float) -> Delivery | None:
        """See `Subscription.receive`."""
        deadline = time.monotonic() + timeout
        self._check_open()
        self._rest.stop()
        try:
            while True:
                self._news.clear()
                if self._consume(time.monotonic() + _PATIENCE):
                    deadline = max(deadline, time.monotonic() + _FIRST_WAIT)
                if (delivery := self._take()) is not None:
                    return delivery
                if (left := deadline - time.monotonic()) <= 0:
                    return None
                self._news.wait(min(left, _RENEW_SECONDS))
        finally:
            if not self._closed:
                self._rest.start(self._relent)

    def close(self) -> None:
        """See `Subscription.close`."""
        self.end(_CLOSE_SECONDS)

    def end(self, seconds: float) -> None:
        """Close, and wait for the broker's word for at most some seconds. It takes back all that is not answered."""
        if self._closed:
            return
        self._closed = True
        self._rest.stop()
        self._rest.close()
        self._news.set()
        self._backend.forget(self)
        if self._channel is not None:
            self._channel.close(seconds)

    def _consume(self, deadline: float) -> bool:
        """See to it that each queue has a consumer; tells whether any is new."""
        channel = self._ready(deadline)
        missing = [queue for queue in self._names if queue not in self._consumers]
        for queue in missing:
            name = self._names[queue]
            self._backend.queues.ensure(name, deadline)
            self._consumers[queue] = tag = f"pikoci-{next(self._numbers)}"
            channel.send(channel.raw.basic_consume, name, partial(self._arrive, channel, queue), consumer_tag=tag)
        return bool(missing)

    def _ready(self, deadline: float) -> RabbitChannel:
        """The channel. One that was lost says why, once."""
        self._check_open()
        old = self._channel
        if old is not None and old.error is None and time.monotonic() - self._heard < _RENEW_SECONDS:
            return old
        self._channel = None
        self._consumers.clear()
        for arrived in self._arrived.values():
            arrived.clear()
        if old is not None:
            for name in self._names.values():
                self._backend.queues.forget(name)  # it may be why the channel was lost
            old.check()
            old.close()
        channel = self._backend.connection.open_channel(deadline, self._news.set)
        if self._closed:
            channel.close()
        self._check_open()
        channel.raw.add_on_cancel_callback(self._lose_consumer)
        channel.send(channel.raw.basic_qos, prefetch_count=self._slots)
        self._channel, self._heard = channel, time.monotonic()
        return channel

    def _arrive(self, channel: RabbitChannel, queue: str, _: object, method: Any, __: object, body: bytes) -> None:
        if channel is self._channel:
            self._heard = time.monotonic()
            self._arrived[queue].append(RabbitDelivery(queue, body, method.delivery_tag, channel))
            self._news.set()

    def _take(self) -> RabbitDelivery | None:
        """What has arrived, of each queue in turn."""
        for queue, arrived in list(self._arrived.items()):
            if arrived:
                self._arrived[queue] = self._arrived.pop(queue)  # the last one now
                return arrived.popleft()
        return None

    def _relent(self) -> None:
        """Leave the messages to others, also those that have arrived already."""
        channel, consumers = self._channel, list(self._consumers.values())
        self._consumers.clear()
        if channel is None:
            return
        with contextlib.suppress(QueueError):  # then the broker has them
            for tag in consumers:
                channel.send(channel.raw.basic_cancel, tag)
            while (delivery := self._take()) is not None:
                delivery.reject()

    def _lose_consumer(self, frame: Any) -> None:
        """The broker ended a consumer: its queue was removed, or moves to another node."""
        for queue, tag in list(self._consumers.items()):
            if tag == frame.method.consumer_tag:
                del self._consumers[queue]
                self._backend.queues.forget(self._names[queue])
        self._news.set()

    def _check_open(self) -> None:
        if self._closed:
            raise QueueClosedError("the subscription is closed")
