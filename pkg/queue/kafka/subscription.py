"""A consumer of several queues: each has a member in its own group, and receiving goes round them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

import gevent
from gevent.event import Event

from pikoci.pkg.queue.backend import Delivery, QueueClosedError, QueueError, Subscription
from pikoci.pkg.queue.kafka.consumer import QueueConsumer

if TYPE_CHECKING:
    from pikoci.pkg.queue.kafka.backend import KafkaBackend

_PATIENCE = 0.5


class KafkaSubscription(Subscription):
    """See `Subscription`. `number` tells it from others of the same process."""

    def __init__(self, backend: KafkaBackend, queues: Sequence[str], number: int) -> None:
        self.number = number
        self.wanted = Event()  # set while somebody waits for a message
        self._backend = backend
        self._news = Event()
        self._asked = time.monotonic()
        self._closed = False
        self._consumers = deque(QueueConsumer(backend, self, queue) for queue in dict.fromkeys(queues))

    def receive(self, timeout: float) -> Delivery | None:
        """See `Subscription.receive`."""
        deadline = time.monotonic() + timeout
        self.wanted.set()
        try:
            while True:
                self._news.clear()
                self._check(deadline)
                delivery = self._take()
                left = deadline - time.monotonic()
                if delivery is not None or left <= 0:
                    return delivery
                delays = [delay for each in self._consumers if (delay := each.next_delayed()) is not None]
                self._news.wait(min([left, *delays]))
        finally:
            self.wanted.clear()
            self._asked = time.monotonic()

    def close(self) -> None:
        """See `Subscription.close`. What is done with is stored before others may have the partitions."""
        if self._closed:
            return
        self._closed = True
        self._news.set()
        self._backend.forget(self)
        gevent.joinall([gevent.spawn(consumer.close) for consumer in self._consumers])

    def wake(self) -> None:
        """There is a message, or trouble."""
        self._news.set()

    def idle_seconds(self) -> float:
        """How long nobody has asked for a message."""
        return 0.0 if self.wanted.is_set() else time.monotonic() - self._asked

    def _take(self) -> Delivery | None:
        for _ in range(len(self._consumers)):
            consumer = self._consumers[0]
            self._consumers.rotate(-1)  # so that a busy queue does not starve the others
            delivery = consumer.take()
            if delivery is not None:
                return delivery
        return None

    def _check(self, deadline: float) -> None:
        if self._trouble() and not self._closed:
            self._news.wait(min(_PATIENCE, max(0.0, deadline - time.monotonic())))  # a caller may come again at once
        if self._closed:
            raise QueueClosedError("the subscription is closed")
        if trouble := self._trouble():
            raise type(trouble)(str(trouble))

    def _trouble(self) -> QueueError | None:
        return next((each.trouble for each in self._consumers if each.trouble), None)
