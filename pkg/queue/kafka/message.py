"""What travels with a message, and what a consumer remembers of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pikoci.pkg.queue.kafka.progress import Progress

_DUE = "pikoci-due"
_HOPS = "pikoci-hops"
_LONGEST_DELAY = 7 * 86400.0
_MOST_HOPS = 100


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message as it goes to a topic. `due` is when it may be delivered, in seconds since 1970 (0: at once).

    `hops` counts how often it was passed on by a consumer that was busy.
    """

    body: bytes
    due: float = 0.0
    hops: int = 0

    def headers(self) -> dict[str, bytes]:
        """What is told beside the body."""
        told = {_DUE: f"{self.due:.3f}".encode()} if self.due else {}
        return told | ({_HOPS: b"%d" % self.hops} if self.hops else {})


@dataclass(eq=False, slots=True)
class Message:
    """A message that came from a partition. `seen` is on the monotonic clock."""

    envelope: Envelope
    partition: int
    offset: int
    progress: Progress
    seen: float
    answered: bool = False


def open_envelope(record: Any) -> Envelope:
    """Read a record of the client library; headers that make no sense count as none."""
    told = {name: value for name, value in record.headers or () if isinstance(value, bytes)}
    hops = int(_number(told.get(_HOPS), _MOST_HOPS))
    latest = record.timestamp / 1000 + _LONGEST_DELAY
    return Envelope(record.value or b"", _number(told.get(_DUE), latest), hops)


def _number(text: bytes | None, most: float) -> float:
    try:
        number = float(text or b"0")
    except ValueError:
        return 0.0
    return number if 0 <= number <= most else 0.0
