"""One connection to NATS, made again for ever; lives in the event loop's thread."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import nats
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.errors import NoStreamResponseError, NotFoundError

from pikoci.pkg.queue.backend import QueueConfigurationError, QueueUnavailableError
from pikoci.pkg.queue.backoff import Backoff
from pikoci.pkg.queue.nats.address import NatsAddress
from pikoci.pkg.queue.nats.loop_thread import hang_up
from pikoci.pkg.queue.reasons import explain

_CONNECT_SECONDS = 5.0
_PING_SECONDS = 5
_LOOK_SECONDS = 0.2
_CLOSE_SECONDS = 2.0

#: What the client library raises when the broker is away, slow, or refuses.
NATS_ERRORS = (nats.errors.Error, OSError, EOFError, TimeoutError)
#: What a connection ends with that the server has refused, beside its word.
_ENDS = (BrokenPipeError, ConnectionResetError, ConnectionAbortedError, EOFError, nats.errors.UnexpectedEOF)
#: What says that somebody removed what was prepared.
_REMOVED = (NotFoundError, NoStreamResponseError)
_LOGIN = "check QUEUE_USER and QUEUE_PASSWORD, the login in NATS_SERVER_URL, or NATS_CREDS"
_HINTS = {"authorization": _LOGIN, "authentication": _LOGIN}


class NatsConnection:
    """Connects, prepares the broker, and starts over with growing pauses when the connection is lost.

    `report` takes an event for the log, and an error.
    """

    def __init__(
        self,
        address: NatsAddress,
        prepare: Callable[[JetStreamContext], Awaitable[None]],
        report: Callable[[str, str | None], None],
    ) -> None:
        self.name = address.name
        self._options = address.options
        self._prepare = prepare
        self._report = report
        self._client: Client | None = None
        self._jetstream: JetStreamContext | None = None
        self._trouble: Exception | None = None
        self._settled = asyncio.Event()  # connected, or known to wait in vain
        self._scopes: set[asyncio.Timeout] = set()
        self._closed = False

    @asynccontextmanager
    async def use(self, seconds: float) -> AsyncIterator[JetStreamContext]:
        """Wait for the connection and lend it, all within some seconds. The block is cut off when it is lost.

        Raises QueueUnavailableError for anything that goes wrong with the broker.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        if self._client is not None and self._client.is_closed:
            self._lose()  # `run` looks only now and then
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                await self._settled.wait()
        jetstream = self._jetstream
        if jetstream is None:
            if isinstance(self._trouble, QueueConfigurationError):
                raise QueueConfigurationError(str(self._trouble))
            raise self.unavailable(self._trouble)
        scope = asyncio.timeout_at(deadline)
        try:
            async with scope:
                self._scopes.add(scope)
                yield jetstream
        except NATS_ERRORS as error:
            if isinstance(error, _REMOVED) and self._client is not None:
                await _close(self._client)  # what was removed is made again with the connection
            raise self.unavailable(self._trouble if self._jetstream is None else error) from error
        finally:
            self._scopes.discard(scope)

    async def run(self) -> None:
        """Keep connected until closed."""
        backoff = Backoff()
        while not self._closed:
            client = Client()
            try:
                await self._connect(client)
            except (*NATS_ERRORS, QueueConfigurationError) as error:
                self._note(error)
            else:
                backoff.reset()
                while not client.is_closed:  # noqa: ASYNC110 - it calls back, but not when its closing is cut off
                    await asyncio.sleep(_LOOK_SECONDS)
                if self._client is client:
                    self._lose()
            await _close(client)
            await hang_up()  # a client whose closing fails, or is cut off, leaves its connection open
            if not self._closed:
                await asyncio.sleep(backoff.pause())

    async def close(self) -> None:
        """End the connection and `run`."""
        self._closed = True
        if self._client is not None:
            await _close(self._client)

    def unavailable(self, reason: Exception | None) -> QueueUnavailableError:
        """The error that says what is wrong."""
        return QueueUnavailableError(f"NATS at {self.name} is away: {_explain(reason or 'it has not answered yet')}")

    async def _connect(self, client: Client) -> None:
        async def on_error(error: Exception) -> None:
            self._trouble = self._more_telling(error)

        async with asyncio.timeout(4 * _CONNECT_SECONDS):
            await client.connect(
                **self._options,
                allow_reconnect=False,
                connect_timeout=int(_CONNECT_SECONDS),
                ping_interval=_PING_SECONDS,
                error_cb=on_error,
            )
            jetstream = client.jetstream(timeout=_CONNECT_SECONDS)
            await self._prepare(jetstream)
        self._client, self._jetstream, self._trouble = client, jetstream, None
        self._settled.set()
        self._report("connected to NATS", None)

    def _lose(self) -> None:
        self._client = self._jetstream = None
        now = asyncio.get_running_loop().time()
        for scope in self._scopes:
            if not scope.expired():
                scope.reschedule(now)
        trouble, self._trouble = self._trouble, None
        self._note(trouble or ConnectionError("the connection was closed"))

    def _note(self, error: Exception) -> None:
        """Remember why there is no connection; the same reason is reported once."""
        error = self._more_telling(error)
        if not self._closed and str(error) != str(self._trouble):
            self._report("NATS is away", _explain(error))
        self._trouble = error
        if isinstance(error, QueueConfigurationError):
            self._settled.set()
        else:
            self._settled.clear()

    def _more_telling(self, error: Exception) -> Exception:
        """The error, unless it is no more than the end of a connection that was refused before."""
        is_refused = self._trouble is not None and _LOGIN in _explain(self._trouble)
        return self._trouble if self._trouble is not None and is_refused and isinstance(error, _ENDS) else error


async def _close(client: Client) -> None:
    """Close a connection, with patience for what is still to be sent."""
    with contextlib.suppress(*NATS_ERRORS):
        await asyncio.wait_for(client.close(), _CLOSE_SECONDS)


def _explain(reason: object) -> str:
    return explain(reason, _HINTS)
