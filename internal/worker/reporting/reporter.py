"""The ordered event stream of one claim, as a build writes it."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Protocol

import gevent
import structlog

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.events import BuildEvent
from pikoci.internal.domain.gateway import Gateway
from pikoci.internal.worker.backoff import Backoff
from pikoci.internal.worker.reporting.spool import SpoolFile
from pikoci.internal.worker.reporting.stream import ReportLimits, Stream
from pikoci.internal.worker.tools.log_ids import LogIds

_log = structlog.get_logger(__name__)
_PATIENCE_SLICE = 0.1
_NO_IDS: LogIds = MappingProxyType({})


class EventSink(Protocol):
    """Where the events of a plan go, and what its steps print."""

    def emit(self, event: BuildEvent) -> None:
        """Add an event."""

    def log(self, step: str, data: bytes) -> None:
        """Add output of a step."""


class Reporter:
    """Numbers, buffers and delivers the events of one claim, in order.

    Nothing is sent before `flush_interval` passed, `flush_bytes` came together, or the stream ends: a short build is
    one report. While the server is away all goes to the spool, and when the disk is full too, `log` blocks.
    `on_refused` is called once, when the server will never take this stream: the claim is lost. `ids` are what log
    lines call the build.
    """

    def __init__(
        self,
        gateway: Gateway,
        spool: SpoolFile,
        clock: Clock,
        backoff: Backoff,
        on_refused: Callable[[], None],
        limits: ReportLimits,
        ids: LogIds = _NO_IDS,
    ) -> None:
        self.spool = spool
        self._clock = clock
        self._limits = limits
        self._stream = Stream(gateway, spool, clock, backoff, on_refused, limits, ids)
        self._hurried = False
        self._dropped = 0
        self._sender: gevent.Greenlet[[], None] | None = None

    def emit(self, event: BuildEvent) -> None:
        """Add an event; never blocks."""
        if not self._stream.ended:
            self._added(self._stream.outbox.add(event))

    def log(self, step: str, data: bytes) -> None:
        """Add output of a step (empty: of the build). Blocks while too much is undelivered, until `hurry`."""
        if not data or self._stream.ended:
            return
        if self._is_full():
            self._wait_for_space()
            if self._is_full() and self._hurried:
                self._dropped += len(data)
                return
        self._added(self._stream.outbox.add_log(step, data))

    def hurry(self) -> None:
        """Never block again: from now on output is dropped, with a notice, when there is no room for it."""
        self._hurried = True
        self._stream.space.set()

    def discard(self) -> None:
        """Forget all that was not delivered: the claim is somebody else's."""
        self._stream.discard()

    def finish(self, last: BuildEvent, patience: Callable[[], float]) -> bool:
        """End the stream with `last`; True when the server has all of it or refused it.

        After `patience()` seconds without that, which may change meanwhile, everything is safely in the spool, and
        False is returned: somebody else must ship the spool. While the disk does not take it either, this waits for
        one of the two; after `hurry` it gives up, logs that and returns True.
        """
        stream = self._stream
        if self._dropped:
            notice = f"\n… {self._dropped} bytes left out: the server was away and the worker's disk full …\n"
            stream.outbox.add_log("", notice.encode())
        self.emit(last)
        stream.closing = True
        stream.wake.set()
        self._wait_for_delivery(patience)
        while not stream.ended:
            if stream.spill():
                stream.end()  # first, as the next lines wait: the sender must not remove what is handed over
                stream.sync()  # the last: who takes the spool over may do so after a crash of the machine
                self.spool.close()
                return False
            if self._hurried:
                _log.error("events lost: no server, no disk", **stream.ids)
                stream.discard()
            else:
                gevent.sleep(_PATIENCE_SLICE)
        return True

    def _wait_for_delivery(self, patience: Callable[[], float]) -> None:
        began = self._clock.monotonic()
        sender = self._sender
        while sender is not None and not sender.dead and self._clock.monotonic() - began < patience():
            sender.join(timeout=min(_PATIENCE_SLICE, patience()))

    def _added(self, first: bool) -> None:
        """Wake the sender for the first event, from which its pause counts, and for enough of them."""
        if first and self._sender is None:
            self._sender = gevent.spawn(self._stream.run)
        if first or self._stream.outbox.waiting >= self._limits.flush_bytes:
            self._stream.wake.set()

    def _is_full(self) -> bool:
        return self._stream.outbox.size >= self._limits.buffer_limit

    def _wait_for_space(self) -> None:
        while self._is_full() and not self._hurried and not self._stream.mode.make_room():
            self._stream.space.clear()
            self._stream.space.wait()
