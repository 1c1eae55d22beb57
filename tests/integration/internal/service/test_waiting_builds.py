"""The life of builds that wait for people's approval: time, changes, retries and who sees them."""

from functools import partial

import pytest

from pikoci.internal.domain.accounts import Principal
from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.service.plumbing.bus import build_topic
from tests.integration.internal.service.test_approvals import (
    CANCELLED,
    FAILED,
    ONE,
    PENDING,
    SUCCEEDED,
    TIMED,
    TWO,
    WAITING,
    approve,
    asking,
    person,
    reject,
    retry,
)
from tests.integration.internal.service.test_checks import TRIGGERED
from tests.integration.internal.service.test_trigger import GATED, limited
from tests.integration.internal.service.world import PLAIN, World


def test_a_build_that_is_not_approved_in_time_fails(world: World) -> None:
    world.set(asking(TIMED))
    build = world.trigger()
    world.clock.advance(3599)
    world.services.scheduling.sweep()
    assert world.build(build).status is WAITING
    world.clock.advance(1)
    with pytest.raises(ConflictError, match="the time to approve build run#1 is over"):
        approve(world, build)
    world.services.scheduling.sweep()
    ended = world.build(build)
    assert (ended.status, ended.finished_at) == (FAILED, world.clock.now())
    assert ended.reason == "not approved in time: release has 0 of 1 approvals after 1h"
    with pytest.raises(ConflictError, match="has ended: it is failed"):
        approve(world, build)


def test_the_time_of_an_approval_that_was_given_counts_no_more(world: World) -> None:
    world.set(asking(f'{TIMED}\n approve "legal" {{\n timeout = "3h"\n }}'))
    build = world.trigger()
    assert build.waits_until == world.clock.now() + 3600
    approve(world, build, label="release")
    world.clock.advance(2 * 3600)
    world.services.scheduling.sweep()
    assert world.build(build).status is WAITING
    world.clock.advance(3600)
    world.services.scheduling.sweep()
    assert world.build(build).reason == "not approved in time: legal has 0 of 1 approvals after 3h"


def test_the_time_goes_on_while_no_server_runs(world: World) -> None:
    world.set(asking(TIMED))
    build = world.trigger()
    again = World(world.store)
    again.clock.advance(3601)
    again.services.scheduling.recover()
    again.services.scheduling.sweep()
    assert again.build(build).status is FAILED


def test_a_waiting_build_is_cancelled_at_once(world: World) -> None:
    world.set(asking())
    build = world.trigger()
    assert world.services.builds.cancel(world.alice, "main", "p", "run", "1").status is CANCELLED
    with pytest.raises(ConflictError, match="has ended: it is cancelled"):
        approve(world, build)


def test_its_inputs_are_those_that_it_had_when_it_began_to_wait(world: World) -> None:
    world.set(asking(base=GATED))
    world.find_versions("1")
    build = world.trigger()
    world.find_versions("1", "2")
    approve(world, build)
    world.schedule()
    assert world.taken(build) == {"repo": "1"}
    assert world.run(build).status is SUCCEEDED


def test_a_build_without_inputs_is_pending_and_waits_for_approval_when_it_has_them(world: World) -> None:
    world.set(asking(TIMED, base=GATED))
    build = world.trigger()
    assert build.status is PENDING
    with pytest.raises(ConflictError, match="build run#1 has no inputs yet that could be approved"):
        approve(world, build)
    world.clock.advance(7200)  # the time to approve has not begun
    world.services.scheduling.sweep()
    world.find_versions("1")
    waiting = world.build(build)
    assert (waiting.status, waiting.waits_until) == (WAITING, world.clock.now() + 3600)
    assert world.taken(build) == {"repo": "1"}
    assert world.publisher.take() == []
    assert approve(world, build).waits_until is None
    world.schedule()
    assert world.publisher.take() == [build.id]


def test_new_versions_make_builds_that_wait(world: World) -> None:
    world.set(asking(base=TRIGGERED))
    world.find_versions("1")
    world.find_versions("1", "2")
    assert [build.status for build in world.builds()] == [WAITING, WAITING]
    assert world.publisher.take() == []


def test_one_that_waits_keeps_nobody_from_its_slot(world: World) -> None:
    config = asking(f'concurrency = 1\n serial_groups = ["g"]\n {ONE}')
    world.set(config + limited('serial_groups = ["g"]').replace('"run"', '"other"'))
    first, second = world.trigger(), world.trigger()
    other = world.trigger("other")
    assert world.publisher.take() == [other.id]
    approve(world, second)
    world.schedule()
    assert world.reason(second) == "serial group g: a build of job other waits for a worker"
    world.run(other)
    assert world.publisher.take() == [second.id]
    assert world.build(first).status is WAITING


def test_a_pause_keeps_an_approved_build(world: World) -> None:
    world.set(asking())
    world.services.pipelines.pause(world.alice, "main", "p")
    build = world.trigger()
    assert build.status is WAITING
    assert approve(world, build).reason == "pipeline p is paused"
    world.schedule()
    assert world.publisher.take() == []
    world.services.pipelines.unpause(world.alice, "main", "p")
    world.schedule()
    assert world.publisher.take() == [build.id]


