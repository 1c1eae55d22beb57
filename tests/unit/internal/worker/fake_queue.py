"""A queue in memory that notes what became of each message."""

from __future__ import annotations

from dataclasses import dataclass, field

import gevent
from gevent.event import Event
from gevent.queue import Empty, Queue

from pikoci.pkg.queue.backend import Delivery, QueueClosedError, Subscription


class FakeDelivery(Delivery):
    def __init__(self, owner: FakeSubscription, body: bytes) -> None:
        self.queue = "fake"
        self.body = body
        self._owner = owner

    def acknowledge(self) -> None:
        self._owner.acknowledged.append(self.body)

    def reject(self, delay: float = 0.0) -> None:
        self._owner.rejected.append(self.body)
        gevent.spawn_later(delay, self._owner.put, self.body)


@dataclass(eq=False)
class FakeSubscription(Subscription):
    acknowledged: list[bytes] = field(default_factory=list)
    rejected: list[bytes] = field(default_factory=list)
    messages: Queue[bytes | None] = field(default_factory=Queue)
    closed: Event = field(default_factory=Event)

    def put(self, body: bytes) -> None:
        self.messages.put(body)

    def receive(self, timeout: float) -> Delivery | None:
        if self.closed.is_set():
            raise QueueClosedError("closed")
        try:
            body = self.messages.get(timeout=timeout)
        except Empty:
            return None
        if body is None:
            raise QueueClosedError("closed")
        return FakeDelivery(self, body)

    def close(self) -> None:
        self.closed.set()
        self.messages.put(None)
