"""Telling the broker what is done: soon after each change, and finally when leaving the group."""

from __future__ import annotations

from functools import partial
from typing import Any

import gevent
import structlog
from kafka import TopicPartition
from kafka.structs import MemberState, OffsetAndMetadata

from pikoci.pkg.queue.kafka.clients import KAFKA_ERRORS
from pikoci.pkg.queue.kafka.ledger import Ledger

_log = structlog.get_logger(__name__)
_STORE_SECONDS = 0.05  # one write for all that changes in this time
_CLOSE_SECONDS = 3.0


class Storing:
    """Stores what a ledger says while its consumer is a member of the group."""

    def __init__(self, topic: str, ledger: Ledger) -> None:
        self._topic = topic
        self._ledger = ledger
        self._consumer: Any = None
        self._pending: gevent.Greenlet[..., None] | None = None

    def start(self, consumer: Any) -> None:
        """A new consumer is about to join."""
        self._consumer = consumer

    def soon(self) -> None:
        """Something has changed."""
        if self._pending is None:
            self._pending = gevent.spawn_later(_STORE_SECONDS, self._store)

    def finish(self) -> None:
        """Store everything for whoever comes next, as far as the broker can be reached, and close the consumer."""
        if self._pending is not None:
            self._pending.kill()
            self._pending = None
        consumer, self._consumer = self._consumer, None
        partitions = self._ledger.partitions()
        offsets = self._offsets(partitions)
        self._ledger.drop(partitions)
        if consumer is not None:
            gevent.spawn(_close, consumer, offsets).join(timeout=_CLOSE_SECONDS)

    async def hand_over(self, partitions: set[int]) -> None:
        """Forget partitions that others will own, once they can go on from what is stored; in the library's loop."""
        offsets = self._offsets(partitions)
        self._ledger.drop(partitions)
        if not offsets or self._consumer is None:
            return
        try:
            await self._consumer.commit_async(offsets)
        except KAFKA_ERRORS as error:
            _note_lost(error)

    def _store(self) -> None:
        """Tell the broker, without waiting for its answer, what changed."""
        self._pending = None
        consumer, changed = self._consumer, set(self._ledger.changed)
        if consumer is None or not changed or consumer.group_metadata().state != MemberState.STABLE:
            return
        self._ledger.changed -= changed
        try:
            stored = consumer.commit_async(self._offsets(changed))
        except KAFKA_ERRORS:
            self._not_stored(changed)
        else:
            stored.add_errback(partial(self._not_stored, changed))

    def _not_stored(self, partitions: set[int], _: object = None) -> None:
        """Try again with the next poll."""
        self._ledger.changed |= partitions & self._ledger.partitions()

    def _offsets(self, partitions: set[int] | frozenset[int]) -> dict[TopicPartition, OffsetAndMetadata]:
        return {
            TopicPartition(self._topic, partition): OffsetAndMetadata(offset, text, -1)
            for partition, (offset, text) in self._ledger.state(partitions).items()
        }


def _close(consumer: Any, offsets: dict[TopicPartition, OffsetAndMetadata]) -> None:
    milliseconds = int(_CLOSE_SECONDS * 1000 / 2)
    try:
        if offsets and consumer.group_metadata().state == MemberState.STABLE:
            consumer.commit(offsets, timeout_ms=milliseconds)
    except KAFKA_ERRORS as error:
        _note_lost(error)
    finally:
        consumer.close(autocommit=False, timeout_ms=milliseconds)


def _note_lost(error: Exception) -> None:
    _log.info("what is done was not stored; it may come again", error=str(error))
