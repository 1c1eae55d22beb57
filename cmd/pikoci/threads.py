"""Native threads for what computes long."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

from gevent.threadpool import ThreadPool

P = ParamSpec("P")
T = TypeVar("T")

#: Pipelines are read, and logs made ready to be shown, by so many threads.
READERS = 4


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


def hashing_threads() -> int:
    """Half of the processors, at most four: hashing holds no lock, and would leave nothing to the hub otherwise."""
    return max(1, min(4, len(os.sched_getaffinity(0)) // 2))
