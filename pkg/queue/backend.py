"""The contract that every queue backend keeps, whatever broker is behind it.

Messages are small byte strings (an id; 4 KiB at most). A queue is a doorbell, not a store of work, and its promise is
small: a message comes at least once, soon, to some consumer. It may come twice, to two consumers at the same time, out
of order, or again later when a broker fell or consumers came and went. Callers must survive all of that, and one that
never comes. Every call is cooperative under gevent: it may block its greenlet, never the hub.
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
    """The broker cannot be reached, or did not answer in time. A message may be there or not: publish again."""


class QueueClosedError(QueueError):
    """The backend or subscription was closed; nothing more will come."""


class QueueConfigurationError(QueueError):
    """A setting, or a queue that the broker has already, does not fit; the text says how. Waiting won't help."""


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
    """What waits in a queue; figures of brokers lag.

    `in_flight` is what consumers hold, if the broker tells it apart from what waits, else 0. `oldest` is the age in
    seconds of the oldest waiting message, None where nothing waits or the broker cannot tell.
    """

    waiting: int
    in_flight: int
    oldest: float | None = None


class Delivery(ABC):
    """One message in the hands of a consumer, to be acknowledged or rejected within moments.

    When that takes longer than the setting `redelivery`, and when the consumer dies or is cut off, the message comes
    again, to anyone. Both calls are idempotent, and may return before the broker knows. They raise
    QueueUnavailableError where it is known to be away: then the message comes again.
    """

    queue: str
    body: bytes

    @abstractmethod
    def acknowledge(self) -> None:
        """Done with: do not deliver it again, as a rule. What befalls the broker or the connection may undo this."""

    @abstractmethod
    def reject(self, delay: float = 0.0) -> None:
        """Give it back, to be delivered again to anyone, about `delay` seconds later; sooner if this consumer ends."""


class Subscription(ABC):
    """A consumer of one or more queues. Not shared between greenlets, but for `close`.

    It takes messages only for a `receive` that waits, or that follows within moments: one whose owner does other things
    leaves them to others.
    """

    @abstractmethod
    def receive(self, timeout: float) -> Delivery | None:
        """The next message, or None after about `timeout` seconds. No queue keeps another waiting for long.

        Raises QueueClosedError once closed (also to a waiting call), QueueUnavailableError while the broker is away.
        """

    @abstractmethod
    def close(self) -> None:
        """End receiving. What was received but not answered goes back to its queue. Idempotent."""

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
