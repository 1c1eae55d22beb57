"""An asyncio event loop in a native thread, for greenlets to call into: the client library knows nothing of gevent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar
from weakref import WeakSet

import gevent
import structlog
from gevent import monkey
from gevent.event import Event
from gevent.threadpool import ThreadPool

_log = structlog.get_logger(__name__)
T = TypeVar("T")
_WIND_UP_SECONDS = 3.0


class LoopThread:
    """Runs coroutines in its thread while the calling greenlets wait. Belongs to the hub that made it.

    The coroutines must not touch a lock of the patched standard library, and so must not log: they would wait for a hub
    that nobody runs in their thread. `in_hub` is their way out.
    """

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()  # the loop itself would let them be collected
        self._finished: deque[Callable[[], object]] = deque()
        self._watcher = gevent.get_hub().loop.async_()
        self._watcher.start(self._deliver)
        self._loop = _Loop(monkey.get_original("selectors", "DefaultSelector")())
        self._loop.set_exception_handler(self._report)
        self._pool = ThreadPool(1)
        self._running = self._pool.spawn(self._loop.run_forever)

    def call(
        self, work: Callable[[], Coroutine[Any, Any, T]], timeout: float, undo: Callable[[T], None] | None = None
    ) -> T:
        """What the coroutine returns or raises. After `timeout` seconds it is cancelled, and TimeoutError raised.

        A result that comes too late for its greenlet, because that was killed, goes to `undo` instead.
        """
        finished = Event()
        task: list[asyncio.Task[T]] = []

        def begin() -> None:
            task.append(self._begin(work))
            task[0].add_done_callback(lambda _: self._hand_over(finished.set))

        def cancel() -> None:
            task[0].cancel()

        self._loop.call_soon_threadsafe(begin)
        try:
            if not finished.wait(timeout):
                raise TimeoutError(f"no answer in {timeout:g} seconds")
        except BaseException:
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(cancel)
            finished.rawlink(lambda _: _undo(undo, task[0]))
            raise
        return task[0].result()

    def post(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin a coroutine that nobody waits for."""
        self._loop.call_soon_threadsafe(self._begin, work)

    def in_hub(self, function: Callable[[], object]) -> None:
        """Run a function in a greenlet of the hub; called in the loop's thread."""
        self._hand_over(partial(gevent.spawn, function))

    def close(self) -> None:
        """Cancel what still runs in the loop, and end it."""
        self.post(self._wind_up)
        self._running.wait()
        self._deliver()
        self._pool.kill()
        self._watcher.close()
        self._loop.close()

    async def _wind_up(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_WIND_UP_SECONDS)
        await hang_up()
        self._loop.stop()

    def _begin(self, work: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Task[T]:
        task = self._loop.create_task(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _report(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log what went wrong in a task that nobody waits for."""
        error = context.get("exception")
        message = str(context.get("message"))
        self.in_hub(lambda: _log.error("unexpected in the event loop", message=message, error=repr(error)))

    def _hand_over(self, finished: Callable[[], object]) -> None:
        """Called in the loop's thread."""
        self._finished.append(finished)
        self._watcher.send()

    def _deliver(self) -> None:
        """Called in the hub's thread; one signal may stand for several results."""
        while self._finished:
            self._finished.popleft()()


async def hang_up() -> None:
    """End the connections that are still open in the LoopThread that runs this, without a word to the other side."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, _Loop)
    for transport in list(loop.connections):
        transport.abort()
    await asyncio.sleep(0)  # in which they are closed


def _undo(undo: Callable[[T], None] | None, done: asyncio.Task[T]) -> None:
    """Care for a result that nobody takes; the hub itself must not wait, so a greenlet does."""
    if not done.cancelled() and done.exception() is None and undo is not None:
        gevent.spawn(undo, done.result())


class _Loop(asyncio.SelectorEventLoop):
    """Resolves names in its own thread: the standard loop's executor would start greenlets that never get a turn.

    Keeps the connections that were made, as long as somebody else does.
    """

    def __init__(self, selector: Any) -> None:
        super().__init__(selector)
        self.connections: WeakSet[asyncio.Transport] = WeakSet()

    async def create_connection(self, *arguments: Any, **options: Any) -> Any:
        """See `asyncio.loop.create_connection`."""
        transport, protocol = await super().create_connection(*arguments, **options)
        self.connections.add(transport)
        return transport, protocol

    async def getaddrinfo(
        self,
        host: Any,
        port: Any,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - the standard library's name for it
        proto: int = 0,
        flags: int = 0,
    ) -> Any:
        """See `asyncio.loop.getaddrinfo`. Blocks the loop, which has nothing to do while it isn't connected."""
        return monkey.get_original("socket", "getaddrinfo")(host, port, family, type, proto, flags)
