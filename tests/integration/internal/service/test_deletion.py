"""A pipeline is deleted: for everybody at once, and then bit by bit."""

import gevent
import pytest

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.errors import ConflictError, NotFoundError
from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.scheduler import Periods, Scheduler
from tests.integration.internal.service.conftest import OpenStore
from tests.integration.internal.service.test_scheduler import until
from tests.integration.internal.service.world import PLAIN, World


def delete(world: World) -> None:
    world.services.pipelines.delete(world.alice, "main", "p")


def rows(world: World, table: str = "builds") -> int:
    return int(world.store.session.rows(f"SELECT COUNT(*) FROM {table}")[0][0])  # type: ignore[attr-defined]


def test_what_runs_is_cancelled_and_what_waits_is_never_taken(world: World) -> None:
    world.set(PLAIN)
    running, waiting = world.trigger(), world.trigger()
    claim = world.claim(running).claim
    delete(world)
    ref = ClaimRef(id=running.id, claim=claim)
    assert world.beat([ref]) == [ref]
    assert [world.build(build).status for build in (running, waiting)] == [BuildStatus.CANCELLED] * 2
    with pytest.raises(ConflictError):
        world.claim(waiting)
    assert world.store.builds.started() == []
    assert world.store.builds.lines() == []


def test_a_build_made_by_somebody_who_looked_before_is_not_run(world: World) -> None:
    world.set(PLAIN)
    found = world.store.pipelines.find("main", "p")
    assert found
    job = world.store.jobs.find(found.id, "run")
    assert job
    delete(world)
    starter = world.services.builds._starter
    with world.store.transaction():
        late = starter.run(found, job).start("alice")[0]
    with pytest.raises(ConflictError, match="does not wait for a worker"):
        world.claim(late)
    world.schedule()
    world.services.scheduling.sweep()
    assert world.services.scheduling.delete_hidden() == 1
    assert rows(world) == rows(world, "pipelines") == 0


def test_a_new_one_of_that_name_begins_anew(world: World) -> None:
    world.set(PLAIN)
    old = [world.run(world.trigger()) for _ in range(3)]
    delete(world)
    with pytest.raises(NotFoundError):
        world.trigger()
    world.set(PLAIN)
    new = world.run(world.trigger())
    assert (new.number, new.status) == (1, BuildStatus.SUCCEEDED)
    assert world.services.scheduling.delete_hidden() == 1
    assert world.services.scheduling.delete_hidden() == 0
    assert [build.id for build in world.builds()] == [new.id]
    assert world.log(new) == "hello\n"
    assert world.store.builds.get(old[0].id) is None


def test_deletion_that_was_cut_short_goes_on_at_the_next_start(world: World) -> None:
    world.set(PLAIN)
    for _ in range(3):
        world.run(world.trigger())
    delete(world)
    deletions = world.store.deletions
    with world.store.transaction():
        taken = deletions.take()
        assert taken
        deletions.delete_some(taken, 0)  # and then the server was killed
    scheduler = Scheduler(world.services, Periods())
    scheduler.start()
    until(lambda: rows(world, "pipelines") == 0)
    scheduler.stop()
    assert rows(world) == rows(world, "jobs") == rows(world, "log_chunks") == 0


def test_a_deletion_is_begun_without_waiting_for_a_period(world: World) -> None:
    scheduler = Scheduler(world.services, Periods(delete=3600))
    scheduler.start()
    gevent.sleep(0.01)
    world.set(PLAIN)
    world.trigger()
    delete(world)
    until(lambda: rows(world, "pipelines") == 0)
    scheduler.stop()


def test_two_servers_delete_one_pipeline(open_shared_store: OpenStore) -> None:
    first, second = World(open_shared_store()), World(open_shared_store())
    first.register()
    for name in "pq":
        first.set(PLAIN, name)
        for _ in range(20):
            first.trigger(pipeline=name)
        first.services.pipelines.delete(first.alice, "main", name)

    def work(world: World) -> None:
        while world.services.scheduling.delete_hidden():
            pass

    gevent.joinall([gevent.spawn(work, world) for world in (first, second)], raise_error=True)
    work(first)
    assert rows(first) == rows(first, "pipelines") == 0
