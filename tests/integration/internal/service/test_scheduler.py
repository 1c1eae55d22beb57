"""The loops of a server, running."""

from collections.abc import Callable, Iterator

import gevent
import pytest

from pikoci.internal.domain.errors import UnavailableError
from pikoci.internal.domain.gateway import CheckResult
from pikoci.internal.scheduler import Periods, Scheduler
from tests.integration.internal.service.test_checks import TRIGGERED
from tests.integration.internal.service.world import PLAIN, World


def until(condition: Callable[[], object], seconds: float = 10.0) -> None:
    with gevent.Timeout(seconds, AssertionError("it never happened")):
        while not condition():
            gevent.sleep(0.005)


@pytest.fixture
def scheduler(world: World) -> Iterator[Scheduler]:
    made = Scheduler(world.services, Periods(schedule=3600, checks=3600, sweep=0.05))
    yield made
    made.stop()


def test_a_version_leads_to_a_published_build_without_waiting_for_a_period(world: World, scheduler: Scheduler) -> None:
    scheduler.start()
    gevent.sleep(0.01)
    world.set(TRIGGERED)
    until(lambda: world.publisher.take("checks"))
    state = world.resource()
    claim = world.services.gateway.claim_check(state.id, "w", "i1").claim
    world.services.gateway.finish_check(state.id, claim, CheckResult(versions=[{"v": "1"}]))
    until(world.publisher.take)
    assert world.taken(world.builds()[0]) == {"repo": "1"}


def test_the_first_sweep_gives_grace_to_leases_of_an_earlier_life(world: World, scheduler: Scheduler) -> None:
    world.set(PLAIN)
    build = world.trigger()
    world.claim(build)
    world.clock.advance(3600)
    scheduler.start()
    waiting = world.trigger()
    world.publisher.take()

    def published() -> bool:
        world.clock.advance(1)
        return waiting.id in world.publisher.take()

    until(published)
    assert world.build(build).claim == 1


class Outage:
    """Plays a database that is away while the sweeper looks."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.over = False
        self.recovered: list[float] = []
        scheduling = type(world.services.scheduling)
        monkeypatch.setattr(scheduling, "recover", lambda _: self.recovered.append(world.clock.now()))
        monkeypatch.setattr(scheduling, "sweep", self.sweep)

    def sweep(self) -> int:
        if not self.over:
            raise UnavailableError("the database is away")
        return 0


def test_leases_get_grace_when_the_database_was_away(
    world: World, scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    outage = Outage(world, monkeypatch)
    scheduler.start()
    until(lambda: outage.recovered)
    world.clock.advance(100)
    outage.over = True
    until(lambda: outage.recovered[-1] == world.clock.now())


def test_stopping_ends_every_loop_and_leaves_nothing(world: World, scheduler: Scheduler) -> None:
    scheduler.start()
    gevent.sleep(0.01)
    scheduler.stop()
    scheduler.stop()
    assert world.services.context.bus.topics == frozenset()


def test_a_series_of_turns_ends_when_others_have_waited_for_long_enough(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.set("".join(PLAIN.replace('"run"', f'"j{number}"') for number in range(10)))
    moments = iter(range(100))
    monkeypatch.setattr(world.clock, "monotonic", lambda: next(moments) * 0.004)
    assert world.services.scheduling.schedule_jobs() == 3
