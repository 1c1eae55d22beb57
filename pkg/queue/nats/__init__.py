"""The queue backend for NATS JetStream."""

from pikoci.pkg.queue.nats.backend import NatsBackend

__all__ = ["NatsBackend"]
