"""The services' doorbell, on a queue backend."""

from __future__ import annotations

from pikoci.internal.domain.errors import UnavailableError
from pikoci.internal.service.plumbing.ports import QueueState
from pikoci.pkg.queue.backend import Backend, QueueError


class QueuePublisher:
    """The services' doorbell on a queue backend."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def publish(self, queue: str, *bodies: bytes) -> None:
        """Return once the broker has all messages. Raises UnavailableError."""
        try:
            self._backend.publish(queue, *bodies)
        except QueueError as error:
            raise UnavailableError(f"the queue {queue} cannot be reached: {error}") from error

    def depth(self, queue: str) -> int | None:
        """How many messages wait; None where the broker cannot tell or is away."""
        try:
            depth = self._backend.depth(queue)
        except QueueError:
            return None
        return None if depth is None else depth.waiting

    def inspect(self, queue: str) -> QueueState | None:
        """How the queue stands; None where the broker cannot tell or is away."""
        try:
            depth = self._backend.depth(queue)
        except QueueError:
            return None
        return None if depth is None else QueueState(depth.waiting, depth.in_flight, depth.oldest)
