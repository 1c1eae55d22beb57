"""The event loop that the client library runs in: gevent's own, so that its callbacks need no thread or greenlet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gevent
from pika.adapters.utils.selector_ioloop_adapter import AbstractSelectorIOLoop


class HubLoop(AbstractSelectorIOLoop):
    """Belongs to the hub that made it; nothing in it blocks. The library's own has a pipe that is never closed."""

    READ = 1  # as gevent has them
    WRITE = 2
    ERROR = 0

    def __init__(self) -> None:
        self._loop: Any = gevent.get_hub().loop
        self._watchers: dict[int, Any] = {}
        self._handlers: dict[int, Callable[[int, int], None]] = {}

    def close(self) -> None:
        """Stop watching; the hub's loop goes on."""
        for file in list(self._watchers):
            self.remove_handler(file)

    def start(self) -> None:
        """Do nothing: the hub runs already."""

    def stop(self) -> None:
        """Do nothing: the hub goes on."""

    def call_later(self, delay: float, callback: Callable[[], object]) -> Any:
        """Call once after some seconds; the result is for `remove_timeout`."""
        timer = self._loop.timer(max(0.0, delay))
        timer.start(callback)
        return timer

    def remove_timeout(self, timeout_handle: Any) -> None:
        """Call off what `call_later` planned."""
        timeout_handle.stop()
        timeout_handle.close()

    def add_callback(self, callback: Callable[[], object]) -> None:
        """Call in the loop's next round."""
        self._loop.run_callback(callback)

    def add_handler(self, fd: int, handler: Callable[[int, int], None], events: int) -> None:
        """Watch a file for events; the handler is told the file and which events there are."""
        self._watchers[fd] = watcher = self._loop.io(fd, events)
        self._handlers[fd] = handler
        watcher.start(self._tell, fd, pass_events=True)

    def update_handler(self, fd: int, events: int) -> None:
        """Watch a file for other events."""
        watcher = self._watchers[fd]
        watcher.stop()
        watcher.events = events
        watcher.start(self._tell, fd, pass_events=True)

    def remove_handler(self, fd: int) -> None:
        """End watching a file."""
        watcher = self._watchers.pop(fd)
        del self._handlers[fd]
        watcher.stop()
        watcher.close()

    def _tell(self, events: int, fd: int) -> None:
        if (handler := self._handlers.get(fd)) is not None:
            handler(fd, events)
