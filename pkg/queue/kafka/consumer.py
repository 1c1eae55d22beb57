"""The member of one queue's consumer group: it reads ahead a little, and stores how far all is done.

A worker without a free slot must not hold up what waits in its partitions. When something was read and nobody asks for
it, the consumer leaves the group, so that others get it; it joins again when somebody asks.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import gevent
import structlog
from gevent.event import Event
from kafka import AsyncConsumerRebalanceListener, OffsetAndMetadata, TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError, RetriableError
from kafka.structs import MemberState

from pikoci.pkg.queue.backend import QueueError
from pikoci.pkg.queue.backoff import Backoff
from pikoci.pkg.queue.kafka.clients import KAFKA_ERRORS
from pikoci.pkg.queue.kafka.message import KafkaDelivery, Progress

if TYPE_CHECKING:
    from pikoci.pkg.queue.kafka.backend import KafkaBackend
    from pikoci.pkg.queue.kafka.subscription import KafkaSubscription

_log = structlog.get_logger(__name__)
_BUFFER = 16  # enough to receive at full speed
_READ_AT = 8  # free places: one read for many messages rather than one for each
_POLL_MS = 500
_FULL_SECONDS = 0.25
_FULL_POLL_MS = 50
_STORE_SECONDS = 0.05  # one write for all that is done in this time
_UNASKED_SECONDS = 2.0
_RETRY_SECONDS = 0.25
_SILENCE_SECONDS = 2.0
_CHECK_MS = 2000
_JOIN_SECONDS = 5.0  # beside the silence of a member that died
_CLOSE_SECONDS = 3.0


class QueueConsumer(AsyncConsumerRebalanceListener):  # type: ignore[misc]  # the library has no types
    """Joins its queue's group again and again, until closed. The library tells it which partitions it loses."""

    def __init__(self, backend: KafkaBackend, subscription: KafkaSubscription, queue: str) -> None:
        self.queue = queue
        self.trouble: QueueError | None = None
        self._backend = backend
        self._subscription = subscription
        self._topic = backend.layout.topic(queue)
        self._member = backend.member.numbered(subscription.number)
        self._consumer: Any = None
        self._partitions: dict[int, Progress] = {}
        self._waiting: list[KafkaDelivery] = []  # a heap
        self._changed: set[int] = set()
        self._confirmed: dict[int, int] = {}  # what the broker has stored, by partition
        self._lost = False
        self._backoff = Backoff()
        self._room = Event()
        self._running = gevent.spawn(self._run)

    def take(self) -> KafkaDelivery | None:
        """The next message that was read ahead."""
        if not self._waiting or self._waiting[0].ready > time.monotonic():
            return None
        message = heapq.heappop(self._waiting)
        if self._free() >= _READ_AT:
            self._room.set()
        return message

    def next_delayed(self) -> float | None:
        """Seconds until a message is ready that was rejected with a delay."""
        return max(0.0, self._waiting[0].ready - time.monotonic()) if self._waiting else None

    def acknowledge(self, message: KafkaDelivery) -> None:
        """See `Delivery.acknowledge`."""
        if not message.answered:
            message.answered = True
            self._finish(message)

    def reject(self, message: KafkaDelivery, delay: float) -> None:
        """See `Delivery.reject`."""
        if message.answered or not self._owns(message):
            return  # it comes again anyway
        message.answered = True
        if delay > 0:
            self._keep(message, delay)
            return
        try:
            self._backend.put(self._topic, [message.body])
        except BaseException:
            self._keep(message, 0.0)
            raise
        self._finish(message)

    def close(self) -> None:
        """Store what is done, and leave the rest to others. With a name the partitions wait for it a while."""
        self._running.kill()
        self._leave()

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """The library goes on from what is stored."""

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Others will own these: they go on from what is stored here."""
        numbers = {each.partition for each in revoked}
        offsets = self._offsets(numbers & self._changed)
        self._forget(numbers)
        if offsets and self._consumer is not None:
            try:
                await self._consumer.commit_async(offsets)
            except KAFKA_ERRORS as error:
                _log.info("what is done was not stored; it may come again", queue=self.queue, error=str(error))

    async def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        """Others own these already. The library would go on claiming them: only a new consumer does not."""
        if self._consumer is None:
            return  # it is being closed
        self._lost = True
        _log.info("the consumer group gave this consumer up; it joins anew", queue=self.queue)
        raise KafkaError("the consumer group gave this consumer up")

    def _run(self) -> None:
        while True:
            try:
                self._backend.ensure(self._topic)
                self._join()
                self._serve()
                self._leave()
                self._backend.give_up(self._topic, self._member)
                self._subscription.wanted.wait()
            except Exception as error:  # noqa: BLE001 - the outermost loop, which must go on for ever
                if not self._lost:
                    self._note(error)
                self._leave()
                gevent.sleep(self._backoff.pause())

    def _join(self) -> None:
        self._lost = False
        self._consumer = self._backend.clients.consumer(group_id=self._topic, **self._member.options())
        self._consumer.subscribe([self._topic], listener=self)

    def _serve(self) -> None:
        """Read until nobody asks for what was read."""
        heard = stored = time.monotonic()
        while not self._is_in_the_way():
            for partition, records in self._poll().items():
                self._accept(partition.partition, records)
            now = time.monotonic()
            if self._consumer.group_metadata().state != MemberState.STABLE:
                if now - heard > self._member.session + _JOIN_SECONDS:
                    raise KafkaTimeoutError(f"the consumer group {self._topic} does not let this consumer join")
                continue
            if self._changed and now - stored >= _STORE_SECONDS:
                stored = now
                self._store()
            if self.trouble or now - heard > _SILENCE_SECONDS:
                self._check_broker()
                heard = time.monotonic()

    def _check_broker(self) -> None:
        """Notice when the broker is away: the library falls silent, and goes on when it is back."""
        try:
            self._consumer.committed(TopicPartition(self._topic, 0), timeout_ms=_CHECK_MS)
        except KAFKA_ERRORS as error:
            self._note(error)
        else:
            self.trouble = None
            self._backoff.reset()
            # What was stored while the broker went away may be lost without a word, and would count as waiting.
            unconfirmed = (each for each, done in self._partitions.items() if done.offset != self._confirmed.get(each))
            self._changed.update(unconfirmed)

    def _poll(self) -> Any:
        """Read what there is room for; the group is kept up also without room."""
        consumer = self._consumer
        self._room.clear()
        try:
            if self._free() < _READ_AT and not self._room.wait(_FULL_SECONDS):
                consumer.pause(*consumer.assignment())
                return consumer.poll(timeout_ms=_FULL_POLL_MS, max_records=1)  # of partitions that just came
            consumer.resume(*consumer.paused())
            return consumer.poll(timeout_ms=_POLL_MS, max_records=max(1, self._free()))
        except RetriableError:  # a new member would have to wait until the group takes this one for dead
            gevent.sleep(_RETRY_SECONDS)
            return {}

    def _free(self) -> int:
        """How many more messages may be read ahead."""
        now = time.monotonic()
        return _BUFFER - sum(each.ready <= now for each in self._waiting)

    def _accept(self, partition: int, records: Iterable[Any]) -> None:
        progress = self._partitions.setdefault(partition, Progress())
        for record in records:
            progress.begin(record.offset)
            heapq.heappush(self._waiting, KafkaDelivery(self, record, progress, time.monotonic()))
        self._subscription.wake()

    def _is_in_the_way(self) -> bool:
        """Whether messages wait here that another consumer could have."""
        if not self._waiting or time.monotonic() - self._waiting[0].ready < _UNASKED_SECONDS:
            return False
        if self._subscription.idle_seconds() < _UNASKED_SECONDS:
            return False
        mine = {each.partition for each in self._consumer.assignment()}
        return bool((self._consumer.partitions_for_topic(self._topic) or set()) - mine)

    def _keep(self, message: KafkaDelivery, delay: float) -> None:
        if self._owns(message):
            heapq.heappush(self._waiting, message.again(time.monotonic() + delay))
            self._subscription.wake()

    def _finish(self, message: KafkaDelivery) -> None:
        message.progress.finish(message.offset)
        if self._owns(message):
            self._changed.add(message.partition)

    def _owns(self, message: KafkaDelivery) -> bool:
        """Whether the partition has been ours ever since."""
        return self._partitions.get(message.partition) is message.progress

    def _store(self) -> None:
        """Tell the broker, without waiting for its answer, what is done."""
        changed, self._changed = self._changed, set()
        self._consumer.commit_async(self._offsets(changed), callback=self._stored)

    def _stored(self, offsets: dict[TopicPartition, OffsetAndMetadata], result: object) -> None:
        if isinstance(result, Exception):  # try again with the next poll
            self._changed |= {each.partition for each in offsets} & self._partitions.keys()
        else:
            self._confirmed.update({each.partition: stored.offset for each, stored in offsets.items()})

    def _offsets(self, numbers: Iterable[int]) -> dict[TopicPartition, OffsetAndMetadata]:
        return {
            TopicPartition(self._topic, each): OffsetAndMetadata(self._partitions[each].offset, "", -1)
            for each in numbers
        }

    def _forget(self, numbers: set[int]) -> None:
        for each in numbers:
            self._partitions.pop(each, None)
            self._confirmed.pop(each, None)
        self._changed -= numbers
        self._waiting = [each for each in self._waiting if each.partition not in numbers]
        heapq.heapify(self._waiting)

    def _leave(self) -> None:
        """Store what is done, as far as the broker can be reached, and be no consumer any more."""
        consumer, self._consumer = self._consumer, None
        offsets = self._offsets(self._changed)
        self._forget(set(self._partitions))
        if consumer is not None:
            gevent.spawn(_close, consumer, offsets).join(timeout=_CLOSE_SECONDS)

    def _note(self, error: Exception) -> None:
        """Remember what is wrong; of what follows only the first is logged, callers hear the rest."""
        trouble = error if isinstance(error, QueueError) else self._backend.clients.unavailable(error)
        if self.trouble is None:
            expected = isinstance(error, (QueueError, *KAFKA_ERRORS))
            _log.warning("not receiving", queue=self.queue, error=str(trouble), exc_info=None if expected else error)
        self.trouble = trouble
        self._subscription.wake()


def _close(consumer: Any, offsets: dict[TopicPartition, OffsetAndMetadata]) -> None:
    milliseconds = int(_CLOSE_SECONDS * 1000 / 2)
    try:
        if offsets and consumer.group_metadata().state == MemberState.STABLE:
            consumer.commit(offsets, timeout_ms=milliseconds)
    except KAFKA_ERRORS as error:
        _log.info("what is done was not stored; it may come again", error=str(error))
    with suppress(*KAFKA_ERRORS):
        consumer.close(autocommit=False, timeout_ms=milliseconds)
