"""Native threads for what computes long."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import gevent

P = ParamSpec("P")
T = TypeVar("T")


def run_in_thread(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a long computation in a native thread while the hub goes on; raises what it raises."""

    def outcome() -> tuple[T | None, Exception | None]:
        try:
            return function(*args, **kwargs), None
        except Exception as error:  # noqa: BLE001 - raised again below: gevent would print it as a breakdown
            return None, error

    result, error = gevent.get_hub().threadpool.apply(outcome)
    if error is not None:
        raise error
    return cast("T", result)
