"""The queue inside one process: nothing to install, nothing kept across a restart."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import gevent
from gevent.event import AsyncResult

from pikoci.pkg.queue.backend import (
    MAX_BODY,
    Backend,
    Capabilities,
    Delivery,
    Depth,
    QueueClosedError,
    QueueError,
    Subscription,
)


@dataclass(frozen=True, slots=True)
class _Message:
    body: bytes
    published_at: float


class _Queue:
    """Messages that wait, and receivers that wait; never both at once."""

    def __init__(self) -> None:
        self.messages: deque[_Message] = deque()
        self.receivers: deque[AsyncResult[_Found | None]] = deque()
        self.in_flight = 0
        self.delayed = 0

    def put(self, message: _Message, *, first: bool = False) -> None:
        while self.receivers:
            receiver = self.receivers.popleft()
            if not receiver.ready():
                receiver.set((self, message))
                self.in_flight += 1
                return
        if first:
            self.messages.appendleft(message)
        else:
            self.messages.append(message)

    def put_later(self, message: _Message, delay: float) -> None:
        self.delayed += 1

        def put_now() -> None:
            self.delayed -= 1
            self.put(message)

        gevent.spawn_later(delay, put_now)


_Found = tuple[_Queue, _Message]


class _MemoryDelivery(Delivery):
    def __init__(self, name: str, queue: _Queue, message: _Message, forget: Callable[[Delivery], None]) -> None:
        self.queue = name
        self.body = message.body
        self._queue = queue
        self._message = message
        self._forget = forget
        self._settled = False

    def acknowledge(self) -> None:
        self._settle()

    def reject(self, delay: float = 0.0) -> None:
        if not self._settle():
            return
        if delay > 0:
            self._queue.put_later(self._message, delay)
        else:
            self._queue.put(self._message, first=True)

    def _settle(self) -> bool:
        if self._settled:
            return False
        self._settled = True
        self._queue.in_flight -= 1
        self._forget(self)
        return True


class _MemorySubscription(Subscription):
    def __init__(self, queues: dict[str, _Queue]) -> None:
        self._queues = queues
        self._names = {id(queue): name for name, queue in queues.items()}
        self._unsettled: set[Delivery] = set()
        self._waiting: AsyncResult[_Found | None] | None = None
        self._closed = False

    def receive(self, timeout: float) -> Delivery | None:
        self._check_open()
        for queue in self._queues.values():
            if queue.messages:
                queue.in_flight += 1
                return self._deliver(queue, queue.messages.popleft())
        found = self._wait(timeout)
        if found is None:
            self._check_open()
            return None
        return self._deliver(*found)

    def _wait(self, timeout: float) -> _Found | None:
        receiver: AsyncResult[_Found | None] = AsyncResult()
        self._waiting = receiver
        for queue in self._queues.values():
            queue.receivers.append(receiver)
        received = False
        try:
            receiver.wait(timeout)
            received = True
        finally:
            self._waiting = None
            for queue in self._queues.values():
                if receiver in queue.receivers:
                    queue.receivers.remove(receiver)
            found = receiver.get() if receiver.ready() else None
            if found is not None and not received:  # this greenlet is being killed with a message in its hands
                self._deliver(*found).reject()
        return found

    def close(self) -> None:
        self._closed = True
        if self._waiting is not None and not self._waiting.ready():
            self._waiting.set(None)
        for delivery in list(self._unsettled):
            delivery.reject()

    def _deliver(self, queue: _Queue, message: _Message) -> Delivery:
        delivery = _MemoryDelivery(self._names[id(queue)], queue, message, self._unsettled.discard)
        self._unsettled.add(delivery)
        if self._closed:  # closed between the hand-over and this line
            delivery.reject()
            self._check_open()
        return delivery

    def _check_open(self) -> None:
        if self._closed:
            raise QueueClosedError("this subscription is closed")


class MemoryBackend(Backend):
    """A `Backend` for a server with its worker in one process. Unbounded: what is published is one id each."""

    capabilities = Capabilities(crosses_processes=False, survives_restart=False, knows_depth=True)

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}
        self._subscriptions: list[_MemorySubscription] = []
        self._closed = False

    def publish(self, queue: str, body: bytes) -> None:
        """See `Backend.publish`."""
        self._check_open()
        if len(body) > MAX_BODY:
            raise QueueError(f"a message has at most {MAX_BODY} bytes, this one {len(body)}")
        self._queue(queue).put(_Message(body, time.monotonic()))

    def subscribe(self, queues: Sequence[str]) -> Subscription:
        """See `Backend.subscribe`."""
        self._check_open()
        subscription = _MemorySubscription({name: self._queue(name) for name in queues})
        self._subscriptions.append(subscription)
        return subscription

    def depth(self, queue: str) -> Depth | None:
        """See `Backend.depth`."""
        found = self._queue(queue)
        oldest = time.monotonic() - found.messages[0].published_at if found.messages else None
        return Depth(len(found.messages) + found.delayed, found.in_flight, oldest)

    def check_health(self) -> None:
        """See `Backend.check_health`."""
        self._check_open()

    def close(self) -> None:
        """See `Backend.close`."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()

    def _queue(self, name: str) -> _Queue:
        return self._queues.setdefault(name, _Queue())

    def _check_open(self) -> None:
        if self._closed:
            raise QueueClosedError("this queue is closed")
