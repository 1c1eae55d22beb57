"""Killed between any two lines: whatever dies, every build reaches an end, and none runs twice at a time."""

import pytest

from pikoci.internal.domain.build import Build, BuildStatus, StepStatus
from pikoci.internal.domain.errors import ConflictError, NotFoundError, StaleClaimError
from pikoci.internal.domain.events import StepStarted
from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.service.plumbing.settings import ServiceSettings
from tests.integration.internal.service.world import PLAIN, World


def sweep(world: World) -> None:
    world.services.scheduling.sweep()
    world.schedule()


def waiting_beside(world: World, *, running: int, waiting: int) -> list[Build]:
    """Builds that were published long ago, while the worker of four slots runs so many others."""
    taken, builds = [[world.trigger() for _ in range(number)] for number in (running, waiting)]
    refs = [ClaimRef(id=build.id, claim=world.claim(build).claim) for build in taken]
    world.publisher.take()
    world.clock.advance(20)
    assert world.beat(refs) == []
    return builds


def test_a_message_that_was_never_sent_is_sent_by_the_sweeper(world: World) -> None:
    world.set(PLAIN)
    world.publisher.away = True
    build = world.trigger()
    world.publisher.away = False
    world.clock.advance(14)
    sweep(world)
    assert world.publisher.take() == []
    world.clock.advance(2)
    sweep(world)
    assert world.publisher.take() == [build.id]
    sweep(world)
    assert world.publisher.take() == []
    assert world.run(build).status is BuildStatus.SUCCEEDED


def test_messages_are_not_piled_up_while_the_workers_are_busy(world: World) -> None:
    world.set(PLAIN)
    builds = waiting_beside(world, running=4, waiting=3)
    world.publisher.known_depth = 3
    sweep(world)
    assert world.publisher.take() == []
    world.publisher.known_depth = 2
    sweep(world)
    assert world.publisher.take() == [build.id for build in builds]


def test_what_waits_beside_free_slots_is_published_again_whatever_the_broker_says(world: World) -> None:
    """Its messages may be held up, or it counts some that are done with."""
    world.set(PLAIN)
    builds = waiting_beside(world, running=2, waiting=3)
    world.publisher.known_depth = 5
    sweep(world)
    assert world.publisher.take() == [build.id for build in builds[:2]]
    sweep(world)
    assert world.publisher.take() == [builds[2].id]
    sweep(world)
    assert world.publisher.take() == []


