"""A message that was read, and how far a consumer has come in its partition."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from pikoci.pkg.queue.backend import Delivery

if TYPE_CHECKING:
    from pikoci.pkg.queue.kafka.consumer import QueueConsumer


class Progress:
    """The messages of a partition that were read and are not done with.

    Kafka stores one offset, and everything before it is done. So what is done with before an earlier message comes
    again if the partition moves in between.
    """

    def __init__(self) -> None:
        self._next = 0
        self._open: dict[int, None] = {}  # in the order of the offsets

    def begin(self, offset: int) -> None:
        """A message was read."""
        self._open[offset] = None
        self._next = offset + 1

    def finish(self, offset: int) -> None:
        """A message is done with."""
        self._open.pop(offset, None)

    @property
    def offset(self) -> int:
        """What to store."""
        return next(iter(self._open), self._next)


class KafkaDelivery(Delivery):
    """A record of a partition. `ready` is when it may be delivered, on the monotonic clock."""

    def __init__(self, consumer: QueueConsumer, record: Any, progress: Progress, ready: float) -> None:
        self.queue = consumer.queue
        self.body = record.value or b""
        self.partition: int = record.partition
        self.offset: int = record.offset
        self.progress = progress
        self.ready = ready
        self.answered = False
        self._consumer = consumer

    def __lt__(self, other: KafkaDelivery) -> bool:
        return self.ready < other.ready

    def again(self, ready: float) -> KafkaDelivery:
        """The same message, not answered yet."""
        other = copy(self)
        other.ready, other.answered = ready, False
        return other

    def acknowledge(self) -> None:
        """See `Delivery.acknowledge`."""
        self._consumer.acknowledge(self)

    def reject(self, delay: float = 0.0) -> None:
        """See `Delivery.reject`. With a delay it stays with this consumer; else a copy goes to any."""
        self._consumer.reject(self, delay)
