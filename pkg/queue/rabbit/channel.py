"""A channel that greenlets can wait on: what the client library tells by callback, it returns or raises."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from gevent.event import AsyncResult, Event
from pika.connection import Connection
from pika.exceptions import AMQPError, ChannelClosedByBroker

from pikoci.pkg.queue import reasons
from pikoci.pkg.queue.backend import QueueConfigurationError, QueueError, QueueUnavailableError

_WRONG = 406
_FORBIDDEN = 403
#: What to look at, by a word of the broker or of TLS.
_HINTS = {
    "ACCESS_REFUSED - Login": "check RABBIT_SERVER_URL, or QUEUE_USER and QUEUE_PASSWORD",
    "NOT_ALLOWED": "check the virtual host, which ends RABBIT_SERVER_URL",
}


class RabbitChannel:
    """Opened when made. `on_loss` is called once, in the hub, when it is no more, for whatever reason.

    `raw` is the library's channel, for calls that need no answer; none of them blocks.
    """

    def __init__(self, connection: Connection, broker: str, on_loss: Callable[[], None] | None = None) -> None:
        self.error: QueueError | None = None
        self.closed_by: Exception | None = None
        self._broker = broker
        self._on_loss = on_loss
        self._calls: set[AsyncResult[Any]] = set()
        self._opened: AsyncResult[Any] = AsyncResult()
        self._ended = Event()
        self._calls.add(self._opened)
        self.raw = connection.channel(on_open_callback=self._opened.set)
        self.raw.add_on_close_callback(self._end)

    def wait_open(self, deadline: float) -> None:
        """Return when the channel is open; `deadline` is by the monotonic clock, as all of them."""
        self.wait([self._opened], deadline)

    def call(self, deadline: float, method: Callable[..., object], /, **arguments: Any) -> Any:
        """What the broker answers to a method of the channel.

        Raises QueueUnavailableError, or QueueConfigurationError where waiting is vain.
        """
        answer: AsyncResult[Any] = AsyncResult()
        self.check()
        self._calls.add(answer)
        try:
            method(**arguments, callback=answer.set)
        except AMQPError as error:
            self._calls.discard(answer)
            raise self._unavailable(error) from error
        return self.wait([answer], deadline)[0]

    def expect(self) -> AsyncResult[Any]:
        """A result that some callback will set; it fails when the channel is lost."""
        result: AsyncResult[Any] = AsyncResult()
        self.check()
        self._calls.add(result)
        return result

    def wait(self, results: Sequence[AsyncResult[Any]], deadline: float) -> list[Any]:
        """What expected results turn out to be. Raises as `call` does."""
        try:
            for result in results:
                result.wait(max(0.0, deadline - time.monotonic()))
                if not result.ready():
                    raise self._unavailable("no answer in time")
        finally:
            self._calls.difference_update(results)
        return [result.get() for result in results]

    def check(self) -> None:
        """Raise what became of the channel, if it is no longer open."""
        if self.error is not None:
            raise self.error.with_traceback(None)

    def close(self, seconds: float = 0.0) -> None:
        """Close the channel, and wait for the broker's word for at most some seconds."""
        with contextlib.suppress(AMQPError):
            self.raw.close()
            self._ended.wait(seconds)

    def _end(self, _: object, reason: Exception) -> None:
        self.closed_by = reason
        self.error = self._explained(reason)
        self._ended.set()
        for call in self._calls:
            call.set_exception(self.error)
        if self._on_loss is not None:
            self._on_loss()

    def _explained(self, reason: Exception) -> QueueError:
        if isinstance(reason, ChannelClosedByBroker):
            text = reason.reply_text
            if reason.reply_code == _WRONG and "inequivalent arg" in text:
                return QueueConfigurationError(
                    f"a queue in RabbitMQ at {self._broker} does not fit: {text}. "
                    "Remove it (`rabbitmqctl delete_queue NAME`); it will be made anew. Or choose another QUEUE_PREFIX"
                )
            if reason.reply_code == _FORBIDDEN:
                return QueueConfigurationError(
                    f"RabbitMQ at {self._broker} refuses: {text}. Give the user the permissions to configure, "
                    "write and read (`rabbitmqctl set_permissions`)"
                )
        return self._unavailable(reason)

    def _unavailable(self, reason: object) -> QueueUnavailableError:
        return QueueUnavailableError(f"RabbitMQ at {self._broker} is away: {explain(reason)}")


def explain(reason: object) -> str:
    """Say in a line what the client library means, and which settings to look at.

    Its errors wrap one another, the first cause is innermost.
    """
    while isinstance(reason, BaseException):
        inner = getattr(reason, "exceptions", None) or getattr(reason, "exception", None)
        inner = inner[-1] if isinstance(inner, (list, tuple)) else inner
        inner = inner or next((each for each in reason.args if isinstance(each, BaseException)), None)
        if inner is None:
            break
        reason = inner
    return reasons.explain(getattr(reason, "reply_text", None) or reason, _HINTS)
