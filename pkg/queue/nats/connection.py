"""One connection to NATS, made again for ever; lives in the event loop's thread."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import nats
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NoStreamResponseError, NotFoundError

from pikoci.pkg.queue.backend import QueueConfigurationError, QueueUnavailableError
from pikoci.pkg.queue.backoff import Backoff
from pikoci.pkg.queue.reasons import explain

_CONNECT_SECONDS = 5.0
_PING_SECONDS = 5
_LOOK_SECONDS = 0.5

#: What the client library raises when the broker is away, slow, or refuses.
NATS_ERRORS = (nats.errors.Error, OSError, EOFError, TimeoutError)
#: What a connection ends with that the server has refused, beside its word.
_ENDS = (BrokenPipeError, ConnectionResetError, ConnectionAbortedError, EOFError, nats.errors.UnexpectedEOF)
_LOGIN = "check QUEUE_USER and QUEUE_PASSWORD, the login in NATS_SERVER_URL, or NATS_CREDS"
_HINTS = {"authorization": _LOGIN, "authentication": _LOGIN}
#: What says that somebody removed what was prepared.
_REMOVED = (NotFoundError, NoStreamResponseError)


class NatsConnection:
    """Connects, prepares the broker, and starts over with growing, random pauses when the connection is lost.

    `options` are those of the client's `connect`; `name` tells people where the broker is, without a password. `report`
    takes an event for the log and an error.
    """

    def __init__(
        self,
        name: str,
        options: Mapping[str, Any],
        prepare: Callable[[JetStreamContext], Awaitable[None]],
        report: Callable[[str, str | None], None],
    ) -> None:
        self.name = name
        self.lost: list[Callable[[], None]] = []
        self._options = options
        self._prepare = prepare
        self._report = report
        self._jetstream: JetStreamContext | None = None
        self._client: Client | None = None
        self._trouble: Exception | None = None
        self._prepared = False
        self._settled = asyncio.Event()  # connected, or known to wait in vain
        self._scopes: set[asyncio.Timeout] = set()
        self._closed = False

    @asynccontextmanager
    async def use(self, seconds: float) -> AsyncIterator[JetStreamContext]:
        """Wait for the connection and lend it, all within some seconds. The block is cut off when it is lost.

        Raises QueueUnavailableError for anything that goes wrong with the broker.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        jetstream = await self._ready(seconds)
        scope = asyncio.timeout_at(deadline)
        try:
            async with scope:
                self._scopes.add(scope)
                if not self._prepared:
                    await self._prepare(jetstream)
                    self._prepared = True
                yield jetstream
        except NATS_ERRORS as error:
            if isinstance(error, _REMOVED):
                self._prepared = False
            raise self.unavailable(self._trouble if self._jetstream is None else error) from error
        finally:
            self._scopes.discard(scope)

    async def post(self, subject: str, word: bytes) -> None:
        """Send a message that nobody waits for; one that finds no connection is lost."""
        if self._client is not None:
            with contextlib.suppress(*NATS_ERRORS):
                await self._client.publish(subject, word)

    async def run(self) -> None:
        """Keep connected until closed."""
        backoff = Backoff()
        while not self._closed:
            ended = asyncio.Event()
            client = Client()
            try:
                await self._connect(client, ended)
            except (*NATS_ERRORS, QueueConfigurationError) as error:
                self._note(error)
                await _close(client)
            else:
                backoff.reset()
                await _until_closed(client, ended)
                self._lose()
                await _close(client)
            if not self._closed:
                await asyncio.sleep(backoff.pause())

    async def close(self) -> None:
        """End the connection and `run`."""
        self._closed = True
        if self._client is not None:
            await _close(self._client)

    def unavailable(self, reason: object) -> QueueUnavailableError:
        """The error that says what is wrong."""
        return QueueUnavailableError(f"NATS at {self.name} is away: {_reason(reason)}")

    async def _ready(self, seconds: float) -> JetStreamContext:
        if self._jetstream is None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._settled.wait(), seconds)
        if self._jetstream is not None:
            return self._jetstream
        if isinstance(self._trouble, QueueConfigurationError):
            raise QueueConfigurationError(str(self._trouble))
        raise self.unavailable(self._trouble)

    async def _connect(self, client: Client, ended: asyncio.Event) -> None:
        async def on_error(error: Exception) -> None:
            self._trouble = self._more_telling(error)

        async def on_end() -> None:
            ended.set()

        await asyncio.wait_for(
            client.connect(
                **self._options,
                allow_reconnect=False,
                connect_timeout=int(_CONNECT_SECONDS),
                ping_interval=_PING_SECONDS,
                error_cb=on_error,
                closed_cb=on_end,
            ),
            2 * _CONNECT_SECONDS,
        )
        jetstream = client.jetstream(timeout=_CONNECT_SECONDS)
        await asyncio.wait_for(self._prepare(jetstream), 2 * _CONNECT_SECONDS)
        self._prepared = True
        self._client, self._jetstream = client, jetstream
        self._trouble = None
        self._settled.set()
        self._report("connected to NATS", None)

    def _lose(self) -> None:
        self._client = self._jetstream = None
        self._settled.clear()
        now = asyncio.get_running_loop().time()
        for scope in self._scopes:
            if not scope.expired():
                scope.reschedule(now)
        for callback in self.lost:
            callback()
        if not self._closed:
            self._note(self._trouble or ConnectionError("the connection was closed"))

    def _note(self, error: Exception) -> None:
        """Remember why there is no connection; the same reason is reported once."""
        error = self._more_telling(error)
        if not self._closed and str(error) != str(self._trouble):
            self._report("NATS is away", _reason(error))
        self._trouble = error
        if isinstance(error, QueueConfigurationError):
            self._settled.set()
        else:
            self._settled.clear()

    def _more_telling(self, error: Exception) -> Exception:
        """The error, unless it is no more than the end of a connection that was refused before."""
        refused = self._trouble if "; check " in _reason(self._trouble) else None
        return refused if refused is not None and isinstance(error, _ENDS) else error


async def _until_closed(client: Client, told: asyncio.Event) -> None:
    """Wait for the end of a connection. The client calls back, but not when what closes it is cut off in the midst."""
    while not client.is_closed and not told.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(told.wait(), _LOOK_SECONDS)


async def _close(client: Client) -> None:
    """Close a connection, with patience for what is still to be sent."""
    with contextlib.suppress(*NATS_ERRORS):
        await asyncio.wait_for(client.close(), 2.0)


def _reason(error: object) -> str:
    if error is None:
        return "it has not answered yet"
    return explain(error, _HINTS)
