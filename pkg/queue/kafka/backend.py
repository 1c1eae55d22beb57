"""Queues in Kafka: a topic and a consumer group for each queue.

What is promised beyond the contract, and what is not: a message that is held stays with its holder while that one is a
member of the group, whoever joins or leaves, since a partition does not move while a message of it is held. When the
holder was cut off for longer than `redelivery`, another gets the message while the first may still work on it. A
message that waits for a busy consumer is passed on to the partitions of others, so order is never kept.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections.abc import Callable, Sequence

import gevent
import structlog
from gevent.event import Event
from gevent.lock import RLock

from pikoci.pkg.queue.backend import (
    Backend,
    Capabilities,
    Depth,
    QueueClosedError,
    QueueError,
    QueueUnavailableError,
    Subscription,
    check_bodies,
)
from pikoci.pkg.queue.kafka.address import KafkaAddress, read_address
from pikoci.pkg.queue.kafka.clients import KafkaClients
from pikoci.pkg.queue.kafka.depth import read_depth
from pikoci.pkg.queue.kafka.member import Member
from pikoci.pkg.queue.kafka.message import Envelope
from pikoci.pkg.queue.kafka.subscription import KafkaSubscription
from pikoci.pkg.queue.kafka.topics import Layout
from pikoci.pkg.queue.opening import QueueSettings

_log = structlog.get_logger(__name__)
_WATCH_SECONDS = 2.0


def open_kafka(settings: QueueSettings) -> KafkaBackend:
    """Open a backend. Raises QueueConfigurationError for an address or a file that can't be right.

    The library's own log falls silent: it tells of every attempt to connect, and what matters is logged here, once.
    """
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    return KafkaBackend(
        read_address(settings),
        Layout(settings.prefix, settings.kafka_partitions),
        publish_timeout=settings.publish_timeout,
        redelivery=settings.redelivery,
        consumer=settings.consumer,
    )


class KafkaBackend(Backend):
    """Connects at the first call. Times are in seconds.

    `consumer` names this process to the brokers, so that its partitions wait for it for as long as `redelivery` when
    it restarts, ten seconds at most; without a name, others get them at once when it closes.
    """

    capabilities = Capabilities(crosses_processes=True, survives_restart=True, knows_depth=True)

    def __init__(
        self,
        address: KafkaAddress,
        layout: Layout,
        *,
        publish_timeout: float = 5.0,
        redelivery: float = 30.0,
        consumer: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.layout = layout
        self.clients = KafkaClients(address, publish_timeout)
        self.clock = clock
        self.trouble: QueueUnavailableError | None = None
        self._member = Member(redelivery, consumer)
        self._known: set[str] = set()
        self._making = RLock()
        self._subscriptions: set[KafkaSubscription] = set()
        self._stop = Event()
        self._watching: gevent.Greenlet[[], None] | None = None

    def publish(self, queue: str, *bodies: bytes) -> None:
        """See `Backend.publish`."""
        check_bodies(bodies)
        self.put(self.layout.topic(queue), [Envelope(body) for body in bodies])

    def subscribe(self, queues: Sequence[str]) -> Subscription:
        """See `Backend.subscribe`."""
        self._check_open()
        for queue in queues:
            self.layout.topic(queue)
        taken = {each.number for each in self._subscriptions}
        number = next(each for each in itertools.count(1) if each not in taken)
        subscription = KafkaSubscription(self, queues, self._member, number)
        self._subscriptions.add(subscription)
        if self._watching is None:
            self._watching = gevent.spawn(self._watch)
        return subscription

    def depth(self, queue: str) -> Depth:
        """See `Backend.depth`. What is rejected with a delay counts as waiting; the age is not told."""
        self._check_open()
        with self.clients.admin() as admin:
            return read_depth(admin, self.layout.topic(queue))

    def check_health(self) -> None:
        """See `Backend.check_health`."""
        self._check_open()
        with self.clients.admin() as admin:
            admin.describe_cluster()

    def close(self) -> None:
        """See `Backend.close`."""
        if self._stop.is_set():
            return
        self._stop.set()
        gevent.joinall([gevent.spawn(subscription.close) for subscription in list(self._subscriptions)])
        self.clients.close()
        if self._watching is not None:
            self._watching.kill()

    def put(self, topic: str, envelopes: Sequence[Envelope], partition: int | None = None) -> None:
        """Publish to a topic, which is made if need be."""
        self._check_open()
        try:
            self.ensure(topic)
            self.clients.produce(topic, envelopes, partition)
        except QueueError:
            self._known.discard(topic)  # it may have been removed
            raise

    def ensure(self, topic: str) -> None:
        """Make a topic unless it is there."""
        if topic in self._known:
            return
        with self.clients.admin() as admin, self._making:
            if topic not in self._known:  # by now
                self.layout.ensure(admin, topic)
                self._known.add(topic)

    def forget(self, subscription: KafkaSubscription) -> None:
        """A subscription was closed."""
        self._subscriptions.discard(subscription)

    def _watch(self) -> None:
        """Keep an eye on the broker, which consumers would not miss: their client only falls silent."""
        while not self._stop.wait(_WATCH_SECONDS):
            try:
                self.check_health()
            except QueueUnavailableError as error:
                if self.trouble is None:
                    _log.warning("not receiving", error=str(error))
                self.trouble = error
                for subscription in list(self._subscriptions):
                    subscription.wake()
            except QueueClosedError:
                return
            else:
                self.trouble = None

    def _check_open(self) -> None:
        if self._stop.is_set():
            raise QueueClosedError("the queue is closed")
