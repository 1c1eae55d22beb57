"""Work inside the worker that a lifetime can end, as it ends commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import gevent

from pikoci.internal.worker.tools.lifetime import Lifetime
from pikoci.internal.worker.tools.outcome import StepError, stopped

T = TypeVar("T")


def interruptible(lifetime: Lifetime, work: Callable[[], T]) -> T:
    """What `work` returns or raises, in a greenlet that is killed when the lifetime stops: StepError then.

    It has ended when this returns, so what it used can be taken away.
    """
    running = gevent.spawn(_outcome, work)
    waiting: list[Any] = [running, lifetime.stopped]
    try:
        gevent.wait(waiting, count=1)
    finally:
        running.kill()
    if lifetime.cause is not None and not isinstance(running.value, tuple):
        raise StepError(stopped(lifetime.cause))
    results, error = running.get()
    if error is not None:
        raise error
    return results[0]


def _outcome(work: Callable[[], T]) -> tuple[list[T], Exception | None]:
    """What the work returned, or its error: raised where the caller waits, and not printed by gevent."""
    try:
        return [work()], None
    except Exception as error:  # noqa: BLE001 - handed on to the caller
        return [], error
