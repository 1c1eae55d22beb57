"""Queues that ring workers' bells: one contract, several brokers."""

from pikoci.pkg.queue.backend import (
    MAX_BODY,
    Backend,
    Capabilities,
    Delivery,
    Depth,
    QueueClosedError,
    QueueConfigurationError,
    QueueError,
    QueueUnavailableError,
    Subscription,
)
from pikoci.pkg.queue.opening import QueueSettings, open_backend

__all__ = [
    "MAX_BODY",
    "Backend",
    "Capabilities",
    "Delivery",
    "Depth",
    "QueueClosedError",
    "QueueConfigurationError",
    "QueueError",
    "QueueSettings",
    "QueueUnavailableError",
    "Subscription",
    "open_backend",
]
