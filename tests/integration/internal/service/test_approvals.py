"""Builds that wait for people's approval."""

import pytest

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.errors import ConflictError, InvalidError, NotFoundError, PermissionDeniedError
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