def test_a_retry_skips_what_its_original_was_given(world: World) -> None:
    world.set(asking())
    build = world.trigger()
    approve(world, build)
    world.schedule()
    world.run(build, FAILED)
    world.publisher.take()
    again = retry(world, build)
    assert (again.status, again.approved_at) == (PENDING, world.build(build).approved_at)
    assert world.publisher.take() == [again.id]
    assert world.detail(again).approvals == []
    world.run(again, FAILED)
    assert retry(world, again).status is PENDING


@pytest.mark.parametrize("how", ["rejected", "cancelled", "made before"])
def test_a_retry_of_what_nobody_approved_waits(world: World, how: str) -> None:
    world.set(PLAIN if how == "made before" else asking())
    build = world.trigger()
    if how == "rejected":
        reject(world, build)
    elif how == "cancelled":
        world.services.builds.cancel(world.alice, "main", "p", "run", "1")
    else:
        world.run(build)
    world.set(asking())
    again = retry(world, build)
    assert again.status is WAITING
    assert world.detail(again).approvals[0].votes == []
    assert approve(world, again).status is PENDING


def test_a_build_that_lost_its_worker_is_not_to_be_approved_again(world: World) -> None:
    world.set(asking())
    build = world.trigger()
    approve(world, build)
    world.schedule()
    world.claim(build)
    world.clock.advance(60)
    world.services.scheduling.sweep()
    world.schedule()
    assert world.build(build).status is PENDING
    assert world.publisher.take()[-1] == build.id


def test_what_it_waits_for_is_what_the_job_asked_for_when_it_began_to(world: World) -> None:
    world.set(asking())
    build = world.trigger()
    world.set(asking(TWO.replace("release", "legal")))
    assert approve(world, build, label="release").status is PENDING


def test_a_build_of_a_job_that_left_the_file_keeps_waiting_and_can_be_ended(world: World) -> None:
    other = PLAIN.replace('"run"', '"other"')
    world.set(asking(TIMED))
    build, rejected, late = (world.trigger() for _ in range(3))
    world.set(other)
    assert reject(world, rejected).status is FAILED
    assert approve(world, build).status is PENDING
    world.schedule()
    assert world.publisher.take() == []
    world.clock.advance(3600)
    world.services.scheduling.sweep()
    assert world.build(late).status is FAILED
    world.set(asking())
    world.schedule()
    assert world.publisher.take() == [build.id]


def test_a_newer_build_stops_one_that_waits_once_it_may_run_itself(world: World) -> None:
    world.set(asking(f"interruptible = true\n {ONE}"))
    old, new = world.trigger(), world.trigger()
    world.schedule()
    assert [world.build(build).status for build in (old, new)] == [WAITING, WAITING]
    approve(world, new)
    world.schedule()
    assert world.build(old).status is CANCELLED
    assert world.build(old).reason == "build run#2 is newer, and the job is interruptible"
    assert world.publisher.take() == [new.id]


def test_one_that_waits_stops_none_that_runs(world: World) -> None:
    world.set(asking(f"interruptible = true\n {ONE}"))
    old = world.trigger()
    approve(world, old)
    world.schedule()
    world.claim(old)
    new = world.trigger()
    world.schedule()
    assert world.build(old).cancel_requested_at is None
    approve(world, new)
    world.schedule()
    assert world.build(old).cancel_requested_at is not None


def test_who_follows_a_build_is_told_of_each_vote(world: World) -> None:
    world.set(asking(TWO))
    build = world.trigger()
    updates = world.services.builds.follow(world.alice, build.id)
    reasons = []
    for vote in (partial(approve, world, build), partial(reject, world, build, person(world, "bob"))):
        update = next(updates)
        assert update is not None
        assert update.build is not None
        reasons.append(update.build.reason)
        vote()
    last = next(updates)
    assert last is not None
    assert last.build is not None
    assert last.build.status is FAILED
    assert reasons == [f"needs approval: release has {given} of 2 approvals" for given in (0, 1)]
    updates.close()


def test_who_watches_is_woken_by_each_vote(world: World) -> None:
    world.set(asking(TWO))
    build = world.trigger()
    for vote in (approve, reject):
        with world.services.context.bus.subscribe(build_topic(build.id)) as wakeup:
            vote(world, build)
            assert wakeup.wait(0)


def test_strangers_see_that_a_published_build_waits_and_nothing_of_who_votes(world: World) -> None:
    world.set(asking(TWO))
    build = world.trigger()
    approve(world, build)
    world.services.pipelines.publish(world.alice, "main", "p")
    seen = world.services.builds.get(Principal(), "main", "p", "run", "1")
    assert seen.build.status is WAITING
    assert (seen.build.reason, seen.build.gates, seen.approvals) == ("", None, [])
    reject(world, build)
    seen = world.services.builds.get(Principal(), "main", "p", "run", "1")
    assert (seen.build.status, seen.build.reason) == (FAILED, "")


def test_metrics_lists_and_the_job_know_that_it_waits(world: World) -> None:
    world.set(asking())
    build = world.trigger()
    assert world.services.monitoring.counts()[WAITING] == 1
    page = world.services.builds.list(world.alice, "main", "p", "run", statuses=[WAITING])
    assert [one.id for one in page.items] == [build.id]
    assert world.services.jobs.get(world.alice, "main", "p", "run").now is WAITING


def test_votes_go_with_their_build(world: World) -> None:
    world.set(asking())
    build = world.trigger()
    approve(world, build)
    world.services.pipelines.delete(world.alice, "main", "p")
    while world.services.scheduling.delete_hidden():
        pass
    assert world.store.builds.votes(build.id) == []
