"""A consumer's part in its group's rebalances: what it claims, what it gets, and what it gives up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import structlog
from kafka import TopicPartition
from kafka.consumer.subscription_state import AsyncConsumerRebalanceListener

from pikoci.pkg.queue.kafka.clients import KAFKA_ERRORS
from pikoci.pkg.queue.kafka.ledger import Ledger
from pikoci.pkg.queue.kafka.progress import read_progress
from pikoci.pkg.queue.kafka.sharing import Claim, Share
from pikoci.pkg.queue.kafka.storing import Storing

_log = structlog.get_logger(__name__)
_ASK_AGAIN_SECONDS = 2.0
_READ_MS = 2000


class Rebalancing(AsyncConsumerRebalanceListener):  # type: ignore[misc]  # the library has no types
    """Called by the library's consumer while it joins its group."""

    def __init__(self, topic: str, ledger: Ledger, storing: Storing) -> None:
        self.generation = -1
        self._topic = topic
        self._ledger = ledger
        self._storing = storing
        self._consumer: Any = None
        self._share = Share()
        self._claimed: frozenset[int] = frozenset()
        self._asked = 0.0
        self._warned = False

    def start(self, consumer: Any) -> None:
        """A new consumer is about to join."""
        self._consumer = consumer
        self.generation = -1
        self._share = Share()

    def stop(self) -> None:
        """The consumer is gone."""
        self._consumer = None
        self.generation = -1
        self._ledger.frozen = None

    def claim(self) -> Claim:
        """What this consumer has; until the answer comes nothing is handed out from where nothing is held."""
        owned = frozenset(each.partition for each in self._consumer.assignment()) if self._consumer else frozenset()
        self._claimed = self._ledger.held_partitions() & owned
        self._ledger.frozen = self._claimed
        return Claim(owned, self._claimed, self.generation)

    def on_share(self, share: Share, generation: int) -> None:
        """What this consumer got."""
        self._share = share
        self.generation = generation
        self._ledger.frozen = None
        if not share.partitions and not self._warned and generation > 1:
            self._warned = True
            _log.info("no partition for this consumer yet", topic=self._topic, consumers=share.members)

    def ask_again(self, now: float) -> None:
        """Have the partitions shared anew, if others wait for those that were kept only for what was held there."""
        may = self._share.too_much and self._ledger.frozen is None and now - self._asked > _ASK_AGAIN_SECONDS
        if may and self._claimed - self._ledger.held_partitions():
            self._asked = now
            self._consumer._coordinator.request_rejoin()  # noqa: SLF001 - the library has no public way yet

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Others will own these: they go on from what is stored here."""
        await self._storing.hand_over({each.partition for each in revoked})

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        """Read how far others have come, so that the first message of each partition need not wait for that."""
        new = [each for each in assigned if not self._ledger.knows(each.partition)]
        coordinator = self._consumer._coordinator  # noqa: SLF001 - the library has no public way yet
        try:
            found = await coordinator.fetch_committed_offsets_async(new, timeout_ms=_READ_MS)
        except KAFKA_ERRORS:
            return  # it is read with the first message then
        for each in new:
            self._ledger.begin(each.partition, read_progress(found.get(each)))

    async def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        """Others own these already."""
        self._ledger.drop([each.partition for each in lost])
