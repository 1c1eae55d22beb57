"""The contract that every queue backend keeps, whatever broker is behind it.

Messages are small byte strings (an id; 4 KiB at most). A queue is a doorbell, not a store of work: callers must survive
a message that comes twice, late or never, and the backends promise only what is written here. Every call is
cooperative under gevent: it may block its greenlet, never the hub.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

#: The largest body that any backend takes, in bytes.
MAX_BODY = 4096


class QueueError(Exception):
    """Root of what a backend raises."""


class QueueUnavailableError(QueueError):
    """The broker cannot be reached, or did not confirm in time. The message may or may not be there: publish again."""


class QueueClosedError(QueueError):
    """The backend or subscription was closed; nothing more will come."""


class QueueConfigurationError(QueueError):
    """A setting, or a queue that the broker has already, does not fit: the text says which and how. Waiting is vain."""


def check_bodies(bodies: Sequence[bytes]) -> None:
    """Raise ValueError for a body over MAX_BODY."""
    for body in bodies:
        if len(body) > MAX_BODY:
            raise ValueError(f"a message has {len(body)} bytes; at most {MAX_BODY} are allowed")


@dataclass(frozen=True, slots=True)
class Capabilities:
    """How backends differ, declared so that nobody has to test for a type."""

    crosses_processes: bool
    survives_restart: bool
    knows_depth: bool


@dataclass(frozen=True, slots=True)
class Depth:
    """What waits in a queue, and what consumers hold. `oldest` is the age in seconds of the oldest waiting message.

    It is None where nothing waits and where the broker cannot tell.
    """

    waiting: int
    in_flight: int
    oldest: float | None = None


class Delivery(ABC):
    """One message in the hands of one consumer, until it is acknowledged or rejected. Both are idempotent.

    While the consumer lives and reaches the broker nobody else gets the message, however long it is held. Both calls
    may return before the broker knows, or raise QueueUnavailableError when it is away: then the message comes again.
    """

    queue: str
    body: bytes

    @abstractmethod
    def acknowledge(self) -> None:
        """Done with: never deliver it again. A lost connection may undo this; then it comes again."""

    @abstractmethod
    def reject(self, delay: float = 0.0) -> None:
        """Give it back, to be delivered again to anyone, not sooner than `delay` seconds."""


class Subscription(ABC):
    """A consumer of one or more queues. Not shared between greenlets, but for `close`."""

    @abstractmethod
    def receive(self, timeout: float) -> Delivery | None:
        """The next message, or None after `timeout` seconds. Order is not promised.

        Raises QueueClosedError once closed (also to a waiting call), QueueUnavailableError while the broker is away.
        """

    @abstractmethod
    def close(self) -> None:
        """End receiving. What was received but not acknowledged goes back to its queue. Idempotent."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Backend(ABC):
    """A connection to a broker, made when needed and again when lost. Safe to share between a process's greenlets.

    Every method raises QueueClosedError after `close`.
    """

    capabilities: Capabilities

    @abstractmethod
    def publish(self, queue: str, *bodies: bytes) -> None:
        """Return once the broker has all messages safely; a queue that does not exist yet is made.

        Several travel side by side: the broker's word is waited for once, not once for each. Bounded wait, then
        QueueUnavailableError; any of them may be there then. Raises ValueError for a body over MAX_BODY: none is sent.
        """

    @abstractmethod
    def subscribe(self, queues: Sequence[str]) -> Subscription:
        """Start consuming; a queue that does not exist yet is made. Returns also while the broker is away."""

    @abstractmethod
    def depth(self, queue: str) -> Depth | None:
        """What waits in a queue, or None where the broker cannot tell."""

    @abstractmethod
    def check_health(self) -> None:
        """Return if the broker answers, else raise QueueUnavailableError with the reason."""

    @abstractmethod
    def close(self) -> None:
        """Close every subscription and the connection. Idempotent."""
