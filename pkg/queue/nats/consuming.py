"""A consumer of queues in JetStream: it asks for one message at a time, and hands back what comes too late."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as Inbox
from nats.js import JetStreamContext

from pikoci.pkg.queue.backend import Delivery, QueueClosedError, Subscription
from pikoci.pkg.queue.nats.connection import NATS_ERRORS

if TYPE_CHECKING:
    from pikoci.pkg.queue.nats.backend import NatsBackend

_NANOSECONDS = 1_000_000_000
_CONNECT_PATIENCE = 1.0  # a receive that does not wait still waits for the connection
_GRACE = 1.0  # for the server's word that a request has run out
_LONGEST_PULL = 10.0
_NOTHING_THERE = {"404", "408"}


class NatsDelivery(Delivery):
    """A message with the subject where its answers go."""

    def __init__(self, queue: str, message: Msg, held: set[NatsDelivery], backend: NatsBackend) -> None:
        self.queue = queue
        self.body = message.data
        self.answers = message.reply
        self._held = held
        self._backend = backend

    def acknowledge(self) -> None:
        """See `Delivery.acknowledge`."""
        self._answer(b"+ACK")

    def reject(self, delay: float = 0.0) -> None:
        """See `Delivery.reject`."""
        self._answer(_nak(delay))

    def _answer(self, word: bytes) -> None:
        if self in self._held:
            self._held.discard(self)
            self._backend.answer(self.answers, word)


class NatsSubscription(Subscription):
    """All but the methods of `Subscription` runs in the event loop's thread."""

    def __init__(self, backend: NatsBackend, queues: Sequence[str]) -> None:
        self.held: set[NatsDelivery] = set()
        self._backend = backend
        self._requests = deque(_Request(queue, backend) for queue in queues)
        self._client: Client | None = None
        self._inboxes: list[Inbox] = []
        self._asked: list[_Request] = []
        self._waiting: asyncio.Future[NatsDelivery | None] | None = None
        self._stale = False
        self._closed = False

    def receive(self, timeout: float) -> Delivery | None:
        """See `Subscription.receive`."""
        self._check_open()
        seconds = max(timeout, _CONNECT_PATIENCE) + 2 * _GRACE
        return self._backend.call(lambda: self._receive(timeout, seconds), seconds, _reject)

    def close(self) -> None:
        """See `Subscription.close`."""
        if not self._closed:
            self._closed = True
            self._backend.forget(self)

    async def shut(self) -> None:
        """End the waiting call, hand back what is held, and what is still on its way here."""
        self._closed = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(QueueClosedError("the subscription is closed"))
        client = self._client
        held = list(self.held)
        self.held.clear()
        if client is None or client.is_closed:
            return
        with contextlib.suppress(*NATS_ERRORS):
            for delivery in held:
                await client.publish(delivery.answers, _nak(0))
            await self._leave()

    def lose(self) -> None:
        """The connection is gone, and all requests with it."""
        self._client = None
        self._inboxes = []
        for request in self._requests:
            request.number = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(self._backend.connection.unavailable("the connection was lost"))

    async def _receive(self, wait: float, seconds: float) -> NatsDelivery | None:
        deadline = asyncio.get_running_loop().time() + wait
        async with self._backend.connection.use(seconds) as jetstream:
            await self._listen(jetstream)
            self._requests.rotate(-1)  # so that a busy queue does not starve the others
            if len(self._requests) > 1 or wait <= 0:
                for request in self._requests:
                    if not request.is_under_way() and (delivery := await self._pull([request], 0.0)) is not None:
                        return delivery
            while (left := deadline - asyncio.get_running_loop().time()) > 0:
                if (delivery := await self._pull(list(self._requests), min(left, _LONGEST_PULL))) is not None:
                    return delivery
        return None

    async def _pull(self, requests: list[_Request], seconds: float) -> NatsDelivery | None:
        """Ask for a message; wait until one comes, or until the server has said that there is none."""
        assert self._client is not None
        self._check_open()
        waiting: asyncio.Future[NatsDelivery | None] = asyncio.get_running_loop().create_future()
        self._waiting = waiting
        self._asked = requests
        try:
            for request in requests:
                if not request.is_under_way():
                    await request.post(self._client, seconds)
            await asyncio.wait([waiting], timeout=seconds + _GRACE)
        except (asyncio.CancelledError, *NATS_ERRORS):
            await self._hand_back(waiting)
            raise
        finally:
            if self._waiting is waiting:  # else the greenlet was killed, and the next call is under way already
                self._waiting = None
        if waiting.done():
            return await waiting
        if any(request.is_unanswered() for request in requests):
            self._stale = True  # perhaps somebody removed the consumer: then the next call makes it again
            raise TimeoutError("the server does not answer")
        return None

    async def _hand_back(self, waiting: asyncio.Future[NatsDelivery | None]) -> None:
        """Return what came for a call that had ended already."""
        if not waiting.done() or waiting.cancelled() or waiting.exception() is not None:
            waiting.cancel()
            return
        delivery = waiting.result()
        if delivery is not None and self._client is not None:
            self.held.discard(delivery)
            with contextlib.suppress(*NATS_ERRORS):
                await self._client.publish(delivery.answers, _nak(0))

    async def _listen(self, jetstream: JetStreamContext) -> None:
        """Be ready for answers, also on a new connection."""
        client = jetstream._nc  # noqa: SLF001 - the context has no public way to its connection
        if self._client is client and self._inboxes and not self._stale:
            return
        if self._client is client:
            await self._leave()
        self._stale = False
        inboxes = []
        for request in self._requests:
            await self._backend.layout.ensure_consumer(jetstream, request.queue)
            request.inbox = client.new_inbox()
            inboxes.append(await client.subscribe(f"{request.inbox}.*", cb=partial(self._on_message, request)))
        self._client, self._inboxes = client, inboxes

    async def _leave(self) -> None:
        """Stop listening; what still comes is handed back."""
        inboxes, self._inboxes = self._inboxes, []
        for request in self._requests:
            request.number = None
        # Not cancelled when it takes longer: the answer to a cancelled ping ends nats-py's reader.
        draining = asyncio.gather(*(_drain(inbox) for inbox in inboxes))
        await asyncio.wait([draining], timeout=_GRACE)

    async def _on_message(self, request: _Request, message: Msg) -> None:
        if not message.reply:
            self._on_status(request, message)
            return
        request.number = None
        if self._closed or self._waiting is None or self._waiting.done():
            await message.nak()
            return
        delivery = NatsDelivery(request.queue, message, self.held, self._backend)
        self.held.add(delivery)
        self._waiting.set_result(delivery)

    def _on_status(self, request: _Request, message: Msg) -> None:
        if message.subject != f"{request.inbox}.{request.number}":
            return  # a word on an earlier request
        request.number = None
        status = (message.headers or {}).get("Status", "")
        self._stale = self._stale or status not in _NOTHING_THERE
        if self._waiting is None or self._waiting.done():
            return
        if status not in _NOTHING_THERE:
            reason = (message.headers or {}).get("Description") or f"status {status}"
            self._waiting.set_exception(self._backend.connection.unavailable(reason))
        elif all(request.number is None for request in self._asked):
            self._waiting.set_result(None)

    def _check_open(self) -> None:
        if self._closed:
            raise QueueClosedError("the subscription is closed")


