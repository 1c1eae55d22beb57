"""A worker: consumes queues, runs builds and checks, and ends in an orderly way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from random import Random
from typing import Any, Literal, TypeVar

import gevent
import msgspec
import structlog

from pikoci.internal.domain.clock import Clock
from pikoci.internal.domain.errors import ConflictError, NameTakenError, UnavailableError
from pikoci.internal.domain.gateway import ClaimRef, Gateway, WorkerCommand, WorkerHello, WorkerTerms
from pikoci.internal.domain.levels import LEVEL
from pikoci.internal.worker.builds import BuildHandler
from pikoci.internal.worker.checks import CheckHandler
from pikoci.internal.worker.claims import ClaimTable
from pikoci.internal.worker.heartbeat import ServerLink
from pikoci.internal.worker.home import REMOVED, SPARE, WorkerHome, place_of
from pikoci.internal.worker.plan.equipment import Equipment
from pikoci.internal.worker.pool import WorkPool
from pikoci.internal.worker.process import Spawner, sweep_leftovers
from pikoci.internal.worker.reporting.shipper import SpoolShipper
from pikoci.internal.worker.reporting.spool import find_spools
from pikoci.internal.worker.resources.builtin import builtin_types
from pikoci.internal.worker.settings import WorkerSettings
from pikoci.internal.worker.tools.caches import CacheSweeper
from pikoci.internal.worker.tools.removal import Remover
from pikoci.internal.worker.tools.spares import Spares
from pikoci.internal.worker.user_start import lender, prepare_users
from pikoci.pkg.queue.backend import Subscription

_log = structlog.get_logger(__name__)
_SPOOL_PATIENCE = 60.0

WorkerState = Literal["running", "draining", "cordoned"]
T = TypeVar("T")


class WorkerHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How a worker does. `last_poll` is when each queue last answered (seconds since the epoch), None before.

    `silent` names the queues that were asked for work and have not answered for `poll_patience`.
    """

    state: WorkerState
    registered: bool
    builds: int
    checks: int
    undelivered: int
    last_poll: dict[str, float | None]
    silent: list[str]