def test_a_crowd_that_merely_waits_hides_no_lost_message(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pikoci.internal.service.lifecycle.scheduling._SWEEP_BATCH", 3)
    world.set(f"{PLAIN}\n{PLAIN.replace(chr(34) + 'run' + chr(34), chr(34) + 'other' + chr(34), 1)}")
    refs = [ClaimRef(id=build.id, claim=world.claim(build).claim) for build in [world.trigger() for _ in range(4)]]
    crowd = [world.trigger() for _ in range(7)]
    world.clock.advance(1)
    hidden = world.trigger("other")
    world.publisher.take()
    world.clock.advance(20)
    assert world.beat(refs) == []
    world.publisher.known_depth = 3
    sweep(world)
    sweep(world)
    assert world.publisher.take() == []
    world.publisher.known_depth = 1
    sweep(world)
    assert world.publisher.take() == [crowd[-1].id, hidden.id]


def test_a_server_that_starts_publishes_at_once_what_an_earlier_one_had(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    world.publisher.take()
    world.clock.advance(1)
    world.services.scheduling.recover()
    assert world.publisher.take() == [build.id]


def test_only_one_worker_gets_a_build(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    world.claim(build)
    with pytest.raises(ConflictError):
        world.services.gateway.claim_build(build.id, "another", "i9")
    with pytest.raises(ConflictError):
        world.services.gateway.claim_build(999, "w", "i1")


def test_an_answer_that_was_lost_is_given_again_until_the_first_report(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    assert world.claim(build) == world.claim(build)
    world.report(build, 1, 1, world.events()[0])
    with pytest.raises(ConflictError):
        world.claim(build)


def test_a_renewed_lease_keeps_the_build(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = ClaimRef(id=build.id, claim=world.claim(build).claim)
    for _ in range(10):
        world.clock.advance(20)
        assert world.beat([claim]) == []
        sweep(world)
    assert world.build(build).status is BuildStatus.STARTED


def test_a_lapsed_lease_runs_the_build_again(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    world.report(build, claim, 1, StepStarted(step="1", name="t", kind="task", at=world.clock.now()))
    world.publisher.take()
    world.clock.advance(31)
    sweep(world)
    again = world.build(build)
    assert (again.status, again.requeues, again.worker) == (BuildStatus.PENDING, 1, None)
    assert again.reason == ""  # what it waits for is worked out where it is shown
    assert world.publisher.take() == [build.id]
    assert "worker w was lost: it sent no heartbeat in time; the build runs again" in world.log(build)
    assert [step.status for step in world.store.builds.steps(build.id, claim)] == [StepStatus.ERRORED]
    assert world.beat([ClaimRef(id=build.id, claim=claim)]) == [ClaimRef(id=build.id, claim=claim)]
    with pytest.raises(StaleClaimError):
        world.report(build, claim, 2, *world.events())
    assert world.run(build).status is BuildStatus.SUCCEEDED


def test_too_many_losses_end_the_build(impatient: World) -> None:
    impatient.set(PLAIN)
    build = impatient.trigger()
    for _ in range(2):
        impatient.claim(build)
        impatient.clock.advance(31)
        sweep(impatient)
    ended = impatient.build(build)
    assert ended.status is BuildStatus.ERRORED
    assert ended.reason.endswith("given up after 1 requeues")
    assert ended.finished_at == impatient.clock.now()


def test_a_job_can_opt_out_of_running_again(world: World) -> None:
    world.set(PLAIN.replace('job "run" {', 'job "run" {\n      requeue_on_worker_loss = false\n'))
    build = world.trigger()
    world.claim(build)
    world.clock.advance(31)
    sweep(world)
    ended = world.build(build)
    assert ended.status is BuildStatus.ERRORED
    assert "requeue_on_worker_loss = false" in ended.reason


def test_a_worker_that_starts_again_gives_up_what_it_had_at_once(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    world.claim(build, "i1")
    world.publisher.take()
    world.register("i2")
    world.schedule()
    assert world.publisher.take() == [build.id]
    assert world.claim(build, "i2").claim == 2
    assert "worker w was started again" in world.log(build)


def test_registering_again_as_the_same_instance_takes_nothing_away(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    world.claim(build)
    world.register("i1")
    assert world.build(build).status is BuildStatus.STARTED


def test_a_program_killed_and_started_again_goes_on(world: World) -> None:
    """Server and embedded worker die together: the queue in memory is empty, the worker has a new instance."""
    world.set(PLAIN)
    running, waiting = world.trigger(), world.trigger()
    world.claim(running)
    reborn = World(world.store)
    reborn.clock.time = world.clock.now() + 5
    reborn.register("i2")
    reborn.services.scheduling.recover()
    reborn.schedule()
    assert sorted(reborn.publisher.take()) == [running.id, waiting.id]
    for build in (running, waiting):
        assignment = reborn.claim(build, "i2")
        reborn.report(build, assignment.claim, 1, *reborn.events())
        assert reborn.build(build).status is BuildStatus.SUCCEEDED


def test_leases_get_grace_when_the_server_was_away(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = ClaimRef(id=build.id, claim=world.claim(build).claim)
    world.clock.advance(3600)
    world.services.scheduling.recover()
    sweep(world)
    world.clock.advance(29)
    sweep(world)
    assert world.beat([claim]) == []
    assert world.build(build).status is BuildStatus.STARTED


def test_a_displaced_worker_and_an_unknown_one_are_told_apart(world: World) -> None:
    world.register("i2")
    with pytest.raises(ConflictError, match="another process"):
        world.beat(instance="i1")
    world.clock.advance(60)
    world.services.workers.delete(world.alice, "w")
    with pytest.raises(NotFoundError, match="not registered"):
        world.beat(instance="i2")


def test_a_slot_held_by_a_lost_build_is_given_to_it_first(world: World) -> None:
    world.set(PLAIN.replace('job "run" {', 'job "run" {\n      concurrency = 1\n'))
    first, second = world.trigger(), world.trigger()
    world.claim(first)
    world.publisher.take()
    world.clock.advance(31)
    sweep(world)
    assert world.publisher.take() == [first.id]
    assert world.build(second).dispatched_at is None


def test_the_default_settings_fit_the_design() -> None:
    settings = ServiceSettings()
    assert (settings.heartbeat_interval, settings.lease, settings.max_requeues) == (5.0, 30.0, 3)
