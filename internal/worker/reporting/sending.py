"""Sending events, once, and what a failure of that means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum, auto

import structlog

from pikoci.internal.domain.errors import (
    PermissionDeniedError,
    PikociError,
    RateLimitedError,
    UnauthenticatedError,
    UnavailableError,
)
from pikoci.internal.domain.events import BuildEvent, LogWritten
from pikoci.internal.domain.gateway import ClaimRef, Gateway
from pikoci.internal.domain.limits import MAX_LOG_EVENT
from pikoci.internal.worker.backoff import Backoff
from pikoci.internal.worker.reporting.spool import SpoolFile
from pikoci.internal.worker.tools.log_ids import LogIds

_log = structlog.get_logger(__name__)

BATCH_BYTES = MAX_LOG_EVENT  # a larger piece of a log would be refused, and its build given up
_EVENT_BYTES = 200

#: A later call can succeed: the server is away, slow, or has its token or rights changed just now.
RETRIABLE = (UnavailableError, RateLimitedError, UnauthenticatedError, PermissionDeniedError)


class Answer(Enum):
    """What the server makes of events: it has taken them, will never take them, or may take them later."""

    TAKEN = auto()
    REFUSED = auto()
    LATER = auto()


def send(
    gateway: Gateway, ref: ClaimRef, first: int, events: Sequence[BuildEvent], backoff: Backoff, ids: LogIds
) -> Answer:
    """Report events numbered from `first`. Any refusal that waiting cannot cure ends the claim.

    `backoff` heeds how long a server that does not take them now asks to be left alone.
    """
    try:
        gateway.report(ref.id, ref.claim, first, events)
    except RETRIABLE as error:
        backoff.heed(error)
        _log.warning("report postponed", error=error.message, **ids)
        return Answer.LATER
    except PikociError as error:
        _log.warning("report refused", error=error.message, **ids)
        return Answer.REFUSED
    except Exception:  # noqa: BLE001 - a sender that dies would hold up its build for good
        _log.exception("report failed", **ids)
        return Answer.LATER
    return Answer.TAKEN


def send_spool(gateway: Gateway, spool: SpoolFile, backoff: Backoff, ids: LogIds, after: int = 0) -> Answer:
    """Report all that is in `spool` with a number above `after`; the file stays."""
    for first, events in _batches(spool, after):
        answer = send(gateway, spool.ref, first, events, backoff, ids)
        if answer is not Answer.TAKEN:
            return answer
    return Answer.TAKEN


def event_size(event: BuildEvent) -> int:
    """About how many bytes an event takes in memory."""
    return _EVENT_BYTES + (len(event.data) if isinstance(event, LogWritten) else 0)


def _batches(spool: SpoolFile, after: int) -> Iterator[tuple[int, list[BuildEvent]]]:
    first, events, size = 0, list[BuildEvent](), 0
    for number, event in spool.read():
        if number <= after:
            continue
        if events and size + event_size(event) > BATCH_BYTES:
            yield first, events
            events, size = [], 0
        if not events:
            first = number
        events.append(event)
        size += event_size(event)
    if events:
        yield first, events
