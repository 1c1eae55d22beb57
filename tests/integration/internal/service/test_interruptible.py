"""Jobs where a newer build stops the older ones."""

from functools import partial

import pytest

from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.events import BuildFinished, BuildReturned
from pikoci.internal.domain.gateway import BuildAssignment, ClaimRef, WorkerCommand
from tests.integration.internal.service.conftest import OpenStore
from tests.integration.internal.service.test_cancel_retry import commands
from tests.integration.internal.service.test_checks import TRIGGERED
from tests.integration.internal.service.test_races import together
from tests.integration.internal.service.test_trigger import GATED, grouped, limited
from tests.integration.internal.service.world import World

STARTED, PENDING, CANCELLED = BuildStatus.STARTED, BuildStatus.PENDING, BuildStatus.CANCELLED
INTERRUPTIBLE = limited("interruptible = true")


def statuses(world: World, job: str = "run") -> list[BuildStatus]:
    return [build.status for build in world.builds(job)]


def is_told_to_stop(world: World, build: Build) -> bool:
    return world.build(build).cancel_requested_at is not None


def stop(world: World, assignment: BuildAssignment) -> None:
    """The worker obeys."""
    last = BuildFinished(status=CANCELLED, at=world.clock.now())
    world.services.gateway.report(assignment.build.id, assignment.claim, 1, [last])
    world.schedule()


def test_a_newer_build_stops_the_one_that_runs_and_is_named(world: World) -> None:
    world.set(INTERRUPTIBLE)
    old = world.trigger()
    claim = ClaimRef(id=old.id, claim=world.claim(old).claim)
    with world.services.context.bus.subscribe("worker/w") as wakeup:
        new = world.trigger()
        assert wakeup.wait(0)
    reason = "build run#2 is newer, and the job is interruptible"
    assert commands(world, claim) == [WorkerCommand(kind="cancel", build_id=old.id, claim=1, reason=reason)]
    world.report(old, claim.claim, 1, BuildFinished(status=CANCELLED, at=world.clock.now()))
    assert (world.build(old).status, world.build(old).reason) == (CANCELLED, reason)
    assert world.run(new).status is BuildStatus.SUCCEEDED


def test_other_jobs_and_jobs_without_it_go_on(world: World) -> None:
    world.set(grouped(a="interruptible = true", b=""))
    running = [world.trigger(job) for job in ("a", "b")]
    for build in running:
        world.claim(build)
    world.trigger("b")
    assert not any(is_told_to_stop(world, build) for build in running)


def test_builds_that_wait_are_cancelled_at_once_and_only_the_newest_runs(world: World) -> None:
    world.set(limited("interruptible = true\n concurrency = 1"))
    builds = [world.trigger()]
    first = world.claim(builds[0])
    builds += [world.trigger() for _ in range(3)]
    assert statuses(world) == [STARTED, CANCELLED, CANCELLED, PENDING]
    world.publisher.take()
    stop(world, first)
    assert world.publisher.take() == [builds[3].id]


def test_a_published_build_that_nobody_took_is_overtaken_too(world: World) -> None:
    world.set(INTERRUPTIBLE)
    world.trigger()
    new = world.trigger()
    assert statuses(world) == [CANCELLED, PENDING]
    assert world.claim(new).build.id == new.id


def test_of_many_new_versions_the_last_is_built(world: World) -> None:
    world.set(TRIGGERED.replace('job "run" {', 'job "run" {\n interruptible = true'))
    world.find_versions("0")
    old = world.builds()[0]
    world.claim(old)
    world.publisher.take()
    world.find_versions("1", "2", "3")
    assert is_told_to_stop(world, old)
    assert statuses(world) == [STARTED, CANCELLED, CANCELLED, PENDING]
    assert world.publisher.take() == [world.builds()[-1].id]


def test_in_a_serial_group_the_newer_one_waits_for_the_end_of_what_it_stopped(world: World) -> None:
    serial = 'serial_groups = ["g"]'
    world.set(grouped(a=f"interruptible = true\n {serial}", b=serial))
    old = world.trigger("a")
    assignment = world.claim(old)
    other, new = world.trigger("b"), world.trigger("a")
    assert is_told_to_stop(world, old)
    world.publisher.take()
    stop(world, assignment)
    assert world.publisher.take() == [other.id]
    world.run(other)
    assert world.publisher.take() == [new.id]


def test_a_build_without_versions_stops_nothing_until_it_has_them(world: World) -> None:
    world.set(GATED.replace('job "run" {', 'job "run" {\n interruptible = true'))
    (version,) = world.find_versions("1")
    old = world.trigger()
    world.claim(old)
    enable = partial(world.services.resources.set_version_enabled, world.alice, "main", "p", "made.repo", version.id)
    enable(enabled=False)
    world.schedule()
    world.trigger()
    assert not is_told_to_stop(world, old)
    enable(enabled=True)
    world.schedule()
    assert is_told_to_stop(world, old)


