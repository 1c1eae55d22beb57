"""A consumer of queues in RabbitMQ: it takes what is asked for, and hands back what comes too late.

The broker counts prefetched messages per consumer, not per channel, so each queue has a consumer of its own. It takes
as many messages at a time as its owner has been seen to hold at once: a worker with four slots soon has four. One whose
hands are full when another message is asked for gets a successor.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import gevent
from gevent.event import Event
from pika.exceptions import AMQPError

from pikoci.pkg.queue.backend import Delivery, QueueClosedError, QueueError, Subscription
from pikoci.pkg.queue.rabbit.channel import RabbitChannel

if TYPE_CHECKING:
    from pikoci.pkg.queue.rabbit.backend import RabbitBackend

_PATIENCE = 5.0  # for the connection, a channel, new queues; a receive that does not wait still waits for those
_FIRST_WAIT = 0.1  # a consumer that was just made has not heard yet what is there
_LINGER = 0.1  # consumers stay in place between one receive and the next, but not while their owner does other things
_CLOSE_SECONDS = 3.0
_MOST_HANDS = 32
#: RabbitMQ (seen with 3.10) tells a consumer that its queue was removed, but not if there is a new one of that name by
#: the time it looks; that channel then gets nothing any more. So one that was silent for so long is made anew.
_RENEW_SECONDS = 15.0
#: RabbitMQ takes a message back that was held for longer than its consumer timeout, half an hour by default.
LONGEST_DELAY = 900.0


class RabbitDelivery(Delivery):
    """A message with the channel that its answer must go through."""

    def __init__(self, queue: str, body: bytes, tag: int, stream: _Stream) -> None:
        self.queue = queue
        self.body = body
        self.tag = tag
        self._stream = stream

    def acknowledge(self) -> None:
        """See `Delivery.acknowledge`."""
        self._stream.settle(self, self._stream.channel.raw.basic_ack)

    def reject(self, delay: float = 0.0) -> None:
        """See `Delivery.reject`. It is kept here meanwhile, LONGEST_DELAY at most; it goes back when we close."""
        if delay > 0:
            self._stream.postpone(self, min(delay, LONGEST_DELAY))
        else:
            self._stream.settle(self, self._stream.channel.raw.basic_nack)


class RabbitSubscription(Subscription):
    """Has a channel of its own, opened at the first receive and again when it was lost."""

    def __init__(self, backend: RabbitBackend, queues: Sequence[str]) -> None:
        self._backend = backend
        self._queues = [(queue, backend.queues.name(queue)) for queue in dict.fromkeys(queues)]
        self._stream: _Stream | None = None
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
                stream = self._ready(time.monotonic() + _PATIENCE)
                self._news.clear()
                if (delivery := stream.take()) is not None:
                    return delivery
                if stream.demand(time.monotonic() + _PATIENCE):
                    deadline = max(deadline, time.monotonic() + _FIRST_WAIT)
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
        """Close, and wait for the broker's word for at most some seconds."""
        if self._closed:
            return
        self._closed = True
        self._rest.stop()
        self._rest.close()
        self._news.set()
        self._backend.forget(self)
        if self._stream is not None:
            self._stream.close(seconds)

    def counts(self, queue: str) -> tuple[int, int]:
        """How many messages of a queue are here but not in anyone's hands, and how many are."""
        return self._stream.counts(queue) if self._stream is not None else (0, 0)

    def _ready(self, deadline: float) -> _Stream:
        self._check_open()
        stream = self._stream
        if stream is not None:
            if stream.channel.error is None and not stream.is_stale():
                return stream
            self._stream = None
            for _, name in self._queues:
                self._backend.queues.forget(name)  # it may be why the channel was lost
            stream.channel.check()
            stream.close(0.0)
        channel = self._backend.connection.open_channel(deadline, self._news.set)
        if self._closed:
            channel.close()
        self._check_open()
        self._stream = _Stream(channel, self._backend, self._queues, self._news.set)
        return self._stream

    def _relent(self) -> None:
        if self._stream is not None:
            self._stream.relent()

    def _check_open(self) -> None:
        if self._closed:
            raise QueueClosedError("the subscription is closed")


@dataclass(eq=False, slots=True)
class _Consumer:
    """One in the broker that may have `hands` messages unanswered, `held` of which are here."""

    tag: str
    hands: int
    held: int = 0


