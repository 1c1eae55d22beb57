"""The queue backend for RabbitMQ."""

from pikoci.pkg.queue.rabbit.backend import RabbitBackend

__all__ = ["RabbitBackend"]
