"""Why and when something that runs has to stop: cancellation and time limits, nested."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto

import gevent
from gevent.event import Event

from pikoci.internal.domain.duration import format_duration
from pikoci.internal.worker.process import Deadline


class CauseKind(Enum):
    """What ends a lifetime early. `ABANDONED`: the claim is lost, nothing more may run, not even hooks."""

    TIMEOUT = auto()
    CANCELLED = auto()
    RETURNED = auto()
    ABANDONED = auto()


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a lifetime ended early; `reason` is for people."""

    kind: CauseKind
    reason: str


class Lifetime:
    """Something that can be told to stop, and tells everything inside it.

    `stopped` is set then, for those who wait; `cause` says why. The first cause stands.
    """

    def __init__(self) -> None:
        self.stopped = Event()
        self.cause: Cause | None = None
        self._inner: list[Callable[[Cause], None]] = []
        self._timers: list[gevent.Greenlet[..., None]] = []

    def stop(self, cause: Cause) -> None:
        """Stop for `cause`; later causes are ignored."""
        if self.cause is None:
            self.cause = cause
            self.stopped.set()
            for stop in list(self._inner):
                stop(cause)

    def on_stop(self, callback: Callable[[], None]) -> None:
        """Call `callback` when this stops, or now if it has."""
        if self.cause is not None:
            callback()
        self._inner.append(lambda _: callback())

    def limit(self, seconds: float, cause: Cause) -> None:
        """Stop for `cause` in `seconds` at the latest; several limits may stand beside one another."""
        self._timers.append(gevent.spawn_later(seconds, self.stop, cause))

    @contextmanager
    def nested(self, timeout: float = 0.0, subject: str = "") -> Generator[Lifetime]:
        """A lifetime inside this one, with a time limit of its own (seconds; 0 is none)."""
        inner = Lifetime()
        if self.cause is not None:
            inner.stop(self.cause)
        self._inner.append(inner.stop)
        if timeout > 0:
            inner.limit(timeout, timed_out(timeout, subject))
        try:
            yield inner
        finally:
            self._inner.remove(inner.stop)
            inner.release()

    def release(self) -> None:
        """Drop the time limits."""
        for timer in self._timers:
            timer.kill(block=False)
        self._timers.clear()


def timed_out(seconds: float, subject: str = "") -> Cause:
    """The cause of a time limit: `timed out after 10m`."""
    text = f"timed out after {format_duration(seconds)}"
    return Cause(CauseKind.TIMEOUT, f"{subject} {text}" if subject else text)


def limit_hooks(cleanup: Lifetime, budget: float) -> None:
    """Bound the time, in seconds, of hooks that outlast what they belong to."""
    cleanup.limit(budget, timed_out(budget, "the hooks"))


class BuildControl:
    """The lifetimes of a build: its plan, the clean-up by hooks, which outlasts the plan, its services, its farewell.

    Services outlast plan and hooks, to be stopped when all else is over, in `stop_budget` seconds; only the end of the
    claim, and whoever leaves hooks no more than some seconds, ends them sooner. `farewell` is for the messages of the
    build's end.

    Whoever holds the claim (heartbeat, signals, people through the server) steers the build through here. At the
    `deadline` its commands are killed even if nobody is there to steer.
    """

    def __init__(self, hook_budget: float) -> None:
        self.plan = Lifetime()
        self.cleanup = Lifetime()
        self.farewell = Lifetime()
        self.services = Lifetime()
        self.stop_budget = hook_budget
        self.deadline = Deadline()
        self.hook_budget = hook_budget

    def cancel(self, reason: str, hook_budget: float | None = None) -> None:
        """Stop the plan; `on_cancel` and `ensure` hooks may still run for so many seconds together.

        With a `hook_budget` the process is about to end: so it bounds the messages of the build's end, too.
        """
        if self.plan.cause is None or hook_budget is not None:
            self.limit_cleanup(hook_budget)
        if hook_budget is not None:
            self.farewell.limit(hook_budget, timed_out(hook_budget, "the notifications"))
            self._limit_services(2 * hook_budget)  # as much again when the hooks took all of it
        self.plan.stop(Cause(CauseKind.CANCELLED, reason))

    def limit_cleanup(self, hook_budget: float | None = None) -> None:
        """Bound the time of the hooks that still run; by the settings' budget if none is given."""
        limit_hooks(self.cleanup, self.hook_budget if hook_budget is None else hook_budget)

    def give_back(self, reason: str, stop_budget: float = 0.0) -> None:
        """Stop everything: the build goes back to the server, to be run again.

        Where there is a `stop_budget`, services are still stopped by their commands.
        """
        cause = Cause(CauseKind.RETURNED, reason)
        for lifetime in (self.plan, self.cleanup, self.farewell):
            lifetime.stop(cause)
        if stop_budget > 0:
            self._limit_services(stop_budget)
        else:
            self.services.stop(cause)

    def lapse(self) -> None:
        """Give everything back: supervisors have killed what ran, as the deadline passed."""
        self.give_back("the worker was suspended, and could not renew its lease in time")

    def abandon(self, reason: str) -> None:
        """Stop everything: the claim is lost."""
        cause = Cause(CauseKind.ABANDONED, reason)
        for lifetime in (self.plan, self.cleanup, self.services, self.farewell):
            lifetime.stop(cause)

    def release(self) -> None:
        """Drop the time limits."""
        self.plan.release()
        self.cleanup.release()
        self.farewell.release()
        self.services.release()

    def _limit_services(self, seconds: float) -> None:
        self.services.limit(seconds, timed_out(seconds, "stopping the services"))
