"""Native threads for what computes long."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from gevent.threadpool import ThreadPool

from pikoci.internal.domain.errors import UnavailableError

P = ParamSpec("P")
T = TypeVar("T")

#: Logs are made ready to be shown by so many threads.
READERS = 4
_RETRY_AFTER = 5.0


class Threads:
    """A few native threads of their own: what waits for one of them waits for nobody else's work."""

    def __init__(self, size: int) -> None:
        self._pool = ThreadPool(size)

    def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a long computation in one of the threads while the hub goes on; raises what it raises."""

        def outcome() -> tuple[T | None, Exception | None]:
            try:
                return function(*args, **kwargs), None
            except Exception as error:  # noqa: BLE001 - raised again below: gevent would print it as a breakdown
                return None, error

        result, error = self._pool.apply(outcome)
        if error is not None:
            raise error
        return cast("T", result)

    def close(self) -> None:
        """End the threads, once nothing runs in them."""
        self._pool.kill()


class BoundedThreads:
    """A `RunInThread` with threads of its own for one kind of work, of which so many wait at most.

    Work beyond that is refused at once, with UnavailableError. `what` names the work in the plural.
    """

    def __init__(self, what: str, *, threads: int, waiting: int) -> None:
        self._what = what
        self._most = threads + waiting
        self._threads = Threads(threads)
        self._inside = 0

    def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function returns or raises, once it was its turn."""
        if self._inside >= self._most:
            message = f"{self._most} {self._what} are being worked on, which is as many as this server takes at a time"
            raise UnavailableError(message, hint="try again in a few seconds", retry_after=_RETRY_AFTER)
        self._inside += 1
        try:
            return self._threads.run(function, *args, **kwargs)
        finally:
            self._inside -= 1

    def close(self) -> None:
        """End the threads, once nothing runs in them."""
        self._threads.close()


def hashing_threads() -> int:
    """Half of the processors, at most four: hashing holds no lock, and would leave nothing to the hub otherwise."""
    return max(1, min(4, len(os.sched_getaffinity(0)) // 2))
