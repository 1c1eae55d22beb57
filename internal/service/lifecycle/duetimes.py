"""Due times that a wrong clock stored: found and put right."""

from __future__ import annotations

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.schedule import still_due
from pikoci.internal.service.lifecycle.checks import schedule_of
from pikoci.internal.service.plumbing.bus import CHECKS
from pikoci.internal.service.plumbing.context import Context

_LARGEST_SLIP = 60.0


class ClockWatch:
    """Notices that the wall clock was set back, at once or bit by bit, by comparing it with the monotonic one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._furthest = self._lead()

    def fell_back(self) -> bool:
        """Whether the wall clock is more than a minute behind where it was; true until `accept`."""
        self._furthest = max(self._furthest, self._lead())
        return self._lead() < self._furthest - _LARGEST_SLIP

    def accept(self) -> None:
        """Take the time as it is now for the right one."""
        self._furthest = self._lead()

    def _lead(self) -> float:
        return self._clock.now() - self._clock.monotonic()


class DueTimes:
    """When checks fall due, as the clock that is right now would have it."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._store = context.store

    def repair(self) -> int:
        """Bring checks forward that lie further ahead than their schedules allow; returns how many.

        One query over all resources, and writes only for what is wrong.
        """
        now = self._context.clock.now()
        wrong: dict[int, float] = {}
        for resource_id, interval, due in self._store.resources.upcoming(now):
            # Without a schedule it was asked for, which means at once.
            right = still_due(due, now, schedule_of(interval), str(resource_id)) if interval else now
            if right < due:
                wrong[resource_id] = right
        if wrong:
            with self._store.transaction():
                self._store.resources.bring_forward(wrong)
            self._context.notify(CHECKS)
        return len(wrong)
