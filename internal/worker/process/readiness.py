"""Waiting on the hub for the first of several descriptors."""

from collections.abc import Collection
from typing import Any

import gevent
from gevent.hub import Waiter

READ = 1


def reading(descriptor: int) -> Any:
    """Make a watcher that tells when a descriptor is readable. Close it before the descriptor."""
    return gevent.get_hub().loop.io(descriptor, READ)


def wait_first(watchers: Collection[Any], timeout: float | None = None) -> bool:
    """Sleep until one of the watchers fires, or for some seconds; tell whether one did."""
    waiter: Waiter[bool] = Waiter()
    timer = None if timeout is None else gevent.get_hub().loop.timer(max(timeout, 0.0))
    try:
        for watcher in watchers:
            watcher.start(waiter.switch, True)
        if timer is not None:
            timer.start(waiter.switch, False, update=True)
        return waiter.get()
    finally:
        for watcher in watchers:
            watcher.stop()
        if timer is not None:
            timer.stop()
            timer.close()
