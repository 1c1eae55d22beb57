"""The queue backend for RabbitMQ."""

from pikoci.pkg.queue.rabbit.backend import RabbitBackend, open_rabbit

__all__ = ["RabbitBackend", "open_rabbit"]
