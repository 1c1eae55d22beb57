"""Queues that ring workers' bells: one contract, several brokers."""

from pikoci.pkg.queue.backend import (
    MAX_BODY,
    Backend,
    Capabilities,
    Delivery,
    Depth,
    QueueClosedError,
    QueueError,
    QueueUnavailableError,
    Subscription,
)

__all__ = [
    "MAX_BODY",
    "Backend",
    "Capabilities",
    "Delivery",
    "Depth",
    "QueueClosedError",
    "QueueError",
    "QueueUnavailableError",
    "Subscription",
]
