"""The member of one queue's consumer group: it reads ahead a little, and stores what is done."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import gevent
import structlog
from gevent.event import Event
from kafka import TopicPartition
from kafka.errors import FencedInstanceIdError, InvalidSessionTimeoutError, KafkaTimeoutError, RetriableError
from kafka.structs import MemberState

from pikoci.pkg.queue.backend import QueueConfigurationError, QueueError, QueueUnavailableError
from pikoci.pkg.queue.kafka.clients import KAFKA_ERRORS
from pikoci.pkg.queue.kafka.delivery import KafkaDelivery
from pikoci.pkg.queue.kafka.ledger import Ledger
from pikoci.pkg.queue.kafka.member import Member
from pikoci.pkg.queue.kafka.message import Envelope, Message, open_envelope
from pikoci.pkg.queue.kafka.progress import read_progress
from pikoci.pkg.queue.kafka.rebalancing import Rebalancing
from pikoci.pkg.queue.kafka.sharing import HeldFirstAssignor
from pikoci.pkg.queue.kafka.storing import Storing

if TYPE_CHECKING:
    from pikoci.pkg.queue.kafka.backend import KafkaBackend
    from pikoci.pkg.queue.kafka.subscription import KafkaSubscription

_log = structlog.get_logger(__name__)
_POLL_MS = 500
_FULL_POLL_MS = 50
_RETRY_SECONDS = 0.25
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_JOIN_PATIENCE = 20.0
_PASS_ON_SECONDS = 0.5
_LONGEST_PASS_ON_SECONDS = 30.0
_OPTIONS = {
    "auto_offset_reset": "earliest",
    "enable_auto_commit": False,
    "request_timeout_ms": 10_000,
    "metadata_max_age_ms": 60_000,  # then partitions that were added are seen
    "fetch_max_wait_ms": 1000,
    "fetch_max_bytes": 1 << 20,
    "max_partition_fetch_bytes": 1 << 16,
}


class QueueConsumer:
    """Joins its queue's group again and again, until closed."""

    def __init__(
        self,
        backend: KafkaBackend,
        subscription: KafkaSubscription,
        queue: str,
        member: Member,
        rng: random.Random | None = None,
    ) -> None:
        self.queue = queue
        self.trouble: QueueError | None = None
        self.has_looked = False
        self._backend = backend
        self._subscription = subscription
        self._member = member
        self._topic = backend.layout.topic(queue)
        self._rng = rng or random.Random()
        self._ledger = Ledger(backend.clock, time.monotonic)
        self._storing = Storing(self._topic, self._ledger)
        self._rebalancing = Rebalancing(self._topic, self._ledger, self._storing)
        self._room = Event()
        self._running = gevent.spawn(self._run)

    def take(self) -> KafkaDelivery | None:
        """The next message that was read ahead."""
        message = self._ledger.take()
        if message is None:
            return None
        self._room.set()
        self._storing.soon()
        return KafkaDelivery(self, message)

    def next_delayed(self) -> float | None:
        """Seconds until a message that was rejected with a delay is ready."""
        return self._ledger.next_delayed()

    def acknowledge(self, message: Message) -> None:
        """See `Delivery.acknowledge`."""
        if self._answer(message):
            self._ledger.finish(message)
            self._storing.soon()

    def reject(self, message: Message, delay: float) -> None:
        """See `Delivery.reject`."""
        if self._answer(message):
            due = self._backend.clock() + delay if delay > 0 else 0.0
            self._replace(message, Envelope(message.envelope.body, due), None)

    def close(self) -> None:
        """Store what is done, leave the group, and forget the rest."""
        self._running.kill()
        self._leave()

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                self._backend.ensure(self._topic)
                self._serve(self._join())
            except Exception as error:  # noqa: BLE001 - the outermost loop, which must go on for ever
                self._note(error)
            if self._rebalancing.generation > 0:
                pause = _FIRST_PAUSE
            self._leave()
            gevent.sleep(pause * self._rng.uniform(0.5, 1.0))
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _join(self) -> Any:
        rebalancing = self._rebalancing
        consumer = self._backend.clients.consumer(
            group_id=self._topic,
            partition_assignment_strategy=[HeldFirstAssignor(rebalancing.claim, rebalancing.on_share)],
            **_OPTIONS,
            **self._member.options(),
        )
        self._storing.start(consumer)
        rebalancing.start(consumer)
        consumer.subscribe([self._topic], listener=rebalancing)
        return consumer

    def _serve(self, consumer: Any) -> None:
        stable_at = time.monotonic()
        while True:
            for partition, records in self._poll(consumer).items():
                self._accept(consumer, partition, records)
            now = time.monotonic()
            if consumer.group_metadata().state == MemberState.STABLE:
                stable_at, self.trouble = now, None
                self._look_done()
            elif now - stable_at > self._member.session + _JOIN_PATIENCE:
                raise KafkaTimeoutError(f"the consumer group {self._topic} does not let this consumer join")
            self._rebalancing.ask_again(now)
            self._pass_on(consumer)
            if self._ledger.changed:
                self._storing.soon()

    def _poll(self, consumer: Any) -> Any:
        """Read what there is room for; the group is kept up also without room."""
        self._room.clear()
        try:
            if self._ledger.room() <= 0 and not self._room.wait(_FULL_POLL_MS / 1000):
                consumer.pause(*consumer.assignment())
                return consumer.poll(timeout_ms=_FULL_POLL_MS)
            consumer.resume(*consumer.paused())
            return consumer.poll(timeout_ms=_POLL_MS, max_records=max(1, self._ledger.room()))
        except RetriableError:  # a new member would have to wait until the group takes this one for dead
            gevent.sleep(_RETRY_SECONDS)
            return {}

    def _accept(self, consumer: Any, partition: TopicPartition, records: Iterable[Any]) -> None:
        if not self._ledger.knows(partition.partition):
            found = consumer.committed(partition, metadata=True, timeout_ms=_OPTIONS["request_timeout_ms"])
            if partition not in consumer.assignment():
                return  # it was taken away in the meantime
            self._ledger.begin(partition.partition, read_progress(found))
        for record in records:
            self._ledger.accept(partition.partition, record.offset, open_envelope(record))
        self._subscription.wake()

    def _pass_on(self, consumer: Any) -> None:
        """Give to others what waits here while nobody asks: a partition belongs to one consumer, however busy."""
        if not self._may_pass_on():
            return
        mine = {each.partition for each in consumer.assignment()}
        others = sorted((consumer.partitions_for_topic(self._topic) or set()) - mine)
        if not others:
            return
        for message in self._ledger.stale(lambda hops: min(_PASS_ON_SECONDS * 2**hops, _LONGEST_PASS_ON_SECONDS)):
            if not self._may_pass_on():
                return
            self._ledger.hold(message)
            message.answered = True
            envelope = Envelope(message.envelope.body, hops=message.envelope.hops + 1)
            try:
                self._replace(message, envelope, self._rng.choice(others))
            except QueueUnavailableError:
                return  # it stays here

    def _may_pass_on(self) -> bool:
        return self._ledger.frozen is None and self._subscription.idle_seconds() >= _PASS_ON_SECONDS

    def _replace(self, message: Message, envelope: Envelope, partition: int | None) -> None:
        """Publish a copy, and be done with the message only when that is safe."""
        try:
            self._backend.put(self._topic, [envelope], partition)
        except BaseException:
            self._ledger.put_back(message)
            self._subscription.wake()
            raise
        self._ledger.finish(message)
        self._storing.soon()

    def _look_done(self) -> None:
        if not self.has_looked:
            self.has_looked = True
            self._subscription.wake()

    def _answer(self, message: Message) -> bool:
        if message.answered or not self._ledger.holds(message):
            return False
        message.answered = True
        return True

    def _leave(self) -> None:
        self._ledger.give_up()
        self._storing.finish()
        self._rebalancing.stop()

    def _note(self, error: Exception) -> None:
        """Remember what is wrong; the same reason is logged once."""
        match error:
            case QueueError():
                trouble: QueueError = error
            case InvalidSessionTimeoutError():
                trouble = QueueConfigurationError(
                    f"Kafka does not allow a redelivery after {self._member.session:g} seconds: "
                    "choose a time within its group.min.session.timeout.ms and group.max.session.timeout.ms"
                )
            case FencedInstanceIdError():
                trouble = QueueConfigurationError(
                    f"another consumer with the name {self._member.name} has joined the group {self._topic}; "
                    "give each process a name of its own"
                )
            case _:
                trouble = self._backend.clients.unavailable(error)
        if str(trouble) != str(self.trouble):
            expected = isinstance(error, (QueueError, *KAFKA_ERRORS))
            _log.warning("not receiving", queue=self.queue, error=str(trouble), exc_info=None if expected else error)
        self.trouble = trouble
        self._subscription.wake()
