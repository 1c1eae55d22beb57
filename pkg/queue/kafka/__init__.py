"""Queues in Apache Kafka."""

from pikoci.pkg.queue.kafka.backend import KafkaBackend, open_kafka

__all__ = ["KafkaBackend", "open_kafka"]
