"""Queues in Kafka: a topic and a consumer group for each queue.

What is acknowledged before an earlier message of its partition comes again if the partition moves in between. A
consumer that nobody asks for messages leaves its group when some wait for it; others have them a few seconds later.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import suppress

import gevent
from gevent.lock import RLock
from kafka.admin import MemberToRemove

from pikoci.pkg.queue.backend import (
    Backend,
    Capabilities,
    Depth,
    QueueClosedError,
    QueueError,
    Subscription,
    check_bodies,
)
from pikoci.pkg.queue.kafka.address import KafkaAddress, read_address
from pikoci.pkg.queue.kafka.clients import KafkaClients
from pikoci.pkg.queue.kafka.member import Member
from pikoci.pkg.queue.kafka.subscription import KafkaSubscription
from pikoci.pkg.queue.kafka.topics import Layout, read_depth
from pikoci.pkg.queue.opening import QueueSettings


def open_kafka(settings: QueueSettings) -> KafkaBackend:
    """Open a backend. Raises QueueConfigurationError for an address or a file that can't be right."""
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
    ) -> None:
        self.layout = layout
        self.clients = KafkaClients(address, publish_timeout)
        self.member = Member(redelivery, consumer)
        self._known: set[str] = set()
        self._making = RLock()
        self._subscriptions: set[KafkaSubscription] = set()
        self._closed = False

    def publish(self, queue: str, *bodies: bytes) -> None:
        """See `Backend.publish`."""
        check_bodies(bodies)
        self.put(self.layout.topic(queue), bodies)

    def subscribe(self, queues: Sequence[str]) -> Subscription:
        """See `Backend.subscribe`."""
        self._check_open()
        for queue in queues:
            self.layout.topic(queue)
        taken = {each.number for each in self._subscriptions}
        number = next(each for each in itertools.count(1) if each not in taken)
        subscription = KafkaSubscription(self, queues, number)
        self._subscriptions.add(subscription)
        return subscription

    def depth(self, queue: str) -> Depth:
        """See `Backend.depth`. What is held counts as waiting; the age is not told."""
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
        if self._closed:
            return
        self._closed = True
        gevent.joinall([gevent.spawn(subscription.close) for subscription in list(self._subscriptions)])
        self.clients.close()

    def put(self, topic: str, bodies: Sequence[bytes]) -> None:
        """Publish to a topic, which is made if need be."""
        self._check_open()
        try:
            self.ensure(topic)
            self.clients.produce(topic, bodies)
        except QueueError:
            self._known.discard(topic)  # it may have been removed
            raise

    def ensure(self, topic: str) -> None:
        """Make a topic unless it is there."""
        if topic in self._known:
            return
        with self.clients.bounded(), self._making:
            if topic not in self._known:  # by now
                with self.clients.admin() as admin:
                    self.layout.ensure(admin, topic)
                self._known.add(topic)

    def give_up(self, topic: str, member: Member) -> None:
        """Have others get a member's partitions now; if the broker does not hear it, once the session has ended."""
        if member.name is not None:
            with suppress(QueueError), self.clients.admin() as admin:
                admin.remove_group_members(topic, [MemberToRemove(group_instance_id=member.name)])

    def forget(self, subscription: KafkaSubscription) -> None:
        """A subscription was closed."""
        self._subscriptions.discard(subscription)

    def _check_open(self) -> None:
        if self._closed:
            raise QueueClosedError("the queue is closed")
