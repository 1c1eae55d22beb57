"""Builds that wait for people's approval."""

from functools import partial

import pytest

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.errors import ConflictError, InvalidError, NotFoundError, PermissionDeniedError
from pikoci.internal.service.plumbing.bus import build_topic
from tests.integration.internal.service.test_checks import TRIGGERED
from tests.integration.internal.service.test_trigger import GATED, limited
from tests.integration.internal.service.world import PLAIN, TYPE, World

WAITING, PENDING, STARTED = BuildStatus.WAITING, BuildStatus.PENDING, BuildStatus.STARTED
FAILED, CANCELLED, SUCCEEDED = BuildStatus.FAILED, BuildStatus.CANCELLED, BuildStatus.SUCCEEDED
ONE = 'approve "release" {}'
TWO = 'approve "release" {\n approvals = 2\n }'
TIMED = 'approve "release" {\n timeout = "1h"\n }'


def asking(settings: str = ONE, base: str = PLAIN) -> str:
    return base.replace('job "run" {', f'job "run" {{\n      {settings}\n')


def person(world: World, name: str, role: Role = Role.MAINTAIN) -> Principal:
    """A member of the team."""
    with world.store.transaction():
        user = world.store.accounts.find_user(name) or world.store.accounts.create_user(
            name, "no hash", is_admin=False, must_change_password=False
        )
    return Principal(user=user, roles={"main": role})


def approve(world: World, build: Build, who: Principal | None = None, label: str = "", reason: str = "") -> Build:
    return world.services.approvals.approve(
        who or world.alice, "main", "p", build.job, build.name, label=label, reason=reason
    )


def reject(world: World, build: Build, who: Principal | None = None, reason: str = "no", label: str = "") -> Build:
    return world.services.approvals.reject(who or world.alice, "main", "p", build.job, build.name, reason, label=label)


def retry(world: World, build: Build) -> Build:
    return world.services.builds.retry(world.alice, "main", "p", build.job, build.name)


def test_a_build_waits_without_a_slot_until_it_is_approved(world: World) -> None:
    world.set(asking())
    build = world.trigger()
    assert (build.status, build.dispatched_at) == (WAITING, None)
    assert build.reason == "needs approval: release has 0 of 1 approvals"
    world.schedule()
    world.services.scheduling.sweep()
    assert world.publisher.take() == []
    approved = approve(world, build)
    assert (approved.status, approved.approved_at, approved.waits_until) == (PENDING, world.clock.now(), None)
    world.schedule()
    assert world.publisher.take() == [build.id]
    assert world.run(build).status is SUCCEEDED


def test_it_takes_as_many_people_as_are_asked_for(world: World) -> None:
    world.set(asking(TWO))
    build = world.trigger()
    assert approve(world, build).reason == "needs approval: release has 1 of 2 approvals"
    assert approve(world, build).status is WAITING  # the same vote again
    bob = approve(world, build, person(world, "bob"), reason=" seen on staging ")
    assert bob.status is PENDING
    (standing,) = world.detail(build).approvals
    assert (standing.given, standing.missing) == (2, 0)
    assert [(vote.voter, vote.approves, vote.reason) for vote in standing.votes] == [
        ("alice", True, ""),
        ("bob", True, "seen on staging"),
    ]


def test_the_same_vote_again_is_harmless_also_when_the_build_went_on(world: World) -> None:
    world.set(asking())
    build = world.trigger()
    approve(world, build)
    assert approve(world, build).status is PENDING
    world.schedule()
    world.claim(build)
    assert approve(world, build).status is STARTED
    assert len(world.store.builds.votes(build.id)) == 1


def test_each_approve_block_must_have_its_approvals(world: World) -> None:
    world.set(asking(f'{ONE}\n approve "legal" {{}}'))
    build = world.trigger()
    with pytest.raises(ConflictError, match="waits for several approvals") as asked:
        approve(world, build)
    assert asked.value.hint == "say for which you vote: release, legal"
    with pytest.raises(NotFoundError, match="waits for no approval `lego`"):
        approve(world, build, label="lego")
    assert approve(world, build, label="release").reason == "needs approval: legal has 0 of 1 approvals"
    assert approve(world, build, label="legal").status is PENDING


def test_one_rejection_fails_the_build_whoever_approved(world: World) -> None:
    world.set(asking(TWO))
    build = world.trigger()
    approve(world, build, person(world, "bob"))
    rejected = reject(world, build, reason="the migration is not ready")
    assert (rejected.status, rejected.finished_at) == (FAILED, world.clock.now())
    assert rejected.reason == "release was rejected by alice: the migration is not ready"
    assert reject(world, build).status is FAILED  # the same vote again
    assert world.build(build).reason == rejected.reason
    assert world.detail(build).steps == []


def test_who_approved_may_still_reject(world: World) -> None:
    world.set(asking(TWO))
    build = world.trigger()
    approve(world, build)
    assert reject(world, build).status is FAILED
    assert [vote.approves for vote in world.store.builds.votes(build.id)] == [False]


@pytest.mark.parametrize(
    ("reason", "message"), [("", "needs a reason"), (" \n", "needs a reason"), ("x" * 1001, "more than 1000")]
)
def test_a_rejection_says_why_and_not_at_length(world: World, reason: str, message: str) -> None:
    world.set(asking())
    build = world.trigger()
    with pytest.raises(InvalidError, match=message):
        reject(world, build, reason=reason)
    assert world.build(build).status is WAITING


def test_a_rejected_build_is_no_warning_and_passes_nothing(world: World) -> None:
    after = TYPE + PLAIN.replace("run", "before", 1).replace("{", "{\n allow_failure = true\n" + ONE, 1)
    world.set(
        after.replace('task "t"', 'get "made" "repo" {}\n task "t"')
        + 'job "run" {\n get "made" "repo" {\n passed = ["before"]\n trigger = true\n }\n }'
    )
    world.find_versions("1")
    build = world.trigger("before")
    assert reject(world, build).status is FAILED
    world.schedule()
    assert world.builds() == []


@pytest.mark.parametrize("end", [SUCCEEDED, FAILED])
def test_a_vote_on_an_ended_build_is_refused(world: World, end: BuildStatus) -> None:
    world.set(asking())
    build = world.trigger()
    approve(world, build)
    world.schedule()
    world.run(build, end)
    for vote in (approve, reject):
        for who in (world.alice, person(world, "bob")):
            with pytest.raises(ConflictError, match=f"build run#1 has ended: it is {end}"):
                vote(world, build, who)
    assert len(world.store.builds.votes(build.id)) == 1


def test_a_vote_on_a_build_that_asks_for_none_is_refused(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    with pytest.raises(ConflictError, match="build run#1 waits for no approval: it is pending"):
        approve(world, build)
    with pytest.raises(NotFoundError, match="no build 2"):
        world.services.approvals.approve(world.alice, "main", "p", "run", "2")


def test_a_member_without_the_role_may_not_vote_and_earlier_votes_stay(world: World) -> None:
    world.set(asking(TWO))
    build = world.trigger()
    approve(world, build, person(world, "bob"))
    with pytest.raises(PermissionDeniedError):
        approve(world, build, person(world, "bob", Role.WRITE))
    assert approve(world, build).status is PENDING  # bob's counts as it was given


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