class Worker:
    """Runs what the queues bring, until it is drained or cancelled.

    `subscriptions` maps `jobs` and `checks` (either or both) to consumers, which the worker closes when it ends, as it
    does the spawner. The methods other than `run` return at once and may be called from any greenlet, but not from a
    signal handler.
    """

    def __init__(
        self,
        gateway: Gateway,
        subscriptions: Mapping[str, Subscription],
        spawner: Spawner,
        settings: WorkerSettings,
        clock: Clock,
        random: Random,
    ) -> None:
        self._settings = settings
        self._spawner = spawner
        remover = Remover(settings.workdir / REMOVED)
        self._spares = Spares(settings.workdir / SPARE, remover.remove)
        self._equipment = Equipment(
            gateway=gateway,
            spawner=spawner,
            remover=remover,
            make_directories=self._spares.make,
            settings=settings,
            clock=clock,
            random=random,
            resource_types=builtin_types(),
            terms=WorkerTerms(),
            users=lender(settings, spawner),
        )
        self._state: WorkerState = "running"
        self._registered = False
        self._place = ""
        self._deadline: float | None = None
        self._failure: ConflictError | None = None
        self._builds = ClaimTable(clock, settings.lapse_margin)
        self._checks = ClaimTable(clock, settings.lapse_margin)
        self._announcements = ClaimTable(clock, settings.lapse_margin)
        self._shipper = SpoolShipper(gateway, self._equipment.backoff())
        self._build_handler = BuildHandler(self._equipment, self._builds, self._shipper)
        self._pools = [self._pool(name, subscription) for name, subscription in subscriptions.items()]

    def run(self) -> None:
        """Work until `drain` or `cancel_all` was called and everything has ended.

        Raises WorkerDirectoryError when the work or spool directory cannot be had, and what `register` raises other
        than UnavailableError (a bad token, say), SpawnerError when no process can be started, BuildUsersError when
        nothing can run as the users for builds, and ConflictError when another process took over the worker's name:
        then everything was stopped and forgotten.
        """
        with (
            WorkerHome(self._settings),
            closing(self._equipment.remover),
            closing(self._spares),
            closing(self._spawner),
        ):
            killed = sweep_leftovers(self._settings.mark)
            if killed:
                _log.warning("killed processes of an earlier run", processes=killed)
            self._place = place_of(self._settings.workdir)
            self._spawner.start()  # now, so that the first build need not wait for it
            self._equipment.own_places = prepare_users(self._equipment, self._settings.concurrency * len(self._pools))
            self._equipment.container_program.reap(self._spawner)
            for spool in find_spools(self._settings.spool_dir):
                self._shipper.add(spool)
            if self._deliver_spools() and self._register():
                self._work()
        if self._failure is not None:
            raise self._failure

    def drain(self, timeout: float | None = None) -> None:
        """Take nothing new and end when all that runs has; after `timeout` seconds give the rest back, to run again."""
        seconds = self._settings.drain_timeout if timeout is None else timeout
        self._deadline = self._equipment.clock.monotonic() + seconds
        self._end("draining")

    def cancel_all(self, reason: str) -> None:
        """Cancel everything for `reason` and end within seconds; hooks have the settings' `shutdown_hook_budget`."""
        self._build_handler.report_patience = self._settings.shutdown_patience
        self._end("draining")
        self._builds.cancel_all(reason, self._settings.shutdown_hook_budget)
        self._checks.give_back_all(reason)
        self._announcements.give_back_all(reason)

    def cordon(self) -> None:
        """Take nothing new until `uncordon`; what runs goes on."""
        if self._state == "running":
            self._state = "cordoned"
            for pool in self._pools:
                pool.pause()

    def uncordon(self) -> None:
        """Take work again after `cordon`."""
        if self._state == "cordoned":
            self._state = "running"
            for pool in self._pools:
                pool.resume()

    def health(self) -> WorkerHealth:
        """How the worker does now."""
        asked_before = self._equipment.clock.monotonic() - self._settings.poll_patience
        return WorkerHealth(
            state=self._state,
            registered=self._registered,
            builds=len(self._builds),
            checks=len(self._checks) + len(self._announcements),
            undelivered=len(self._shipper.refs()),
            last_poll={pool.name: pool.last_poll for pool in self._pools},
            silent=[
                pool.name for pool in self._pools if pool.asking_since is not None and pool.asking_since < asked_before
            ],
        )

    def _pool(self, name: str, subscription: Subscription) -> WorkPool:
        equipment = self._equipment
        checks = CheckHandler(equipment, self._checks, self._announcements)
        handlers = {"jobs": self._build_handler.handle, "checks": checks.handle}
        return WorkPool(
            name,
            subscription,
            self._settings.concurrency,
            equipment.users,
            handlers[name],
            equipment.clock,
            equipment.backoff(),
            self._settings.receive_timeout,
        )

    def _end(self, state: WorkerState) -> None:
        self._state = state
        for pool in self._pools:
            pool.stop()
        self._equipment.ending.set()

    def _deliver_spools(self) -> bool:
        """Ship what an earlier run left, before registering makes the server give up its claims; False to end."""
        give_up = self._equipment.clock.monotonic() + _SPOOL_PATIENCE
        while self._equipment.clock.monotonic() < give_up:
            shipped = self._until_ending(self._shipper.ship_all)
            if shipped or self._equipment.ending.is_set():
                break
            self._equipment.ending.wait(self._shipper.pause())
        return not self._equipment.ending.is_set()

    def _until_ending(self, call: Callable[[], T]) -> T | None:
        """What the call returns or raises; None once the worker is to end: a silent server must not hold that up."""
        calling = gevent.spawn(_outcome, call)
        waiting: list[Any] = [calling, self._equipment.ending]
        gevent.wait(waiting, count=1)
        if not calling.ready():
            gevent.joinall([calling], timeout=self._settings.loop_patience)
            calling.kill()
            return None
        result, error = calling.get()
        if error is not None:
            raise error
        return result

    def _register(self) -> bool:
        """Make the worker known, for as long as it takes; False to end."""
        hello = self._hello()
        backoff = self._equipment.backoff()
        name_free_at: float | None = None
        while not self._equipment.ending.is_set():
            try:
                terms = self._until_ending(partial(self._equipment.gateway.register, hello))
            except UnavailableError as error:
                _log.warning("cannot register", error=error.message)
                self._equipment.ending.wait(backoff.pause(error))
            except NameTakenError as error:
                now = self._equipment.clock.monotonic()
                if name_free_at is not None and now >= name_free_at:
                    raise  # whoever has the name was heard of since
                _log.warning("waiting to see whether the name is in use", error=error.message)
                name_free_at = now + error.retry_after if name_free_at is None else name_free_at
                self._equipment.ending.wait(max(0.0, name_free_at - now))
            else:
                if terms is not None:
                    self._begin(terms)
                    return True
        return False

    def _hello(self) -> WorkerHello:
        settings = self._settings
        return WorkerHello(
            name=settings.name,
            instance=settings.instance,
            version=settings.version,
            queues=list(settings.queues),
            concurrency=settings.concurrency,
            tags=list(settings.tags),
            place=self._place,
            level=LEVEL,
        )

    def _begin(self, terms: WorkerTerms) -> None:
        self._equipment.terms = terms
        self._registered = True
        if terms.cordoned:
            self.cordon()
        _log.info("worker registered", name=self._settings.name)  # the instance is a secret

    def _work(self) -> None:
        link = ServerLink(
            self._equipment,
            self._builds,
            self._checks,
            self._announcements,
            self._shipper,
            lambda: self._state,
            self._obey,
            self._register,
            self._give_up,
        )
        caches, equipment = self._settings.workdir / "cache", self._equipment
        sweeper = CacheSweeper(caches, self._settings.cache_max_age, equipment.remover, equipment.clock)
        sweep = partial(sweeper.run, self._equipment.ending)
        forever = (link.beat_forever, link.guard_forever, link.follow_commands, self._shipper.run, sweep)
        loops: list[gevent.Greenlet[[], object]] = [gevent.spawn(loop) for loop in forever]
        consumers = [gevent.spawn(pool.run) for pool in self._pools]
        try:
            self._equipment.ending.wait()
            loops.append(gevent.spawn(link.beat))  # tells of the draining now; a server that is away holds up nothing
            self._finish_running()
            gevent.joinall(consumers)
        finally:
            self._shipper.stop()
            link.stop()
            gevent.joinall(loops, timeout=self._settings.loop_patience)
            gevent.killall(loops)
            _log.info("worker ended", name=self._settings.name)
        farewell = gevent.spawn(link.say_farewell)
        gevent.joinall([farewell], timeout=self._settings.farewell_patience)
        farewell.kill(block=False)

    def _give_up(self, error: ConflictError) -> None:
        """Another process is this worker now: its claims were given to be run again when it registered."""
        if self._failure is None:
            _log.error("this worker's name was taken over", name=self._settings.name, error=error.message)
        self._failure = error
        for claims in (self._builds, self._checks, self._announcements):
            for ref in claims.refs():
                claims.lose(ref)
        self._end("draining")

    def _finish_running(self) -> None:
        """Wait for what runs; at the drain's deadline give it back."""
        left = None if self._deadline is None else max(0.0, self._deadline - self._equipment.clock.monotonic())
        waiting = gevent.spawn(self._join_pools)
        waiting.join(timeout=left)
        if not waiting.dead:
            reason = f"the worker {self._settings.name} was drained and its time ran out"
            self._build_handler.report_patience = self._settings.shutdown_patience
            self._builds.give_back_all(reason, self._settings.shutdown_hook_budget)
            self._checks.give_back_all(reason)
            self._announcements.give_back_all(reason)
            waiting.join()

    def _join_pools(self) -> None:
        for pool in self._pools:
            pool.join()

    def _obey(self, command: WorkerCommand) -> None:
        match command.kind:
            case "cancel":
                self._builds.cancel(ClaimRef(id=command.build_id, claim=command.claim), command.reason)
            case "drain":
                if not self._equipment.ending.is_set():
                    self.drain()
            case "cordon":
                self.cordon()
            case "uncordon":
                self.uncordon()


def _outcome(call: Callable[[], T]) -> tuple[T | None, Exception | None]:
    """What the call returned, or its error: raised where the caller waits, and not printed by gevent."""
    try:
        return call(), None
    except Exception as error:  # noqa: BLE001 - handed on to the caller, who raises it
        return None, error
