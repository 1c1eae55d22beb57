"""What was reported here and is delivered nowhere yet."""

from __future__ import annotations

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.events import BuildEvent
from pikoci.internal.worker.reporting.buffer import EventBuffer
from pikoci.internal.worker.reporting.sending import event_size


class Outbox:
    """Events in order: a batch that has its numbers, and behind it those that get theirs when it is gone.

    A batch keeps its numbers until it is dropped, however often it is sent: that is how the server knows it again.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buffer = EventBuffer()
        self._batch: list[BuildEvent] = []
        self._batch_size = 0
        self.next = 1  # the number of the batch's first event, or of the buffer's while there is no batch
        self.since = 0.0  # when the buffer's first event came, or the last batch was taken from before it

    @property
    def size(self) -> int:
        """About how many bytes all of it takes."""
        return self._buffer.size + self._batch_size

    @property
    def waiting(self) -> int:
        """About how many bytes of it are in no batch yet."""
        return self._buffer.size

    @property
    def has_batch(self) -> bool:
        """Whether a batch was taken and not dropped yet."""
        return bool(self._batch)

    def add(self, event: BuildEvent) -> bool:
        """Append an event; whether it is the first behind the batch."""
        first = not self._buffer.size
        if first:
            self.since = self._clock.monotonic()
        self._buffer.add(event)
        return first

    def add_log(self, step: str, data: bytes) -> bool:
        """Append output of a step, stamped with the time now; whether it is the first behind the batch."""
        first = not self._buffer.size
        if first:
            self.since = self._clock.monotonic()
        self._buffer.add_log(step, self._clock.now(), data)
        return first

    def batch(self) -> list[BuildEvent]:
        """The batch, made of the oldest events if there is none; empty when there is nothing at all."""
        if not self._batch and self._buffer:
            self._batch = self._buffer.take()
            self._batch_size = sum(map(event_size, self._batch))
            self.since = self._clock.monotonic()
        return self._batch

    def drop_batch(self) -> None:
        """The batch is delivered, or in the spool."""
        self.next += len(self._batch)
        self._batch, self._batch_size = [], 0
