"""What the services need of the world outside the database: a doorbell and a thread. `cmd` provides both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ParamSpec, Protocol, TypeVar

#: The two logical queues. Work for tagged jobs goes to a queue of its own, see `jobs_queue`.
JOBS_QUEUE = "jobs"
CHECKS_QUEUE = "checks"

P = ParamSpec("P")
T = TypeVar("T")


class Publisher(Protocol):
    """Rings a queue's bell. A message is an id in ASCII digits and nothing else."""

    def publish(self, queue: str, body: bytes) -> None:
        """Return once the broker has the message safely; raises UnavailableError after a bounded wait."""

    def depth(self, queue: str) -> int | None:
        """How many messages wait in the queue; None where the broker cannot tell or is away. Never raises."""


class RunInThread(Protocol):
    """Runs long computations in a native thread, so that the hub goes on meanwhile."""

    def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function returns or raises."""


def jobs_queue(tags: Sequence[str]) -> str:
    """The queue of jobs with these tags: `jobs`, or `jobs.<tags in order, joined by +>`."""
    return f"{JOBS_QUEUE}.{'+'.join(sorted(tags))}" if tags else JOBS_QUEUE


def encode_id(number: int) -> bytes:
    """The message that says: look at this id."""
    return str(number).encode("ascii")


def run_inline(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """A `RunInThread` for tools and tests that have nothing else to do: runs at once, in place."""
    return function(*args, **kwargs)
