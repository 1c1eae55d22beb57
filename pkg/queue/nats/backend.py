"""Queues in NATS JetStream: one stream with work-queue retention, one shared durable pull consumer for each queue."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import structlog
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from pikoci.pkg.queue.backend import (
    Backend,
    Capabilities,
    Depth,
    QueueClosedError,
    QueueUnavailableError,
    Subscription,
    check_bodies,
)
from pikoci.pkg.queue.nats.address import read_address
from pikoci.pkg.queue.nats.connection import NatsConnection
from pikoci.pkg.queue.nats.consuming import NatsSubscription
from pikoci.pkg.queue.nats.loop_thread import LoopThread
from pikoci.pkg.queue.nats.provisioning import Layout
from pikoci.pkg.queue.opening import QueueSettings

_log = structlog.get_logger(__name__)
T = TypeVar("T")
_MARGIN = 2.0  # the loop's own deadlines come first; this one is for a loop that does not answer at all
_CLOSE_SECONDS = 3.0


class NatsBackend(Backend):
    """Connects at the first call, from an event loop in a thread of its own.

    Raises QueueConfigurationError for an address or a file that can't be right.
    """

    capabilities = Capabilities(crosses_processes=True, survives_restart=True, knows_depth=True)

    def __init__(self, settings: QueueSettings) -> None:
        self.layout = Layout(settings.prefix, settings.redelivery)
        self.connection = NatsConnection(read_address(settings), self.layout.ensure_stream, self._report)
        self._timeout = settings.publish_timeout
        self._loop: LoopThread | None = None
        self._subscriptions: set[NatsSubscription] = set()
        self._closed = False

    def publish(self, queue: str, *bodies: bytes) -> None:
        """See `Backend.publish`."""
        check_bodies(bodies)
        subject = self.layout.subject(queue)

        async def publish(jetstream: JetStreamContext) -> None:
            send = partial(jetstream.publish, subject, timeout=self._timeout, stream=self.layout.stream)
            await asyncio.gather(*(send(body) for body in bodies))

        self._with_connection(publish)

    def subscribe(self, queues: Sequence[str]) -> Subscription:
        """See `Backend.subscribe`."""
        self._check_open()
        for queue in queues:
            self.layout.subject(queue)
        subscription = NatsSubscription(self, queues)
        self._subscriptions.add(subscription)
        return subscription

    def depth(self, queue: str) -> Depth:
        """See `Backend.depth`. What was rejected with a delay counts as held."""
        subject, consumer, stream = self.layout.subject(queue), self.layout.consumer(queue), self.layout.stream

        async def depth(jetstream: JetStreamContext) -> Depth:
            try:
                info = await jetstream.consumer_info(stream, consumer)
            except NotFoundError:
                state = (await jetstream.stream_info(stream, subjects_filter=subject)).state
                waiting, held, next_sequence = (state.subjects or {}).get(subject, 0), 0, 1
            else:
                # Not what the stream holds: after a crash that can be a message that the consumer takes for done.
                waiting, held = info.num_pending or 0, info.num_ack_pending or 0
                next_sequence = info.delivered.stream_seq + 1 if info.delivered else 1
            return Depth(waiting, held, await _age(jetstream, stream, subject, next_sequence) if waiting else None)

        return self._with_connection(depth)

    def check_health(self) -> None:
        """See `Backend.check_health`."""

        async def look(jetstream: JetStreamContext) -> None:
            await jetstream.stream_info(self.layout.stream)

        self._with_connection(look)

    def close(self) -> None:
        """See `Backend.close`."""
        self._closed = True
        loop, self._loop = self._loop, None
        if loop is not None:
            with contextlib.suppress(TimeoutError):
                loop.call(self._shut, _CLOSE_SECONDS + _MARGIN)
            loop.close()

    def call(
        self, work: Callable[[], Coroutine[Any, Any, T]], seconds: float, undo: Callable[[T], None] | None = None
    ) -> T:
        """Run a coroutine of a subscription or of the backend itself, for some seconds at most.

        Its result goes to `undo` where the calling greenlet was killed.
        """
        self._check_open()
        if self._loop is None:
            self._loop = LoopThread()
            self._loop.post(self.connection.run)
        try:
            return self._loop.call(work, seconds + _MARGIN, undo)
        except TimeoutError as error:
            raise self.connection.unavailable(error) from error
        except asyncio.CancelledError as error:
            raise QueueClosedError("the queue is closed") from error

    def post(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begin a coroutine that nobody waits for; does nothing once closed."""
        if self._loop is not None:
            self._loop.post(work)

    def forget(self, subscription: NatsSubscription) -> None:
        """Close a subscription."""
        self._subscriptions.discard(subscription)
        if self._loop is not None:
            with contextlib.suppress(QueueClosedError, QueueUnavailableError):
                self.call(subscription.shut, _CLOSE_SECONDS)

    def _with_connection(self, work: Callable[[JetStreamContext], Coroutine[Any, Any, T]]) -> T:
        async def run() -> T:
            async with self.connection.use(self._timeout) as jetstream:
                return await work(jetstream)

        return self.call(run, self._timeout)

    def _report(self, event: str, error: str | None) -> None:
        """Log, in the hub: the loop's thread must not."""
        log = partial(_log.info, event, broker=self.connection.name)
        if error is not None:
            log = partial(_log.warning, event, broker=self.connection.name, error=error)
        if self._loop is not None:
            self._loop.in_hub(log)

    async def _shut(self) -> None:
        await asyncio.gather(*(subscription.shut() for subscription in list(self._subscriptions)))
        await self.connection.close()

    def _check_open(self) -> None:
        if self._closed:
            raise QueueClosedError("the queue is closed")


async def _age(jetstream: JetStreamContext, stream: str, subject: str, sequence: int) -> float | None:
    """How many seconds ago the first message from a sequence number on was published."""
    try:
        message = await jetstream.get_msg(stream, seq=sequence, subject=subject, next=True)
    except NotFoundError:
        return None
    return max(0.0, (datetime.now(UTC) - message.time).total_seconds()) if message.time is not None else None
