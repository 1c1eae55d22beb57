"""Queues in RabbitMQ: durable quorum queues, confirmed publishing, explicit acknowledgement."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

from pikoci.pkg.queue.backend import Backend, Capabilities, Depth, QueueClosedError, Subscription, check_bodies
from pikoci.pkg.queue.opening import QueueSettings
from pikoci.pkg.queue.rabbit.address import read_address
from pikoci.pkg.queue.rabbit.connection import RabbitConnection
from pikoci.pkg.queue.rabbit.consuming import RabbitSubscription
from pikoci.pkg.queue.rabbit.publishing import RabbitPublisher
from pikoci.pkg.queue.rabbit.queues import RabbitQueues

_CLOSE_SECONDS = 3.0


class RabbitBackend(Backend):
    """Connects at the first call, from the hub of the thread that makes it.

    Raises QueueConfigurationError for an address or a file that can't be right.
    """

    capabilities = Capabilities(crosses_processes=True, survives_restart=True, knows_depth=True)

    def __init__(self, settings: QueueSettings) -> None:
        # The library tells each failed attempt in many lines with tracebacks; the connection says it in one.
        logging.getLogger("pika").setLevel(logging.CRITICAL)
        self.connection = RabbitConnection(read_address(settings))
        self.queues = RabbitQueues(settings.prefix, self.connection)
        self._publisher = RabbitPublisher(self.connection, self.queues)
        self._timeout = settings.publish_timeout
        self._slots = settings.slots
        self._subscriptions: set[RabbitSubscription] = set()
        self._closed = False

    def publish(self, queue: str, *bodies: bytes) -> None:
        """See `Backend.publish`."""
        deadline = self._deadline()
        check_bodies(bodies)
        self._publisher.publish(self.queues.name(queue), bodies, deadline)

    def subscribe(self, queues: Sequence[str]) -> Subscription:
        """See `Backend.subscribe`."""
        self._check_open()
        subscription = RabbitSubscription(self, queues, self._slots)
        self._subscriptions.add(subscription)
        return subscription

    def depth(self, queue: str) -> Depth:
        """See `Backend.depth`. What consumers hold is not told, nor any age."""
        return Depth(self.queues.waiting(self.queues.name(queue), self._deadline()), 0)

    def check_health(self) -> None:
        """See `Backend.check_health`."""
        with self.connection.channel(self._deadline()):
            pass

    def close(self) -> None:
        """See `Backend.close`."""
        if self._closed:
            return
        self._closed = True
        for subscription in list(self._subscriptions):
            subscription.end(0.0)
        self.connection.close(_CLOSE_SECONDS)

    def forget(self, subscription: RabbitSubscription) -> None:
        """A subscription has closed."""
        self._subscriptions.discard(subscription)

    def _deadline(self) -> float:
        self._check_open()
        return time.monotonic() + self._timeout

    def _check_open(self) -> None:
        if self._closed:
            raise QueueClosedError("the queue is closed")
