"""A consumer of queues in JetStream: it fetches one message at a time, and hands back what comes too late."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from nats.aio.msg import Msg
from nats.js import JetStreamContext

from pikoci.pkg.queue.backend import Delivery, QueueClosedError, Subscription
from pikoci.pkg.queue.nats.connection import NATS_ERRORS

if TYPE_CHECKING:
    from pikoci.pkg.queue.nats.backend import NatsBackend

Answer = Callable[[], Awaitable[None]]
_LEAST_WAIT = 0.05  # a receive that does not wait still waits for the server's answer …
_PATIENCE = 3.0  # … and for the connection
_LONGEST_FETCH = 10.0
_LINGER = 0.1  # what comes between two receives is kept for the second, if that follows soon
#: The server says nothing when somebody removes a consumer. So one that brings nothing is looked after.
_LOOK_SECONDS = 15.0


class NatsDelivery(Delivery):
    """A message, until it is answered: then it is no longer among those that are held."""

    def __init__(self, queue: str, message: Msg, held: set[NatsDelivery], backend: NatsBackend) -> None:
        self.queue = queue
        self.body = message.data
        self.message = message
        self._held = held
        self._backend = backend
        held.add(self)

    def acknowledge(self) -> None:
        """See `Delivery.acknowledge`."""
        self._answer(self.message.ack)

    def reject(self, delay: float = 0.0) -> None:
        """See `Delivery.reject`."""
        self._answer(partial(self.message.nak, max(0.0, delay)))

    def _answer(self, answer: Answer) -> None:
        if self in self._held:
            self._held.discard(self)
            self._backend.post(partial(_quietly, answer))


class NatsSubscription(Subscription):
    """All but the methods of `Subscription` runs in the event loop's thread."""

    def __init__(self, backend: NatsBackend, queues: Sequence[str]) -> None:
        self._backend = backend
        self._queues = queues
        self._held: set[NatsDelivery] = set()
        self._pulls: list[_Pull] = []  # the one that brought something last comes last
        self._jetstream: JetStreamContext | None = None
        self._heard = 0.0
        self._receiving: asyncio.Task[object] | None = None
        self._lingering: asyncio.TimerHandle | None = None
        self._closed = False

    def receive(self, timeout: float) -> Delivery | None:
        """See `Subscription.receive`."""
        if self._closed:
            raise QueueClosedError("the subscription is closed")
        seconds = max(timeout, _LEAST_WAIT)
        return self._backend.call(lambda: self._receive(seconds), seconds + _PATIENCE, _reject)

    def close(self) -> None:
        """See `Subscription.close`."""
        if not self._closed:
            self._closed = True
            self._backend.forget(self)

    async def shut(self) -> None:
        """End a waiting call, and hand back what is held. What was asked for is handed back when it comes."""
        self._closed = True
        if self._receiving is not None:
            self._receiving.cancel()
        unwanted = [delivery.message for delivery in list(self._held)]
        unwanted += [message for pull in self._pulls if (message := pull.relent()) is not None]
        self._held.clear()
        for message in unwanted:
            await _quietly(message.nak)
        for pull in self._pulls:
            self._backend.post(pull.leave)

    async def _receive(self, seconds: float) -> NatsDelivery | None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        self._receiving = receiving = asyncio.current_task()
        if self._lingering is not None:
            self._lingering.cancel()
        try:
            async with self._backend.connection.use(seconds + _PATIENCE) as jetstream:
                await self._listen(jetstream)
                while not self._closed:
                    delivery = await self._next(max(deadline - loop.time(), _LEAST_WAIT))
                    if delivery is not None or loop.time() >= deadline:
                        return delivery
        finally:
            if self._receiving is receiving:  # else the greenlet was killed, and the next call is under way already
                self._receiving = None
                self._lingering = loop.call_later(_LINGER, self._relent)
        raise QueueClosedError("the subscription is closed")

    async def _listen(self, jetstream: JetStreamContext) -> None:
        """Be ready to ask, also on a new connection."""
        now = asyncio.get_running_loop().time()
        if jetstream is self._jetstream and now - self._heard < _LOOK_SECONDS:
            return
        layout = self._backend.layout
        for queue in self._queues:
            await layout.ensure_consumer(jetstream, queue)
        if jetstream is not self._jetstream:
            self._relent()
            self._pulls = [
                _Pull(queue, await jetstream.pull_subscribe_bind(layout.consumer(queue), layout.stream), self._backend)
                for queue in self._queues
            ]
            self._jetstream = jetstream
        self._heard = now

    async def _next(self, seconds: float) -> NatsDelivery | None:
        """The first message that comes of any queue."""
        fetching = [pull.ask(seconds) for pull in self._pulls]
        await asyncio.wait(fetching, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for pull in self._pulls:
            if (message := pull.take()) is not None:
                self._pulls.remove(pull)
                self._pulls.append(pull)
                self._heard = asyncio.get_running_loop().time()
                return NatsDelivery(pull.queue, message, self._held, self._backend)
        return None

    def _relent(self) -> None:
        """Leave messages to others, also those that were asked for already."""
        for pull in self._pulls:
            if (message := pull.relent()) is not None:
                self._backend.post(partial(_quietly, message.nak))


class _Pull:
    """What is asked of one queue's consumer: one fetch at a time, never cut off, for its message would be lost."""

    def __init__(self, queue: str, bound: JetStreamContext.PullSubscription, backend: NatsBackend) -> None:
        self.queue = queue
        self._bound = bound
        self._backend = backend
        self._fetching: asyncio.Task[list[Msg]] | None = None
        self._is_wanted = False

    def ask(self, seconds: float) -> asyncio.Task[list[Msg]]:
        """Fetch a message, unless that is under way."""
        self._is_wanted = True
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._bound.fetch(1, min(seconds, _LONGEST_FETCH)))
            self._fetching.add_done_callback(self._end)
        return self._fetching

    def take(self) -> Msg | None:
        """What was fetched, if anything was by now. Raises what went wrong."""
        if self._fetching is None or not self._fetching.done():
            return None
        fetched, self._fetching = self._fetching, None
        with contextlib.suppress(TimeoutError):
            return fetched.result()[0]
        return None

    def relent(self) -> Msg | None:
        """What was fetched, for others. What will be is handed back when it comes, unless somebody asks again."""
        self._is_wanted = False
        with contextlib.suppress(asyncio.CancelledError, *NATS_ERRORS):
            return self.take()
        return None

    async def leave(self) -> None:
        """Stop listening, once what is under way has come."""
        if self._fetching is not None:
            await asyncio.wait([self._fetching])
        await _quietly(self._bound.unsubscribe)

    def _end(self, _: object) -> None:
        if not self._is_wanted and (message := self.relent()) is not None:
            self._backend.post(partial(_quietly, message.nak))


async def _quietly(answer: Answer) -> None:
    """Send an answer. A message whose answer finds no connection comes again by itself."""
    with contextlib.suppress(*NATS_ERRORS):
        await answer()


def _reject(delivery: Delivery | None) -> None:
    if delivery is not None:
        delivery.reject()
