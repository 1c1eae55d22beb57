"""Doing what the schedule says, and undoing it."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence

import gevent

from tests.chaos.family import send_below
from tests.chaos.schedule import REST, Fault, Kind
from tests.chaos.world import World
from tests.services.broker import Broker
from tests.services.postgresql import PostgresqlServer
from tests.services.process import ServiceError

Action = Callable[[], None]
SERVICES = ("broker", "postgresql")
_START_TRIES = 3


class Trouble:
    """Makes the faults of a schedule happen.

    `counts` counts them by kind of fault and kind of target, `left_out` those whose target was not well yet. `outages`
    are the times in which the broker or the database was away, on the clock that counts from the machine's start.
    """

    def __init__(self, world: World, say: Callable[[str], None]) -> None:
        self.counts: Counter[tuple[str, str]] = Counter()
        self.left_out = 0
        self.outages: list[tuple[float, float]] = []
        self._world = world
        self._say = say
        self._hurt: set[str] = set()

    def make(self, faults: Sequence[Fault]) -> None:
        """Let all happen at their times; returns when everything works again. Raises what a restart raised."""
        began = time.monotonic()
        under_way = []
        for fault in faults:
            gevent.sleep(max(0.0, began + fault.at - time.monotonic()))
            self._say(str(fault))
            under_way.append(gevent.spawn(self._happen, fault))
        gevent.joinall(under_way, raise_error=True)

    def _happen(self, fault: Fault) -> None:
        """Begin and end a fault, unless its target has not got over the last one: a broker may take long to start."""
        if fault.target in self._hurt:
            self.left_out += 1
            return
        begin, end = self._actions(fault)
        self.counts[fault.kind, fault.target.rstrip("0123456789") if "-" not in fault.target else "link"] += 1
        self._hurt.add(fault.target)
        began = time.clock_gettime(time.CLOCK_BOOTTIME)
        begin()
        gevent.sleep(fault.seconds)
        end()
        if fault.target in SERVICES:
            self.outages.append((began, time.clock_gettime(time.CLOCK_BOOTTIME)))
        gevent.sleep(REST / 2)
        self._hurt.discard(fault.target)

    def _actions(self, fault: Fault) -> tuple[Action, Action]:
        """What begins a fault, and what ends it."""
        world = self._world
        if fault.target in world.daemons:
            daemon = world.daemons[fault.target]
            return {
                Kind.KILL: (daemon.kill, daemon.start),
                Kind.CRASH: (daemon.crash, _nothing),
                Kind.PAUSE: (daemon.pause, daemon.resume),
            }[fault.kind]
        if fault.target in world.links.names:
            proxy = world.links.names[fault.target]
            return (proxy.cut if fault.kind is Kind.CUT else proxy.freeze), proxy.restore
        service = world.broker if fault.target == "broker" else world.postgresql
        assert service is not None
        return self._on_service(service, fault.kind)

    @staticmethod
    def _on_service(service: Broker | PostgresqlServer, kind: Kind) -> tuple[Action, Action]:
        if kind is Kind.FREEZE:
            return (
                lambda: send_below(service.pid, signal.SIGSTOP),
                lambda: send_below(service.pid, signal.SIGCONT),
            )
        return _in_thread(service.kill if kind is Kind.KILL else service.stop), _in_thread(lambda: _restart(service))


def _nothing() -> None:
    pass


def _restart(service: Broker | PostgresqlServer) -> None:
    """Start again, and once more when it does not come up, as a service manager does."""
    for left in reversed(range(_START_TRIES)):
        try:
            return service.start()
        except ServiceError:
            if left == 0:
                raise
    return None


def _in_thread(action: Action) -> Action:
    """In a native thread, so that the proxies go on meanwhile."""
    return lambda: gevent.get_hub().threadpool.apply(action)
