"""An asyncio event loop in a native thread, for greenlets to call into: the client library knows nothing of gevent."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

import gevent
import structlog
from gevent import monkey
from gevent.event import AsyncResult
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
        self._posted: set[asyncio.Task[None]] = set()  # the loop itself would let them be collected
        self._finished: deque[Callable[[], None]] = deque()
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
        call = _Call(work, undo)
        self._loop.call_soon_threadsafe(call.begin, self._loop, self._hand_over)
        try:
            result: T = call.result.get(timeout=timeout)  # type: ignore[assignment]  # None only where T is
        except gevent.Timeout as error:
            self._abandon(call)
            raise TimeoutError(f"no answer in {timeout:g} seconds") from error
        except BaseException:
            self._abandon(call)
            raise
        return result

    def post(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin a coroutine that nobody hears of again; those posted and called later begin later."""
        self._loop.call_soon_threadsafe(self._begin, work)

    def start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin a coroutine that nobody waits for."""
        self._loop.call_soon_threadsafe(_Call(work, None).begin, self._loop, self._hand_over)

    def in_hub(self, function: Callable[[], None]) -> None:
        """Run a function in a greenlet of the hub; called in the loop's thread."""
        self._hand_over(lambda: _spawn(function))

    def close(self) -> None:
        """Cancel what still runs in the loop, and end it."""
        self.start(self._wind_up)
        self._running.wait()
        self._pool.kill()
        self._watcher.close()
        self._loop.close()

    async def _wind_up(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_WIND_UP_SECONDS)
        self._loop.stop()

    def _begin(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        task = self._loop.create_task(work())
        self._posted.add(task)
        task.add_done_callback(self._posted.discard)

    def _report(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Log what went wrong in a task that nobody waits for."""
        error = context.get("exception")
        message = str(context.get("message"))
        self.in_hub(lambda: _log.error("unexpected in the event loop", message=message, error=repr(error)))

    def _abandon(self, call: _Call[Any]) -> None:
        call.abandoned = True
        if call.result.successful():
            call.give_up()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call.cancel)

    def _hand_over(self, finished: Callable[[], None]) -> None:
        """Called in the loop's thread."""
        self._finished.append(finished)
        self._watcher.send()

    def _deliver(self) -> None:
        """Called in the hub's thread; one signal may stand for several results."""
        while self._finished:
            self._finished.popleft()()


def _spawn(function: Callable[[], None]) -> None:
    gevent.spawn(function)


class _Call(Generic[T]):
    """A coroutine under way, and the greenlet's end of it."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, T]], undo: Callable[[T], None] | None) -> None:
        self.result: AsyncResult[T] = AsyncResult()
        self.abandoned = False
        self._work = work
        self._undo = undo
        self._task: asyncio.Task[T] | None = None

    def begin(self, loop: asyncio.AbstractEventLoop, hand_over: Callable[[Callable[[], None]], None]) -> None:
        """Start the coroutine; in the loop's thread."""
        self._task = loop.create_task(self._work())
        self._task.add_done_callback(lambda task: hand_over(lambda: self._finish(task)))

    def cancel(self) -> None:
        """Stop the coroutine; in the loop's thread."""
        if self._task is not None:
            self._task.cancel()

    def give_up(self) -> None:
        """Nobody takes the result any more."""
        if self._undo is not None and self.result.value is not None:
            self._undo(self.result.value)

    def _finish(self, task: asyncio.Task[T]) -> None:
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is not None:
            self.result.set_exception(error)
            return
        self.result.set(task.result())
        if self.abandoned:
            _spawn(self.give_up)  # the hub itself must not wait


class _Loop(asyncio.SelectorEventLoop):
    """Resolves names in its own thread: the standard loop's executor would start greenlets that never get a turn."""

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
