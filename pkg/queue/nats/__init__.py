"""The queue backend for NATS JetStream."""

from pikoci.pkg.queue.nats.backend import NatsBackend, open_nats

__all__ = ["NatsBackend", "open_nats"]
