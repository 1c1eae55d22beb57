"""One claim's events on their way to the server: from memory, or from the spool once that has some of them.

Two greenlets meet here: the sender, which takes one turn of the present mode after another, and whoever writes. Each of
them may change the mode while the other waits for the server, the disk or the clock. So a mode that has waited makes
sure that it is still the present one before it believes what it knew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import gevent
import structlog
from gevent.event import Event

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.gateway import Gateway
from pikoci.internal.worker.backoff import Backoff
from pikoci.internal.worker.reporting.outbox import Outbox
from pikoci.internal.worker.reporting.sending import Answer, send, send_spool
from pikoci.internal.worker.reporting.spool import SpoolFile
from pikoci.internal.worker.tools.log_ids import LogIds

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ReportLimits:
    """When to send, in seconds and bytes, and how much may wait in memory."""

    flush_interval: float = 0.2
    flush_bytes: int = 256 * 1024
    buffer_limit: int = 4 * 1024 * 1024


class Mode(Protocol):
    """Where events come from when they are sent."""

    def turn(self) -> None:
        """The sender's next turn. It may wait; afterwards another mode may be the present one."""

    def make_room(self) -> bool:
        """Get events out of memory at once, without yielding; False if this can't."""


class Stream:
    """What the modes share. `closing`: no event comes after those in the outbox. `ids` are for log lines."""

    def __init__(
        self,
        gateway: Gateway,
        spool: SpoolFile,
        clock: Clock,
        backoff: Backoff,
        on_refused: Callable[[], None],
        limits: ReportLimits,
        ids: LogIds,
    ) -> None:
        self.gateway = gateway
        self.spool = spool
        self.clock = clock
        self.backoff = backoff
        self.limits = limits
        self.ids = ids
        self.outbox = Outbox(clock)
        self.delivered = 0  # the number of the last event that the server is known to have
        self.closing = False
        self.wake = Event()  # for the sender: something came, or the end
        self.space = Event()  # for writers: something left the memory, or the end
        self.mode: Mode = FromMemory(self)
        self._on_refused = on_refused

    @property
    def ended(self) -> bool:
        """Whether nothing more is sent from here: all is delivered, refused, discarded or handed over."""
        return self.mode is ENDED

    def run(self) -> None:
        """Send until the end: the sender's greenlet."""
        while not self.ended:
            self.mode.turn()

    def end(self) -> None:
        """Send nothing more from here."""
        self.mode = ENDED
        self.wake.set()
        self.space.set()

    def discard(self) -> None:
        """Send nothing more, and forget what is in the spool."""
        self.end()
        self.spool.remove()

    def refuse(self) -> None:
        """The server will never take this."""
        self.discard()
        self._on_refused()

    def pause(self, seconds: float | None) -> None:
        """Let the sender wait until it is woken, or for some seconds."""
        self.wake.wait(seconds)
        self.wake.clear()

    def drop_batch(self) -> None:
        """The batch no longer takes memory."""
        self.outbox.drop_batch()
        self.space.set()

    def spill(self) -> bool:
        """Move everything to the spool; False if the disk does not take it all, which loses nothing.

        The sender, a writer without space and the end of the stream all come here, so nothing in it may yield: what one
        of them appends must not come between a batch and its number.
        """
        while batch := self.outbox.batch():
            try:
                self.spool.append(self.outbox.next, batch)
            except OSError as error:
                _log.error("cannot write spool", error=str(error), **self.ids)
                return False
            self.drop_batch()
            if isinstance(self.mode, FromMemory):
                self.mode = FromSpool(self)  # even if the rest does not fit: what comes first must be sent first
        return True

    def sync(self) -> None:
        """Have the disk itself hold what is in the spool. A disk that can't is logged: there is no better place."""
        try:
            self.spool.sync()
        except OSError as error:
            _log.error("cannot sync spool", error=str(error), **self.ids)


class FromMemory:
    """The server takes batches as they come."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def turn(self) -> None:
        """Wait for a batch that is due, and send it; without a server, go over to the spool."""
        stream = self._stream
        if not stream.outbox.has_batch:
            self._wait_until_due()
        batch = stream.outbox.batch() if self._is_present() else []
        if not batch:
            if self._is_present():
                stream.end()  # it is closing, and all is delivered
            return
        first = stream.outbox.next
        answer = send(stream.gateway, stream.spool.ref, first, batch, stream.backoff, stream.ids)
        if answer is Answer.TAKEN:
            stream.delivered = first + len(batch) - 1
            stream.backoff.reset()
        if not self._is_present():
            return  # the stream was ended, or the batch is in the spool by now and no longer ours to drop
        if answer is Answer.TAKEN:
            stream.drop_batch()
        elif answer is Answer.REFUSED:
            stream.refuse()
        elif stream.spill():
            stream.sync()  # the first: from here on a crash of the machine keeps it
        else:
            gevent.sleep(stream.backoff.pause())

    def make_room(self) -> bool:
        """The server is at it."""
        return False

    def _wait_until_due(self) -> None:
        """Wait until there is enough to send, or it has waited for long enough, or nothing more comes."""
        stream, limits = self._stream, self._stream.limits
        while not stream.outbox.waiting and not stream.closing and self._is_present():
            stream.pause(None)
        due = stream.outbox.since + limits.flush_interval
        while not stream.closing and stream.outbox.waiting < limits.flush_bytes and self._is_present():
            left = due - stream.clock.monotonic()
            if left <= 0:
                break
            stream.pause(left)

    def _is_present(self) -> bool:
        return self._stream.mode is self


class FromSpool:
    """The server is away: what comes goes to the disk, and all of it from there to the server."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def turn(self) -> None:
        """Wait a while, and try to deliver the whole spool; when the server has caught up, go back to memory."""
        stream = self._stream
        until = stream.clock.monotonic() + stream.backoff.pause()
        while (left := until - stream.clock.monotonic()) > 0 and self._is_present():
            stream.spill()
            stream.pause(left)
        if not self._is_present():
            return
        stream.spill()
        last = stream.outbox.next - 1
        answer = send_spool(stream.gateway, stream.spool, stream.backoff, stream.ids, stream.delivered)
        if not self._is_present():
            return
        if answer is Answer.REFUSED:
            stream.refuse()
        elif answer is Answer.TAKEN:
            stream.delivered = last
            stream.backoff.reset()
            if stream.outbox.next - 1 == last:  # nothing was spooled meanwhile
                stream.spool.remove()
                stream.mode = FromMemory(stream)

    def make_room(self) -> bool:
        """The disk may have room."""
        return self._stream.spill()

    def _is_present(self) -> bool:
        return self._stream.mode is self


class Ended:
    """Nothing is sent any more."""

    def turn(self) -> None:
        """There is none."""

    def make_room(self) -> bool:
        """Nothing is kept any more, so there is room."""
        return True


ENDED = Ended()
