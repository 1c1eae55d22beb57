"""What the services need of the world outside the database: a doorbell, a thread, a relay. `cmd` provides them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ParamSpec, Protocol, TypeVar

from pikoci.internal.pipeline import Fetched

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class QueueState:
    """What waits in a queue, what workers hold of it, and the age in seconds of the oldest that waits, if known."""

    waiting: int
    in_flight: int = 0
    oldest: float | None = None


class Depth(Protocol):
    """How a broker says what `QueueState` holds."""

    @property
    def waiting(self) -> int:
        """Messages that wait."""

    @property
    def in_flight(self) -> int:
        """Messages that consumers hold."""

    @property
    def oldest(self) -> float | None:
        """Seconds that the oldest of those that wait has waited; None where it is not known."""


class Broker(Protocol):
    """What a queue backend does for the services. Both methods may raise its own error after a bounded wait."""

    def publish(self, queue: str, *bodies: bytes) -> None:
        """Return once the broker has all messages safely."""

    def depth(self, queue: str) -> Depth | None:
        """How the queue stands; None where the broker cannot tell."""


class Relay(Protocol):
    """Carries wake-ups to the other servers of the database and back, as well as it can: who waits also polls."""

    def receive(self, wake: Callable[[str], None], /) -> None:
        """Begin: call `wake`, which does not wait, with each topic that another server sends."""

    def send(self, topic: str, /) -> None:
        """Pass the topic on soon. Never waits and never raises."""


class RunInThread(Protocol):
    """Runs long computations in a native thread, so that the hub goes on meanwhile."""

    def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function returns or raises."""


class FetchSources(Protocol):
    """Has what addresses on the web hold, without keeping the hub from others."""

    def __call__(self, wanted: Sequence[str], /) -> Mapping[str, Fetched]:
        """What each of them holds, or why that could not be had. Never raises; takes half a minute at most."""


def fetch_nothing(wanted: Sequence[str], /) -> Mapping[str, Fetched]:
    """A `FetchSources` for services that have no way to the web."""
    return {address: Fetched(problem="nothing is fetched here") for address in wanted}


def run_inline(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """A `RunInThread` for tools and tests that have nothing else to do: runs at once, in place."""
    return function(*args, **kwargs)
