"""Events on their way out, with the log chunks of a step merged."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from pikoci.internal.domain.events import BuildEvent, LogWritten
from pikoci.internal.worker.reporting.sending import BATCH_BYTES, event_size


@dataclass(slots=True)
class _OpenLog:
    step: str
    at: float
    data: bytearray = field(default_factory=bytearray)


class EventBuffer:
    """A queue of events that are not numbered yet. `size` is in bytes.

    Of steps that run side by side each has a chunk of its own that grows, until something else than output comes.
    """

    def __init__(self) -> None:
        self._events: deque[BuildEvent | _OpenLog] = deque()
        self._open: dict[str, _OpenLog] = {}
        self.size = 0

    def __bool__(self) -> bool:
        return bool(self._events)

    def add(self, event: BuildEvent) -> None:
        """Append an event as it is."""
        self._open.clear()
        self._events.append(event)
        self.size += event_size(event)

    def add_log(self, step: str, at: float, data: bytes) -> None:
        """Append output of a step to its last chunk if only output came between, in events of at most 1 MiB."""
        for start in range(0, len(data), BATCH_BYTES):
            self._add_piece(step, at, data[start : start + BATCH_BYTES])

    def take(self) -> list[BuildEvent]:
        """Remove and return the oldest events, about `BATCH_BYTES` at most, but one at least if there is one."""
        taken: list[BuildEvent] = []
        size = 0
        while self._events:
            event = _close(self._events[0])
            if taken and size + event_size(event) > BATCH_BYTES:
                break
            self._drop_first()
            taken.append(event)
            size += event_size(event)
        self.size -= size
        return taken

    def _drop_first(self) -> None:
        first = self._events.popleft()
        if isinstance(first, _OpenLog) and self._open.get(first.step) is first:
            del self._open[first.step]

    def _add_piece(self, step: str, at: float, data: bytes) -> None:
        last = self._open.get(step)
        if last is None or len(last.data) + len(data) > BATCH_BYTES:
            last = self._open[step] = _OpenLog(step, at)
            self._events.append(last)
            self.size += event_size(_close(last))
        last.data += data
        self.size += len(data)


def _close(event: BuildEvent | _OpenLog) -> BuildEvent:
    return LogWritten(step=event.step, at=event.at, data=bytes(event.data)) if isinstance(event, _OpenLog) else event
