"""The queues that this server publishes to, and what waits in them."""

from __future__ import annotations

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.queues import CHECKS_QUEUE, JOBS_QUEUE
from pikoci.internal.service.plumbing.ports import Publisher, QueueState

_MAX_QUEUES = 500
#: How long what a broker said is good for, and how long all queues together may take to answer, in seconds.
_LIFETIME = 1.0
_PATIENCE = 5.0


class Queues:
    """A `Publisher` that remembers its queues: those of tagged work are known only by having been used."""

    def __init__(self, publisher: Publisher, clock: Clock) -> None:
        self._publisher = publisher
        self._clock = clock
        self._names = {JOBS_QUEUE: None, CHECKS_QUEUE: None}  # a dict, for its order
        self._states: dict[str, QueueState | None] = {}
        self._fresh_until: float | None = None

    def publish(self, queue: str, *bodies: bytes) -> None:
        """See `Publisher`."""
        self._remember(queue)
        self._publisher.publish(queue, *bodies)

    def depth(self, queue: str) -> int | None:
        """See `Publisher`."""
        self._remember(queue)
        return self._publisher.depth(queue)

    def inspect(self, queue: str) -> QueueState | None:
        """See `Publisher`."""
        return self._publisher.inspect(queue)

    def states(self) -> dict[str, QueueState | None]:
        """Every queue by name, with what waits in it; None where the broker cannot tell, is away, or takes too long."""
        began = self._clock.monotonic()
        if self._fresh_until is None or began >= self._fresh_until:
            states: dict[str, QueueState | None] = {}
            for name in sorted(self._names):
                in_time = self._clock.monotonic() - began < _PATIENCE
                states[name] = self._publisher.inspect(name) if in_time else None
            self._states, self._fresh_until = states, self._clock.monotonic() + _LIFETIME
        return self._states

    def _remember(self, queue: str) -> None:
        """Keep the queue's name; beyond so many the one that was used first is forgotten, but for the two of old."""
        if queue not in self._names:
            self._fresh_until = None
            self._names[queue] = None
            if len(self._names) > _MAX_QUEUES:
                del self._names[next(name for name in self._names if name not in {JOBS_QUEUE, CHECKS_QUEUE})]
