"""What is deleted, and what never is."""

import pytest

from pikoci.internal.domain.repositories import Store
from pikoci.internal.service import ServiceSettings
from pikoci.internal.service.lifecycle import retention
from tests.integration.internal.service.test_checks import TRIGGERED
from tests.integration.internal.service.world import PLAIN, World

DAY = 24 * 3600.0


def world_with(store: Store, settings: ServiceSettings) -> World:
    world = World(store, settings)
    world.register()
    return world


def numbers(world: World) -> list[int]:
    return [build.number for build in world.builds()]


def test_nothing_is_deleted_by_default(store: Store) -> None:
    world = world_with(store, ServiceSettings())
    world.set(PLAIN)
    world.run(world.trigger())
    world.clock.advance(1000 * DAY)
    assert world.services.scheduling.prune() == 0
    assert numbers(world) == [1]


def test_the_newest_builds_are_kept(store: Store) -> None:
    world = world_with(store, ServiceSettings(build_retention_count=3, retention_batch=2))
    world.set(PLAIN)
    for _ in range(10):
        world.run(world.trigger())
    assert world.services.scheduling.prune() == 7
    assert numbers(world) == [8, 9, 10]


@pytest.mark.parametrize("keep", [3, 4, 5, 9, 10, 11])
def test_kept_builds_are_counted_in_parts(store: Store, monkeypatch: pytest.MonkeyPatch, keep: int) -> None:
    monkeypatch.setattr(retention, "_COUNTED", 2)
    world = world_with(store, ServiceSettings(build_retention_count=keep))
    world.set(PLAIN)
    for _ in range(10):
        world.run(world.trigger())
    world.services.scheduling.prune()
    assert numbers(world) == list(range(1, 11))[-keep:]


def test_old_builds_go_but_never_the_last_nor_one_that_runs(store: Store) -> None:
    world = world_with(store, ServiceSettings(build_retention_age=30 * DAY))
    world.set(PLAIN)
    world.run(world.trigger())
    running = world.trigger()
    world.claim(running)
    world.run(world.trigger())
    world.clock.advance(31 * DAY)
    world.services.scheduling.prune()
    assert numbers(world) == [2, 3]


def test_pruning_makes_no_job_build_what_it_has_built(store: Store) -> None:
    world = world_with(store, ServiceSettings(build_retention_age=30 * DAY))
    world.set(TRIGGERED)
    world.find_versions("1")
    world.run(world.builds()[0])
    world.clock.advance(31 * DAY)
    world.services.scheduling.prune()
    world.find_versions("1")
    assert numbers(world) == [1]


def test_logs_go_before_their_builds(store: Store) -> None:
    world = world_with(store, ServiceSettings(log_retention=7 * DAY, retention_batch=1))
    world.set(PLAIN)
    old = [world.run(world.trigger()) for _ in range(3)]
    world.clock.advance(8 * DAY)
    new = world.run(world.trigger())
    assert world.services.scheduling.prune() == 3
    assert [world.log(build) for build in old] == ["", "", ""]
    assert world.log(new) == "hello\n"
    assert len(numbers(world)) == 4
    assert [update for update in world.services.builds.follow(world.alice, old[0].id) if update and update.chunks] == []
