"""The loops of one server. Several servers on one database may all run them."""

from __future__ import annotations

from contextlib import ExitStack

import gevent
import structlog

from pikoci.internal.scheduler.loop import Action, Loop, Wait
from pikoci.internal.service import Services, UnavailableError
from pikoci.internal.service.plumbing.bus import CHECKS, DELETIONS, SCHEDULE

_log = structlog.get_logger(__name__)


class Periods:
    """How long the loops wait when there is nothing to do, in seconds.

    Work that this server starts itself wakes them at once; the periods are for what other servers start, and for time.
    """

    def __init__(
        self,
        *,
        schedule: float = 1.0,
        checks: float = 1.0,
        shortest: float = 0.1,
        sweep: float = 5.0,
        prune: float = 3600.0,
        delete: float = 60.0,
        last_use: float = 60.0,
    ) -> None:
        self.schedule = schedule
        self.checks = checks
        self.shortest = shortest
        self.sweep = sweep
        self.prune = prune
        self.delete = delete
        self.last_use = last_use


class Scheduler:
    """Due checks, jobs to look at, the sweeper, retention and deletion, each in a greenlet of its own."""

    def __init__(self, services: Services, periods: Periods | None = None) -> None:
        self._services = services
        self._periods = periods or Periods()
        self._loops: list[Loop] = []
        self._greenlets: list[gevent.Greenlet[..., None]] = []
        self._subscriptions = ExitStack()
        self._recovered = False

    def start(self) -> None:
        """Start the loops. The first sweep gives leases grace and publishes again what an earlier process published."""
        scheduling = self._services.scheduling
        self._add("checks", scheduling.dispatch_checks, self._until_next_check, CHECKS)
        self._add("jobs", scheduling.schedule_jobs, self._periods.schedule, SCHEDULE)
        self._add("sweep", self._sweep, self._periods.sweep)
        self._add("retention", self._prune, self._periods.prune)
        self._add("deletion", scheduling.delete_hidden, self._periods.delete, DELETIONS)
        self._add("last use", self._write_last_use, self._periods.last_use)
        self._greenlets = [gevent.spawn(loop.run) for loop in self._loops]

    def stop(self, timeout: float = 5.0) -> None:
        """End the loops after their turns, at the latest after `timeout` seconds. Idempotent."""
        for loop in self._loops:
            loop.stop()
        gevent.joinall(self._greenlets, timeout=timeout)
        gevent.killall(self._greenlets)
        self._subscriptions.close()
        self._loops, self._greenlets = [], []

    def _add(self, name: str, action: Action, wait: Wait, *topics: str) -> None:
        wakeup = self._subscriptions.enter_context(self._services.context.bus.subscribe(*topics))
        self._loops.append(Loop(name, action, wait, wakeup))

    def _sweep(self) -> int:
        # While the database was away nobody could renew a lease, so they get grace then too.
        if not self._recovered:
            self._services.scheduling.recover()
            self._recovered = True
        try:
            return self._services.scheduling.sweep()
        except UnavailableError:
            self._recovered = False
            raise

    def _until_next_check(self) -> float:
        due = self._services.scheduling.next_check_in()
        if due is None:
            return self._periods.checks
        return max(self._periods.shortest, min(due, self._periods.checks))

    def _write_last_use(self) -> int:
        self._services.context.last_use.write()
        return 0

    def _prune(self) -> int:
        deleted = self._services.scheduling.prune()
        if deleted:
            _log.info("retention deleted logs, builds and artifacts", count=deleted)
        return 0
