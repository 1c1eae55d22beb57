"""Work that ends when its step does, wherever it waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import gevent

from pikoci.internal.worker.tools.lifetime import Lifetime
from pikoci.internal.worker.tools.outcome import StepError, stopped

Result = TypeVar("Result")


def while_wanted(lifetime: Lifetime, work: Callable[[], Result]) -> Result:
    """What `work` returns or raises; it is killed when the lifetime stops, and StepError is raised."""
    if lifetime.cause is not None:
        raise StepError(stopped(lifetime.cause))
    running = gevent.spawn(_outcome, work)
    waiting: list[Any] = [running, lifetime.stopped]
    try:
        gevent.wait(waiting, count=1)
    finally:
        running.kill()  # does nothing where it has ended
    if not running.successful() or running.value is None or isinstance(running.value, gevent.GreenletExit):
        assert lifetime.cause is not None
        raise StepError(stopped(lifetime.cause))
    result, error = running.value
    if error is not None:
        raise error
    return cast("Result", result)


def _outcome(work: Callable[[], Result]) -> tuple[Result | None, Exception | None]:
    """What it returned, or its error: raised where the caller waits, and not printed by gevent."""
    try:
        return work(), None
    except Exception as error:  # noqa: BLE001 - handed on to the caller
        return None, error
