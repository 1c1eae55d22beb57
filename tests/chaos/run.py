"""One run, from the first process to the last count."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

import gevent

from tests.chaos.faults import Trouble
from tests.chaos.invariants import Row, broken_promises, left_behind, longest_gap, read_builds, wait_for_end
from tests.chaos.removal import Removal, seed
from tests.chaos.schedule import plan
from tests.chaos.settings import Settings
from tests.chaos.visitor import Visitor
from tests.chaos.world import Embedded, Separate, World

_DRAIN_SECONDS = 30.0


@dataclass
class Result:
    """`counts` is what happened, `violations` what should not have."""

    counts: dict[str, str] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        width = max(map(len, self.counts), default=0)
        table = [f"{name:{width}}  {value}" for name, value in self.counts.items()]
        broken = [f"BROKEN: {violation}" for violation in self.violations]
        return "\n".join([*table, *broken, f"{len(broken)} promises broken"])


def run(settings: Settings, say: Callable[[str], None]) -> Result:
    """Let things go wrong for the settings' time while builds run, then count."""
    result = Result()
    world: World = Embedded(settings) if settings.broker == "mem" else Separate(settings)
    try:
        seed(world)
        world.start()
        visitor = Visitor(world, Random(settings.seed))
        try:
            visitor.arrive()
            _go_through(world, visitor, result, say)
        finally:
            visitor.close()
        result.violations += _end(world)
        result.violations += left_behind(world)
    finally:
        world.close()
    return result


def _go_through(world: World, visitor: Visitor, result: Result, say: Callable[[str], None]) -> None:
    settings = world.settings
    trouble = Trouble(world, say)
    visits = gevent.spawn(visitor.start_builds, settings.seconds * 0.9)
    removal = Removal(world, visitor, Random(settings.seed))
    deleting = gevent.spawn(removal.run, settings.seconds * 0.4)
    trouble.make(plan(settings.seed, settings.seconds, world.targets()))
    say("everything works again; waiting for the builds to end")
    visits.get()
    deleting.get()
    (world.folder / "quiet").touch()
    began = time.monotonic()
    late = wait_for_end(world, settings.patience)
    took = time.monotonic() - began
    result.violations += [f"{row}: has not ended; {row.reason}" for row in late]
    rows = read_builds(world)
    result.violations += broken_promises(world, visitor, rows, trouble.outages)
    result.violations += removal.broken_promises(settings.patience)
    result.counts = _counts(trouble, visitor, rows, world) | {"seconds until all had ended": f"{took:.1f}"}


def _end(world: World) -> Iterator[str]:
    """Drain the workers, then the servers."""
    for name, daemon in sorted(world.daemons.items(), reverse=True):
        daemon.drain()
        status = daemon.ended(_DRAIN_SECONDS)
        if status != 0:
            yield f"{name}: the drain ended with {status}"


def _counts(trouble: Trouble, visitor: Visitor, rows: list[Row], world: World) -> dict[str, str]:
    faults = {f"{kind} of {target}": str(times) for (kind, target), times in sorted(trouble.counts.items())}
    statuses = Counter(row.status for row in rows)
    attempts = Counter(row.claim for row in rows)
    ends = {name: daemon.unasked for name, daemon in world.daemons.items() if daemon.unasked}
    return {
        "faults": str(sum(trouble.counts.values())),
        **faults,
        "faults left out": str(trouble.left_out),
        "restarts nobody asked for": ", ".join(f"{name} {codes}" for name, codes in ends.items()) or "none",
        "accepted triggers": str(len(visitor.accepted)),
        "repeated requests": str(visitor.retries),
        "builds": str(len(rows)),
        "builds by status": ", ".join(f"{count} {status}" for status, count in sorted(statuses.items())),
        "builds by attempts": ", ".join(f"{count} with {number}" for number, count in sorted(attempts.items())),
        "requeues counted": str(sum(row.requeues for row in rows)),
        "longest time without a check": f"{longest_gap(world):.1f} s",
        "the same, but for outages": f"{longest_gap(world, trouble.outages):.1f} s",
    }
