"""From a queue's message to a claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import structlog
from gevent.event import Event

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.errors import (
    PikociError,
    RateLimitedError,
    Reaction,
    UnauthenticatedError,
    UnavailableError,
)
from pikoci.internal.worker.backoff import Backoff
from pikoci.internal.worker.pool import acknowledge, give_back
from pikoci.pkg.queue.backend import Delivery

_log = structlog.get_logger(__name__)
_TRIES = 3
_LONGEST_ID = 19
#: What says nothing about the work: the server is away, busy, or does not know the worker's token now.
_UNANSWERED = (UnavailableError, RateLimitedError, UnauthenticatedError)


class Leased(Protocol):
    """The answer to a claim, with a lease of so many seconds."""

    @property
    def lease(self) -> float:
        """From the moment at which the server answered."""


Assignment = TypeVar("Assignment", bound=Leased)


@dataclass(frozen=True, slots=True)
class Claimed(Generic[Assignment]):
    """What was claimed, and when its lease ends on the monotonic clock.

    That is counted from when the claim was sent: the server counts from later on, so it never ends the lease earlier.
    """

    assignment: Assignment
    expires: float


def claim_work(
    delivery: Delivery,
    claim: Callable[[int], Assignment],
    backoff: Backoff,
    ending: Event,
    clock: Clock,
    key: str,
    mark: bytes = b"",
) -> Claimed[Assignment] | None:
    """Claim what a message names; None when it cannot be had.

    The message is acknowledged once the claim was answered, also by a refusal: the server rings again for what is left.
    It is returned when there was no answer. A claim that got none is asked again a few times first: it may have
    succeeded, and then its answer is kept. Log lines name the work's id by `key`. The id
    stands behind `mark`, if that is given.
    """
    work = parse_id(delivery.body.removeprefix(mark))
    if work is None:
        _log.error("unreadable message", queue=delivery.queue, body=delivery.body[:40])
        acknowledge(delivery)
        return None
    ids = {"queue": delivery.queue, key: work}
    try:
        claimed = _ask(work, claim, backoff, ending, clock)
    except _UNANSWERED as error:
        pause = backoff.pause(error)
        _log.warning("claim not answered", error=error.message, **ids)
        give_back(delivery, pause)
        ending.wait(pause)  # holding the slot: the next message would fare no better
        return None
    except PikociError as error:
        level = _log.debug if error.reaction is Reaction.REJECT else _log.warning
        level("claim refused", error=error.message, **ids)
        acknowledge(delivery)
        return None
    backoff.reset()
    acknowledge(delivery)
    return claimed


def parse_id(body: bytes) -> int | None:
    """The id in a message, or None if there is none."""
    return int(body) if body.isdigit() and len(body) <= _LONGEST_ID else None


def _ask(
    work: int, claim: Callable[[int], Assignment], backoff: Backoff, ending: Event, clock: Clock
) -> Claimed[Assignment]:
    left = _TRIES
    while True:
        asked, left = clock.monotonic(), left - 1
        try:
            assignment = claim(work)
        except UnavailableError as error:
            if left <= 0:
                raise
            if ending.wait(backoff.pause(error)):
                left = 1
        else:
            return Claimed(assignment, asked + assignment.lease)
