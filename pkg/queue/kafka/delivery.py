"""A message in someone's hands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pikoci.pkg.queue.backend import Delivery
from pikoci.pkg.queue.kafka.message import Message

if TYPE_CHECKING:
    from pikoci.pkg.queue.kafka.consumer import QueueConsumer


class KafkaDelivery(Delivery):
    """A message, and who read it."""

    def __init__(self, consumer: QueueConsumer, message: Message) -> None:
        self.queue = consumer.queue
        self.body = message.envelope.body
        self._consumer = consumer
        self._message = message

    def acknowledge(self) -> None:
        """See `Delivery.acknowledge`."""
        self._consumer.acknowledge(self._message)

    def reject(self, delay: float = 0.0) -> None:
        """See `Delivery.reject`: a copy is published, to be delivered after the delay; then this one is done."""
        self._consumer.reject(self._message, delay)
