"""A queue in the memory of this process, for a server with its worker inside. Nothing survives the process."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence

import gevent
from gevent.event import Event

from pikoci.pkg.queue.backend import (
    Backend,
    Capabilities,
    Delivery,
    Depth,
    QueueClosedError,
    Subscription,
    check_bodies,
)
from pikoci.pkg.queue.names import safe_name

Monotonic = Callable[[], float]


class MemoryBackend(Backend):
    """All of the contract but crossing processes and surviving restarts. For greenlets of one thread only."""

    capabilities = Capabilities(crosses_processes=False, survives_restart=False, knows_depth=True)

    def __init__(self, monotonic: Monotonic = time.monotonic) -> None:
        self._monotonic = monotonic
        self._queues: dict[str, _Queue] = {}
        self._subscriptions: set[_MemorySubscription] = set()
        self._closed = False

    def publish(self, queue: str, *bodies: bytes) -> None:
        """See `Backend.publish`."""
        self.check_health()
        check_bodies(bodies)
        found = self._queue(queue)
        for body in bodies:
            found.put(body)

    def subscribe(self, queues: Sequence[str]) -> Subscription:
        """See `Backend.subscribe`."""
        self.check_health()
        subscription = _MemorySubscription([self._queue(name) for name in queues], self._monotonic, self._subscriptions)
        self._subscriptions.add(subscription)
        return subscription

    def depth(self, queue: str) -> Depth:
        """See `Backend.depth`. What was rejected with a delay does not count meanwhile."""
        self.check_health()
        return self._queue(queue).depth()

    def check_health(self) -> None:
        """See `Backend.check_health`. Raises QueueClosedError once closed."""
        if self._closed:
            raise QueueClosedError("the queue is closed")

    def close(self) -> None:
        """See `Backend.close`."""
        self._closed = True
        for subscription in list(self._subscriptions):
            subscription.close()

    def _queue(self, name: str) -> _Queue:
        if name not in self._queues:
            safe_name(name)  # refuses what no broker would take
            self._queues[name] = _Queue(name, self._monotonic)
        return self._queues[name]


class _Queue:
    """What waits in one queue, and who wants to hear of it."""

    def __init__(self, name: str, monotonic: Monotonic) -> None:
        self.name = name
        self.in_flight = 0
        self.listeners: set[Event] = set()
        self._monotonic = monotonic
        self._waiting: deque[tuple[float, bytes]] = deque()

    def put(self, body: bytes) -> None:
        self._waiting.append((self._monotonic(), body))
        for listener in self.listeners:
            listener.set()

    def take(self) -> bytes | None:
        if not self._waiting:
            return None
        self.in_flight += 1
        return self._waiting.popleft()[1]

    def depth(self) -> Depth:
        oldest = self._monotonic() - self._waiting[0][0] if self._waiting else None
        return Depth(len(self._waiting), self.in_flight, oldest)


class _MemoryDelivery(Delivery):
    def __init__(self, queue: _Queue, body: bytes, held: set[_MemoryDelivery]) -> None:
        self.queue = queue.name
        self.body = body
        self._source = queue
        self._held = held
        held.add(self)

    def acknowledge(self) -> None:
        self._settle()

    def reject(self, delay: float = 0.0) -> None:
        if not self._settle():
            return
        if delay > 0:
            gevent.spawn_later(delay, self._source.put, self.body)
        else:
            self._source.put(self.body)

    def _settle(self) -> bool:
        if self not in self._held:
            return False
        self._held.discard(self)
        self._source.in_flight -= 1
        return True


class _MemorySubscription(Subscription):
    def __init__(self, queues: list[_Queue], monotonic: Monotonic, known: set[_MemorySubscription]) -> None:
        self._queues = deque(queues)
        self._monotonic = monotonic
        self._known = known
        self._held: set[_MemoryDelivery] = set()
        self._news = Event()
        self._closed = False
        for queue in queues:
            queue.listeners.add(self._news)

    def receive(self, timeout: float) -> Delivery | None:
        deadline = self._monotonic() + timeout
        while True:
            if self._closed:
                raise QueueClosedError("the subscription is closed")
            self._news.clear()
            delivery = self._take()
            left = deadline - self._monotonic()
            if delivery is not None or left <= 0:
                return delivery
            self._news.wait(left)

    def close(self) -> None:
        self._closed = True
        self._known.discard(self)
        for queue in self._queues:
            queue.listeners.discard(self._news)
        for delivery in list(self._held):
            delivery.reject()
        self._news.set()

    def _take(self) -> Delivery | None:
        for _ in range(len(self._queues)):
            queue = self._queues[0]
            self._queues.rotate(-1)  # so that a busy queue does not starve the others
            body = queue.take()
            if body is not None:
                return _MemoryDelivery(queue, body, self._held)
        return None
