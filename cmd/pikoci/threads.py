"""Native threads for what computes long."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import gevent
from gevent.threadpool import ThreadPool

from pikoci.internal.domain.errors import UnavailableError

P = ParamSpec("P")
T = TypeVar("T")

_RETRY_AFTER = 5.0


def run_in_thread(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a long computation in a native thread while the hub goes on; raises what it raises."""
    return _run_in(gevent.get_hub().threadpool, function, *args, **kwargs)


class BoundedThreads:
    """A `RunInThread` with threads of its own for one kind of work, of which so many wait at most.

    Work beyond that is refused at once, with UnavailableError. `what` names the work in the plural.
    """

    def __init__(self, what: str, *, threads: int, waiting: int) -> None:
        self._what = what
        self._most = threads + waiting
        self._pool = ThreadPool(threads)
        self._inside = 0

    def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """What the function returns or raises, once it was its turn."""
        if self._inside >= self._most:
            message = f"{self._most} {self._what} are being worked on, which is as many as this server takes at a time"
            raise UnavailableError(message, hint="try again in a few seconds", retry_after=_RETRY_AFTER)
        self._inside += 1
        try:
            return _run_in(self._pool, function, *args, **kwargs)
        finally:
            self._inside -= 1

    def close(self) -> None:
        """End the threads, once nothing runs in them."""
        self._pool.kill()


def _run_in(pool: ThreadPool, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    def outcome() -> tuple[T | None, Exception | None]:
        try:
            return function(*args, **kwargs), None
        except Exception as error:  # noqa: BLE001 - raised again below: gevent would print it as a breakdown
            return None, error

    result, error = pool.apply(outcome)
    if error is not None:
        raise error
    return cast("T", result)