class _Stream:
    """What came through one channel; the channel's end is its end."""

    def __init__(
        self,
        channel: RabbitChannel,
        backend: RabbitBackend,
        queues: Sequence[tuple[str, str]],
        wake: Callable[[], None],
    ) -> None:
        self.channel = channel
        self._backend = backend
        self._queues = queues
        self._wake = wake
        self._numbers = itertools.count(1)
        self._hands = 1
        self._heard = time.monotonic()
        self._consumers: dict[str, _Consumer] = {}  # by queue
        self._arrived: deque[RabbitDelivery] = deque()
        self._held: dict[RabbitDelivery, _Consumer] = {}
        self._postponed: dict[RabbitDelivery, gevent.Greenlet[..., None]] = {}
        self._closed = False
        channel.raw.add_on_cancel_callback(self._lose_consumer)

    def take(self) -> RabbitDelivery | None:
        """Hand out what has arrived."""
        return self._arrived.popleft() if self._arrived else None

    def is_stale(self) -> bool:
        """Whether nothing is here, and nothing came for long."""
        return not self._held and time.monotonic() - self._heard > _RENEW_SECONDS

    def demand(self, deadline: float) -> bool:
        """See to it that each queue has a consumer with a free hand; tells whether any is new."""
        in_hand = len(self._held) - len(self._arrived) - len(self._postponed)
        self._hands = max(self._hands, min(in_hand + 1, _MOST_HANDS))
        new = False
        for queue, name in self._queues:
            consumer = self._consumers.get(queue)
            if consumer is not None and consumer.held < consumer.hands:
                continue
            self._backend.queues.ensure(name, deadline)
            self.channel.check()
            with contextlib.suppress(AMQPError):  # then the channel tells at its next use
                self._cancel(queue)
                self._consume(queue, name)
            new = True
        return new

    def relent(self) -> None:
        """Leave the messages to others, also those that have arrived already."""
        if self.channel.error is not None or self._closed:
            return
        with contextlib.suppress(AMQPError):
            for queue in list(self._consumers):
                self._cancel(queue)
            while self._arrived:
                self._arrived.popleft().reject()

    def settle(self, delivery: RabbitDelivery, answer: Callable[[int], None]) -> None:
        """Give the answer to a message. Raises QueueUnavailableError if the channel is gone."""
        if self._closed or (consumer := self._held.pop(delivery, None)) is None:
            return
        consumer.held -= 1
        self._postponed.pop(delivery, None)
        self.channel.check()
        try:
            answer(delivery.tag)
        except AMQPError as error:
            raise self._backend.connection.unavailable(error) from error

    def postpone(self, delivery: RabbitDelivery, delay: float) -> None:
        """Give a message back after some seconds."""
        if self._closed or delivery not in self._held or delivery in self._postponed:
            return
        self.channel.check()
        self._postponed[delivery] = gevent.spawn_later(delay, self._give_back, delivery)

    def counts(self, queue: str) -> tuple[int, int]:
        """See `RabbitSubscription.counts`."""
        if self._closed or self.channel.error is not None:
            return 0, 0
        here = sum(1 for delivery in (*self._arrived, *self._postponed) if delivery.queue == queue)
        return here, sum(1 for delivery in self._held if delivery.queue == queue) - here

    def close(self, seconds: float) -> None:
        """Close the channel: the broker takes back all that is held."""
        self._closed = True
        self.forget()
        self.channel.close(seconds)

    def forget(self) -> None:
        """Drop what is here; the broker has it."""
        gevent.killall(list(self._postponed.values()), block=False)
        self._postponed.clear()
        self._held.clear()
        self._arrived.clear()

    def _consume(self, queue: str, name: str) -> None:
        self._consumers[queue] = consumer = _Consumer(f"pikoci-{next(self._numbers)}", self._hands)
        raw = self.channel.raw
        raw.basic_qos(prefetch_count=consumer.hands)  # for the consumers that come after it
        raw.basic_consume(name, partial(self._arrive, queue, consumer), consumer_tag=consumer.tag)

    def _arrive(self, queue: str, consumer: _Consumer, _: object, method: Any, __: object, body: bytes) -> None:
        delivery = RabbitDelivery(queue, body, method.delivery_tag, self)
        self._held[delivery] = consumer
        consumer.held += 1
        self._heard = time.monotonic()
        self._arrived.append(delivery)
        self._wake()

    def _give_back(self, delivery: RabbitDelivery) -> None:
        with contextlib.suppress(QueueError):
            self.settle(delivery, self.channel.raw.basic_nack)

    def _cancel(self, queue: str) -> None:
        consumer = self._consumers.pop(queue, None)
        if consumer is not None:
            self.channel.raw.basic_cancel(consumer.tag)

    def _lose_consumer(self, frame: Any) -> None:
        """The broker ended a consumer: its queue was removed, or moves to another node."""
        for queue, name in self._queues:
            consumer = self._consumers.get(queue)
            if consumer is not None and consumer.tag == frame.method.consumer_tag:
                del self._consumers[queue]
                self._backend.queues.forget(name)
        self._wake()
