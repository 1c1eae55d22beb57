"""The claims that this worker holds, and how long it may still work on them."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.worker.tools.lifetime import BuildControl
from pikoci.internal.worker.tools.log_ids import LogIds
from pikoci.internal.worker.tools.margins import kill_margin, stop_margin

_log = structlog.get_logger(__name__)


@dataclass(slots=True, eq=False)
class HeldClaim:
    """A claim under work. `expires` is on the monotonic clock; `forget` drops what was not reported yet.

    `ids` is what log lines call it.

    That clock must be the one of deadlines, CLOCK_BOOTTIME, where commands are really run.
    """

    ref: ClaimRef
    control: BuildControl
    lease: float
    expires: float
    forget: Callable[[], None] = lambda: None
    ids: LogIds = field(default_factory=dict)


class ClaimTable:
    """All claims of one kind (builds or checks), by their numbers."""

    def __init__(self, clock: Clock, margin: float) -> None:
        self._clock = clock
        self._margin = margin
        self._held: dict[ClaimRef, HeldClaim] = {}
        self._stop: Callable[[BuildControl], None] | None = None

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, ref: ClaimRef) -> bool:
        return ref in self._held

    @contextmanager
    def holding(self, claim: HeldClaim) -> Generator[None]:
        """Hold a claim meanwhile: its lease is renewed, and what becomes of it reaches its `control`."""
        self.add(claim)
        try:
            yield
        finally:
            claim.control.release()
            self.remove(claim.ref)

    def add(self, claim: HeldClaim) -> None:
        """Hold a claim, from now on part of every heartbeat."""
        self._held[claim.ref] = claim
        self._set_deadline(claim)
        if self._stop is not None:
            self._stop(claim.control)

    def remove(self, ref: ClaimRef) -> None:
        """Hold it no longer."""
        self._held.pop(ref, None)

    def refs(self) -> list[ClaimRef]:
        """The claims, for a heartbeat."""
        return list(self._held)

    def renew(self, refs: Iterable[ClaimRef], at: float) -> None:
        """The leases of these were renewed by a heartbeat that was sent at `at` on the monotonic clock."""
        for ref in refs:
            if claim := self._held.get(ref):
                claim.expires = max(claim.expires, at + claim.lease)
                self._set_deadline(claim)

    def lose(self, ref: ClaimRef) -> None:
        """The server gave this claim away: stop what runs, and forget it."""
        if claim := self._held.get(ref):
            _log.warning("claim lost", **claim.ids)
            claim.forget()
            claim.control.abandon("the server gave the claim away")

    def cancel(self, ref: ClaimRef, reason: str) -> None:
        """Somebody cancelled it."""
        if claim := self._held.get(ref):
            claim.control.cancel(reason)

    def cancel_all(self, reason: str, hook_budget: float) -> None:
        """Cancel every claim, also one that is being made now; hooks have `hook_budget` seconds each build."""
        self._stop_each(lambda control: control.cancel(reason, hook_budget))

    def give_back_all(self, reason: str, stop_budget: float = 0.0) -> None:
        """Stop every claim, also one that is being made now, to be run again; see `BuildControl.give_back`."""
        self._stop_each(lambda control: control.give_back(reason, stop_budget))

    def stop_lapsing(self) -> float:
        """Stop every claim whose lease is about to end; the seconds until the next one would (infinite if none).

        It must have ended before the server may hand the build to another worker.
        """
        now = self._clock.monotonic()
        next_due = float("inf")
        for claim in list(self._held.values()):
            left = claim.expires - stop_margin(claim.lease, self._margin) - now
            if left > 0:
                next_due = min(next_due, left)
            elif claim.control.services.cause is None:
                _log.warning("lease could not be renewed", **claim.ids)
                claim.control.give_back("the worker could not reach the server to renew its lease")
        return next_due

    def _set_deadline(self, claim: HeldClaim) -> None:
        """Have the supervisors kill what `stop_lapsing`, if this process is stopped itself, cannot."""
        claim.control.deadline.move(claim.expires - kill_margin(claim.lease, self._margin))

    def _stop_each(self, stop: Callable[[BuildControl], None]) -> None:
        self._stop = stop
        for claim in list(self._held.values()):
            stop(claim.control)