def test_a_paused_job_stops_nothing_until_it_goes_on(world: World) -> None:
    world.set(INTERRUPTIBLE)
    old = world.trigger()
    world.claim(old)
    world.services.jobs.pause(world.alice, "main", "p", "run")
    world.trigger()
    world.schedule()
    assert not is_told_to_stop(world, old)
    world.services.jobs.unpause(world.alice, "main", "p", "run")
    world.schedule()
    assert is_told_to_stop(world, old)


def test_a_job_that_becomes_interruptible_is_looked_at(world: World) -> None:
    world.set(limited("concurrency = 1"))
    old = world.trigger()
    world.claim(old)
    world.trigger()
    world.set(limited("concurrency = 1\n interruptible = true"))
    world.schedule()
    assert is_told_to_stop(world, old)


def test_a_retry_of_an_old_build_stops_no_newer_one_and_waits_beside_it(world: World) -> None:
    world.set(INTERRUPTIBLE)
    world.run(world.trigger())
    running = world.trigger()
    world.claim(running)
    retry = world.services.builds.retry(world.alice, "main", "p", "run", "1")
    assert (retry.name, retry.status) == ("1.1", PENDING)
    assert not is_told_to_stop(world, running)
    world.claim(retry)
    world.trigger()
    assert is_told_to_stop(world, running)
    assert is_told_to_stop(world, retry)
    assert world.build(retry).cancel_reason == "build run#3 is newer, and the job is interruptible"


def test_a_result_that_was_on_its_way_counts(world: World) -> None:
    world.set(INTERRUPTIBLE)
    old = world.trigger()
    claim = world.claim(old).claim
    world.trigger()
    world.report(old, claim, 1, *world.events())
    assert world.build(old).status is BuildStatus.SUCCEEDED


def test_a_build_that_ended_first_stays_as_it_is(world: World) -> None:
    world.set(INTERRUPTIBLE)
    old = world.run(world.trigger())
    world.trigger()
    assert world.build(old) == old


@pytest.mark.parametrize("newer_first", [True, False])
def test_what_a_draining_worker_gives_back_does_not_run_again_beside_a_newer_one(
    world: World, newer_first: bool
) -> None:
    world.set(INTERRUPTIBLE)
    old = world.trigger()
    claim = world.claim(old).claim
    if newer_first:
        world.trigger()
    world.report(old, claim, 1, BuildReturned(at=world.clock.now(), reason="the worker ends"))
    if not newer_first:
        world.trigger()
    world.schedule()
    assert statuses(world) == [CANCELLED, PENDING]


def test_a_build_that_lost_its_worker_does_not_come_back_either(world: World) -> None:
    world.set(INTERRUPTIBLE)
    old = world.trigger()
    world.claim(old)
    world.trigger()
    world.register("i2")
    world.schedule()
    assert world.build(old).status is CANCELLED


def test_a_crowd_is_overtaken_in_turns(world: World) -> None:
    world.set(limited("concurrency = 1"))
    for _ in range(230):
        world.trigger()
    world.set(limited("concurrency = 1\n interruptible = true"))
    world.schedule()
    assert statuses(world).count(CANCELLED) == 229


def test_servers_that_start_builds_at_once_leave_one(open_shared_store: OpenStore) -> None:
    servers = [World(open_shared_store()) for _ in range(3)]
    servers[0].register()
    servers[0].set(INTERRUPTIBLE)
    for turn in range(5):
        results = together(*(server.trigger for server in servers for _ in range(2)))
        assert not [one for one in results if isinstance(one, BaseException)]
        assert statuses(servers[0])[turn * 6 :] == [CANCELLED] * 5 + [PENDING]


def test_a_claim_a_cancel_and_an_end_may_race_with_a_newer_build(open_shared_store: OpenStore) -> None:
    servers = [World(open_shared_store()) for _ in range(2)]
    servers[0].register()
    servers[0].set(INTERRUPTIBLE)
    for _ in range(8):
        old = servers[0].trigger()
        assignment = servers[0].claim(old)
        end = partial(servers[1].services.gateway.report, old.id, assignment.claim, 1, servers[1].events())
        _, new = together(end, servers[0].trigger)
        assert isinstance(new, Build)
        ended = servers[0].build(old)
        assert ended.status is BuildStatus.SUCCEEDED
        taken, newest = together(partial(servers[1].claim, new), servers[0].trigger)
        assert isinstance(newest, Build)
        running = servers[0].build(new)
        if isinstance(taken, BuildAssignment) and taken.build.id == new.id:
            assert is_told_to_stop(servers[0], new)
        else:
            assert running.status is CANCELLED
        if servers[0].build(newest).status is PENDING:
            servers[0].run(newest)
