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
_HINTS = {
    "ACCESS_REFUSED - Login": "check RABBIT_SERVER_URL, or QUEUE_USER and QUEUE_PASSWORD",
    "NOT_ALLOWED": "check the virtual host, which ends RABBIT_SERVER_URL",
}


class RabbitChannel:
    """Opened when made. `on_loss` is called once, in the hub, when it is no more, for whatever reason.

    `raw` is the library's channel; none of its methods blocks.
    """

    def __init__(self, connection: Connection, broker: str, on_loss: Callable[[], None] | None = None) -> None:
        self.error: QueueError | None = None
        self.closed_by: Exception | None = None
        self.is_closing = False
        self._broker = broker
        self._on_loss = on_loss
        self._opened: AsyncResult[Any] = AsyncResult()
        self._awaited: set[AsyncResult[Any]] = {self._opened}
        self._ended = Event()
        self.raw = connection.channel(on_open_callback=self._opened.set)
        self.raw.add_on_close_callback(self._end)

    def wait_open(self, deadline: float) -> None:
        """Return when the channel is open; `deadline` is by the monotonic clock, as all of them."""
        self.wait([self._opened], deadline)

    def send(self, method: Callable[..., object], /, *arguments: Any, **named: Any) -> None:
        """Call a method of `raw` whose answer nobody waits for. Raises QueueUnavailableError if the channel is gone."""
        self.check()
        try:
            method(*arguments, **named)
        except AMQPError as error:
            raise unavailable(self._broker, error) from error

    def call(self, deadline: float, method: Callable[..., object], /, **arguments: Any) -> Any:
        """What the broker answers to a method of `raw`.

        Raises QueueUnavailableError, or QueueConfigurationError where waiting won't help.
        """
        answer = self.expect()
        try:
            self.send(method, **arguments, callback=answer.set)
            return self.wait([answer], deadline)[0]
        finally:
            self._awaited.discard(answer)

    def expect(self) -> AsyncResult[Any]:
        """A result that some callback will set; it fails when the channel is lost."""
        self.check()
        result: AsyncResult[Any] = AsyncResult()
        self._awaited.add(result)
        return result

    def wait(self, results: Sequence[AsyncResult[Any]], deadline: float) -> list[Any]:
        """What expected results turn out to be. Raises as `call` does."""
        try:
            for result in results:
                result.wait(max(0.0, deadline - time.monotonic()))
                if not result.ready():
                    raise unavailable(self._broker, "no answer in time")
        finally:
            self._awaited.difference_update(results)
        return [result.get() for result in results]

    def check(self) -> None:
        """Raise what became of the channel, if it is no longer open."""
        if self.error is not None:
            raise self.error.with_traceback(None)

    def close(self, seconds: float = 0.0) -> None:
        """Close the channel, and wait for the broker's word for at most some seconds."""
        self.is_closing = True
        with contextlib.suppress(AMQPError):
            self.raw.close()
            self._ended.wait(seconds)

    def _end(self, _: object, reason: Exception) -> None:
        self.closed_by = reason
        self.error = _explained(self._broker, reason)
        self._ended.set()
        for result in self._awaited:
            result.set_exception(self.error)
        if self._on_loss is not None:
            self._on_loss()


def unavailable(broker: str, reason: object) -> QueueUnavailableError:
    """The error that says what is wrong."""
    return QueueUnavailableError(f"RabbitMQ at {broker} is away: {explain(reason)}")


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


def _explained(broker: str, reason: Exception) -> QueueError:
    if isinstance(reason, ChannelClosedByBroker):
        text = reason.reply_text
        if reason.reply_code == _WRONG and "inequivalent arg" in text:
            return QueueConfigurationError(
                f"a queue in RabbitMQ at {broker} does not fit: {text}. "
                "Remove it (`rabbitmqctl delete_queue NAME`); it will be made anew. Or choose another QUEUE_PREFIX"
            )
        if reason.reply_code == _FORBIDDEN:
            return QueueConfigurationError(
                f"RabbitMQ at {broker} refuses: {text}. Give the user the permissions to configure, "
                "write and read (`rabbitmqctl set_permissions`)"
            )
    return unavailable(broker, reason)
