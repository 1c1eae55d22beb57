"""Cancelling, commands to workers, retrying."""

import pytest

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.errors import ConflictError, NotFoundError, PermissionDeniedError
from pikoci.internal.domain.events import BuildFinished
from pikoci.internal.domain.gateway import ClaimRef, Heartbeat, WorkerCommand
from tests.integration.internal.service.test_trigger import GATED, limited
from tests.integration.internal.service.world import PLAIN, World


def commands(world: World, *claims: ClaimRef) -> list[WorkerCommand]:
    beat = Heartbeat(name="w", instance="i1", state="running", builds=list(claims))
    return world.services.gateway.heartbeat(beat).commands


def cancel(world: World, number: str = "1") -> BuildStatus:
    return world.services.builds.cancel(world.alice, "main", "p", "run", number).status


def test_a_waiting_build_is_cancelled_at_once_and_cannot_be_claimed(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    assert cancel(world) is BuildStatus.CANCELLED
    with pytest.raises(ConflictError):
        world.claim(build)
    ended = world.build(build)
    assert ended.reason == "cancelled by alice"
    assert ended.finished_at == world.clock.now()


def test_a_running_build_is_cancelled_through_its_worker(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = ClaimRef(id=build.id, claim=world.claim(build).claim)
    stream = world.services.gateway.commands("w", "i1")
    world.services.context.bus.notify("worker/w")
    assert cancel(world) is BuildStatus.STARTED
    wanted = WorkerCommand(kind="cancel", build_id=build.id, claim=claim.claim, reason="cancelled by alice")
    assert next(stream) == wanted
    assert commands(world, claim) == [wanted]
    assert commands(world, claim) == [wanted]  # until obeyed
    world.report(build, claim.claim, 1, BuildFinished(status=BuildStatus.CANCELLED, at=world.clock.now()))
    assert world.build(build).reason == "cancelled by alice"
    assert commands(world, claim) == []
    stream.close()


def test_the_stream_of_commands_wakes_at_once(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    world.claim(build)
    bus = world.services.context.bus
    with bus.subscribe("worker/w") as wakeup:
        cancel(world)
        assert wakeup.wait(0)


def test_the_stream_ends_when_another_instance_takes_the_name(world: World) -> None:
    stream = world.services.gateway.commands("w", "i1")
    world.register("i2")
    assert list(stream) == []


def test_cancelling_twice_is_cancelling_once_and_an_end_stays(world: World) -> None:
    world.set(PLAIN)
    world.trigger()
    assert cancel(world) is BuildStatus.CANCELLED
    assert cancel(world) is BuildStatus.CANCELLED
    world.run(world.trigger())
    with pytest.raises(ConflictError, match="has ended: it is succeeded"):
        cancel(world, "2")


def test_a_result_that_was_on_its_way_counts_more_than_the_wish_to_cancel(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    cancel(world)
    world.report(build, claim, 1, *world.events())
    assert world.build(build).status is BuildStatus.SUCCEEDED


def test_a_cancelled_build_whose_worker_is_lost_is_cancelled(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    world.claim(build)
    cancel(world)
    world.clock.advance(31)
    world.services.scheduling.sweep()
    assert world.build(build).status is BuildStatus.CANCELLED


def test_a_cancelled_build_frees_its_slot(world: World) -> None:
    world.set(limited("concurrency = 1"))
    first, second = world.trigger(), world.trigger()
    world.publisher.take()
    cancel(world, first.name)
    world.schedule()
    assert world.publisher.take() == [second.id]


def test_workers_can_be_drained_and_cordoned(world: World) -> None:
    workers = world.services.workers
    workers.drain(world.alice, "w")
    assert commands(world) == [WorkerCommand(kind="drain")]
    world.register("i1")
    assert commands(world) == [WorkerCommand(kind="drain")]
    world.register("i2")
    world.register("i1")
    workers.cordon(world.alice, "w")
    assert commands(world) == [WorkerCommand(kind="cordon")]
    beat = Heartbeat(name="w", instance="i1", state="cordoned")
    assert world.services.gateway.heartbeat(beat).commands == []
    workers.uncordon(world.alice, "w")
    assert world.services.gateway.heartbeat(beat).commands == [WorkerCommand(kind="uncordon")]
    with pytest.raises(NotFoundError):
        workers.drain(world.alice, "nobody")


def test_a_drained_worker_may_start_again(world: World) -> None:
    world.services.workers.drain(world.alice, "w")
    world.register("i2")
    beat = Heartbeat(name="w", instance="i2", state="running")
    assert world.services.gateway.heartbeat(beat).commands == []


def test_the_fleet_shows_who_runs_what_and_who_is_silent(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    world.claim(build)
    (view,) = world.services.workers.list(world.alice)
    held = [(found.build.id, found.team, found.pipeline) for found in view.builds]
    assert (view.worker.name, view.worker.state, held) == ("w", "running", [(build.id, world.team, "p")])
    with pytest.raises(ConflictError, match="alive"):
        world.services.workers.delete(world.alice, "w")
    world.clock.advance(31)
    assert world.services.workers.list(world.alice)[0].worker.state == "stalled"


def test_a_retry_takes_the_very_versions(world: World) -> None:
    world.set(GATED)
    world.find_versions("1")
    first = world.run(world.trigger())
    world.find_versions("2")
    world.publisher.take()
    again = world.services.builds.retry(world.alice, "main", "p", "run", "1")
    assert again.name == "1.1"
    assert world.taken(again) == {"repo": "1"}
    assert world.publisher.take() == [again.id]
    world.run(again)
    assert world.services.builds.retry(world.alice, "main", "p", "run", "1.1").name == "1.2"
    assert first.name == "1"


def test_only_ended_builds_are_retried_and_jobs_can_refuse(world: World) -> None:
    world.set(PLAIN)
    world.trigger()
    with pytest.raises(ConflictError, match="has not ended"):
        world.services.builds.retry(world.alice, "main", "p", "run", "1")
    world.set(limited("disable_retry = true"))
    with pytest.raises(ConflictError, match="disable_retry"):
        world.services.builds.retry(world.alice, "main", "p", "run", "1")


@pytest.mark.parametrize("number", ["0", "2", "1.5", "x", "1.", "-1", "1.0", "9" * 30, ""])
def test_an_unknown_number_is_not_found(world: World, number: str) -> None:
    world.set(PLAIN)
    world.trigger()
    with pytest.raises(NotFoundError, match="has no build"):
        world.services.builds.get(world.alice, "main", "p", "run", number)


def test_members_do_what_their_role_allows(world: World) -> None:
    world.set(PLAIN)
    assert world.alice.user is not None
    with world.store.transaction():
        user = world.store.accounts.create_user("bob", "no hash", is_admin=False, must_change_password=False)
    reader = Principal(user=user, roles={"main": Role.READ})
    assert world.services.pipelines.get(reader, "main", "p").pipeline.name == "p"
    with pytest.raises(PermissionDeniedError, match="role write"):
        world.services.builds.trigger(reader, "main", "p", "run")
    with pytest.raises(NotFoundError):
        world.services.builds.trigger(Principal(user=user), "main", "p", "run")
