"""The ordered event stream of one claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import gevent
import structlog
from gevent.event import Event

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.events import BuildEvent
from pikoci.internal.domain.gateway import Gateway
from pikoci.internal.worker.backoff import Backoff
from pikoci.internal.worker.reporting.buffer import EventBuffer
from pikoci.internal.worker.reporting.sending import Answer, event_size, send, send_spool
from pikoci.internal.worker.reporting.spool import SpoolFile

_log = structlog.get_logger(__name__)
_PATIENCE_SLICE = 0.1


@dataclass(frozen=True, slots=True)
class ReportLimits:
    """When to send, in seconds and bytes, and how much may wait in memory."""

    flush_interval: float = 0.2
    flush_bytes: int = 256 * 1024
    buffer_limit: int = 4 * 1024 * 1024


class Reporter:
    """Numbers, buffers and delivers the events of one claim, in order.

    Nothing is sent before `flush_interval` passed, `flush_bytes` came together, or the stream ends: a short build is
    one report. While the server is away all goes to the spool, and when the disk is full too, `log` blocks.
    `on_refused` is called once, when the server will never take this stream: the claim is lost.
    """

    def __init__(
        self,
        gateway: Gateway,
        spool: SpoolFile,
        clock: Clock,
        backoff: Backoff,
        on_refused: Callable[[], None],
        limits: ReportLimits,
        ids: Mapping[str, str | int] = MappingProxyType({}),
    ) -> None:
        self._gateway = gateway
        self.spool = spool
        self._clock = clock
        self._backoff = backoff
        self._on_refused = on_refused
        self._limits = limits
        self._log = _log.bind(**ids)
        self._buffer = EventBuffer()
        self._buffered_since = 0.0
        self._sending: list[BuildEvent] = []
        self._sending_size = 0
        self._next = 1  # the number of the first event of `_sending`, or of the buffer when nothing is being sent
        self._delivered = 0
        self._spooled = False
        self._closing = False
        self._ended = False  # nothing more is sent from here: all delivered, refused, or handed over
        self._hurried = False
        self._dropped = 0
        self._wake = Event()
        self._space = Event()
        self._sender: gevent.Greenlet[[], None] | None = None

    def emit(self, event: BuildEvent) -> None:
        """Add an event; never blocks."""
        if self._ended:
            return
        self._note_arrival()
        self._buffer.add(event)
        self._wake_if_due()

    def log(self, step: str, data: bytes) -> None:
        """Add output of a step (empty: of the build). Blocks while too much is undelivered, until `hurry`."""
        if not data or self._ended:
            return
        self._wait_for_space()
        if self._is_full() and self._hurried:
            self._dropped += len(data)
            return
        self._note_arrival()
        self._buffer.add_log(step, self._clock.now(), data)
        self._wake_if_due()

    def hurry(self) -> None:
        """Never block again: from now on output is dropped, with a notice, when there is no room for it."""
        self._hurried = True
        self._space.set()

    def discard(self) -> None:
        """Forget all that was not delivered: the claim is somebody else's."""
        self._ended = True
        self.spool.remove()
        self._space.set()
        self._wake.set()

    def finish(self, last: BuildEvent, patience: Callable[[], float]) -> bool:
        """End the stream with `last`; True when the server has all of it or refused it.

        After `patience()` seconds without that, which may change meanwhile, everything is safely in the spool, and
        False is returned: somebody else must ship the spool. While the disk does not take it either, this waits for
        one of the two; after `hurry` it gives up, logs that and returns True.
        """
        if self._dropped:
            notice = f"\n… {self._dropped} bytes left out: the server was away and the worker's disk full …\n"
            self._buffer.add_log("", self._clock.now(), notice.encode())
        self.emit(last)
        self._closing = True
        self._wake.set()
        self._wait_for_delivery(patience)
        while not self._ended:
            if self._spill():
                self._ended = True
                self._sync()
                self.spool.close()
                return False
            if self._hurried:
                self._log.error("events lost: no server, no disk")
                self.discard()
            else:
                gevent.sleep(_PATIENCE_SLICE)
        return True

    def _wait_for_delivery(self, patience: Callable[[], float]) -> None:
        began = self._clock.monotonic()
        sender = self._sender
        while sender is not None and not sender.dead and self._clock.monotonic() - began < patience():
            sender.join(timeout=min(_PATIENCE_SLICE, patience()))

    def _note_arrival(self) -> None:
        if not self._buffer:
            self._buffered_since = self._clock.monotonic()
            if self._sender is None:
                self._sender = gevent.spawn(self._run)
            self._wake.set()

    def _wake_if_due(self) -> None:
        if self._buffer.size >= self._limits.flush_bytes:
            self._wake.set()

    def _is_full(self) -> bool:
        return self._buffer.size + self._sending_size >= self._limits.buffer_limit

    def _wait_for_space(self) -> None:
        while self._is_full() and not self._hurried and not self._ended:
            if self._spooled and self._spill():
                return
            self._space.clear()
            self._space.wait()

    def _run(self) -> None:
        while not self._ended:
            if self._spooled:
                self._send_from_spool()
            elif self._sending or self._wait_until_due():
                self._send_from_memory()
            else:
                self._ended = True

    def _wait_until_due(self) -> bool:
        """Whether there is something to send; False at the end of the stream."""
        while not self._buffer:
            if self._closing or self._ended:
                return False
            self._pause(None)
        due = self._buffered_since + self._limits.flush_interval
        while not (self._closing or self._ended) and self._buffer.size < self._limits.flush_bytes:
            left = due - self._clock.monotonic()
            if left <= 0:
                break
            self._pause(left)
        return not self._ended

    def _pause(self, seconds: float | None) -> None:
        self._wake.wait(seconds)
        self._wake.clear()

    def _send_from_memory(self) -> None:
        if not self._sending:
            self._take()
        first, count = self._next, len(self._sending)
        outcome = send(self._gateway, self.spool.ref, first, self._sending, self._backoff, self._log)
        if outcome is Answer.TAKEN:
            self._delivered = first + count - 1
            if not self._spooled:
                self._forget_sending()
            self._backoff.reset()
        elif outcome is Answer.REFUSED:
            self._refuse()
        elif self._spill():
            self._sync()
        else:
            gevent.sleep(self._backoff.pause())

    def _send_from_spool(self) -> None:
        """Wait a while, keep what comes in meanwhile on disk, then try to deliver it all."""
        until = self._clock.monotonic() + self._backoff.pause()
        while (left := until - self._clock.monotonic()) > 0 and not self._ended:
            self._spill()
            self._pause(left)
        if self._ended:
            return
        self._spill()
        last = self._next - 1
        outcome = send_spool(self._gateway, self.spool, self._backoff, self._log, self._delivered)
        if outcome is Answer.REFUSED:
            self._refuse()
        elif outcome is Answer.TAKEN and not self._ended:
            self._delivered = last
            self._backoff.reset()
            if self._next - 1 == last:  # nothing was spooled meanwhile
                self.spool.remove()
                self._spooled = False

    def _refuse(self) -> None:
        if not self._ended:
            self.discard()
            self._on_refused()

    def _take(self) -> None:
        self._sending = self._buffer.take()
        self._sending_size = sum(map(event_size, self._sending))
        self._buffered_since = self._clock.monotonic()

    def _forget_sending(self) -> None:
        self._next += len(self._sending)
        self._sending = []
        self._sending_size = 0
        self._space.set()

    def _spill(self) -> bool:
        """Move all undelivered events to the spool; False if the disk does not take them, which loses none.

        Both the sender and a writer that finds no space come here, so nothing in it may yield.
        """
        while self._sending or self._buffer:
            if not self._sending:
                self._take()
            try:
                self.spool.append(self._next, self._sending)
            except OSError as error:
                self._log.error("cannot write spool", error=str(error))
                return False
            self._spooled = True
            self._forget_sending()
        return True

    def _sync(self) -> bool:
        try:
            self.spool.sync()
        except OSError as error:
            self._log.error("cannot sync spool", error=str(error))
            return False
        return True