class _Request:
    """What is asked of one queue's consumer: `number` names the request that is under way."""

    def __init__(self, queue: str, backend: NatsBackend) -> None:
        self.queue = queue
        self.inbox = ""
        self.number: int | None = None
        self.ends = 0.0
        layout = backend.layout
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{layout.stream}.{layout.consumer(queue)}"
        self._numbers = itertools.count(1)

    def is_under_way(self) -> bool:
        """Whether the server may still answer it."""
        return self.number is not None and not self.is_unanswered()

    def is_unanswered(self) -> bool:
        """Whether the server should have answered it by now."""
        return self.number is not None and self.ends + _GRACE / 2 < asyncio.get_running_loop().time()

    async def post(self, client: Client, seconds: float) -> None:
        """Ask for one message within some seconds; for 0, ask whether there is one."""
        wish = {"batch": 1, "expires": int(seconds * _NANOSECONDS)} if seconds else {"batch": 1, "no_wait": True}
        self.number = next(self._numbers)
        self.ends = asyncio.get_running_loop().time() + seconds
        await client.publish(self._subject, json.dumps(wish).encode(), reply=f"{self.inbox}.{self.number}")


def _reject(delivery: Delivery | None) -> None:
    if delivery is not None:
        delivery.reject()


async def _drain(inbox: Inbox) -> None:
    """End a subscription once all that was sent to it has been seen."""
    with contextlib.suppress(*NATS_ERRORS):
        await inbox.drain()  # type: ignore[no-untyped-call]  # the library has types almost everywhere


def _nak(delay: float) -> bytes:
    return b'-NAK {"delay": %d}' % int(delay * _NANOSECONDS) if delay > 0 else b"-NAK"
