"""A build that begins to wait for approval is announced: by one worker, once at least, and to nobody in vain."""

import pytest

from pikoci.internal.domain.announcement import Announcement, AnnouncementStatus
from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.errors import ConflictError, StaleClaimError
from pikoci.internal.domain.gateway import AnnouncementAssignment, AnnouncementResult, Heartbeat, WorkerHello
from pikoci.internal.domain.levels import LEVEL
from pikoci.internal.service.plumbing.claimant import Claimant
from pikoci.internal.service.plumbing.tokens import WorkerClaims
from pikoci.internal.service.use_cases.gateway import WorkerGateway
from tests.integration.internal.service.world import PLAIN, TYPE, World

WAITING = BuildStatus.WAITING
TYPES = """
    notification_type "own" {
      notify "shell" { cmd = "true" }
    }
    notification "own" "team" {}
    notification "own" "boss" {}
"""
RELEASE = 'approve "release" {\n notify "own" "team" {}\n }'
LEGAL = 'approve "legal" {\n notify "own" "boss" { message = "please" }\n notify "own" "team" {}\n }'


def asking(settings: str = RELEASE, base: str = PLAIN) -> str:
    return TYPES + base.replace('job "run" {', f'job "run" {{\n      {settings}\n')


def announcements(world: World, build: Build) -> list[Announcement]:
    return world.detail(build).announcements


def ids(world: World, build: Build) -> list[int]:
    return [one.id for one in announcements(world, build)]


def states(world: World, build: Build) -> list[tuple[str, str]]:
    return [(one.status.value, one.reason) for one in announcements(world, build)]


def rung(world: World, queue: str = "checks") -> list[int]:
    """The announcements that were published since the last call."""
    found = [number for name, number in world.publisher.announced if name == queue]
    world.publisher.announced.clear()
    return found


def claim(world: World, announcement_id: int, instance: str = "i1") -> AnnouncementAssignment:
    return world.services.gateway.claim_announcement(announcement_id, "w", instance)


def finish(world: World, found: AnnouncementAssignment, error: str = "") -> None:
    world.services.gateway.finish_announcement(found.announcement_id, found.claim, AnnouncementResult(error=error))


def waiting(world: World, settings: str = RELEASE) -> tuple[Build, int]:
    """A build that waits, and the first of its announcements."""
    world.set(asking(settings))
    build = world.trigger()
    return build, ids(world, build)[0]


def test_a_build_that_waits_is_announced_by_each_notify(world: World) -> None:
    world.set(asking(f"{RELEASE}\n{LEGAL}"))
    build = world.trigger()
    assert rung(world) == ids(world, build)
    told = [(one.label, one.notification, one.status) for one in announcements(world, build)]
    assert told == [
        ("release", "own.team", "pending"),
        ("legal", "own.boss", "pending"),
        ("legal", "own.team", "pending"),
    ]
    for number in ids(world, build):
        finish(world, claim(world, number))
    assert states(world, build) == [("sent", "")] * 3
    world.clock.advance(1000)
    world.services.scheduling.sweep()
    assert rung(world) == []
    assert world.build(build).status is WAITING


def test_the_text_says_what_waits_and_for_whom(world: World) -> None:
    build, _ = waiting(world, 'approve "release" {\n approvals = 2\n notify "own" "team" {}\n }')
    world.services.approvals.approve(world.alice, "main", "p", "run", build.name)
    found = claim(world, ids(world, build)[0])
    assert found.text == "main/p/run#1 waits for approval: release has 1 of 2 approvals"
    (step,) = found.work.job.steps
    assert (step.id, found.work.claim) == (f"approve/{found.announcement_id}", 0)


def test_it_knows_the_versions_that_the_build_will_get_and_its_inputs(world: World) -> None:
    job = PLAIN.replace('task "t"', 'input "to" { default = "lab" }\n get "made" "repo" {}\n task "t"')
    world.set(asking(RELEASE, TYPE + job))
    world.find_versions("1")
    build = world.trigger()
    work = claim(world, ids(world, build)[0]).work
    assert (work.inputs, work.build.inputs) == ({"repo": {"v": "1"}}, {"INPUT_TO": "lab"})


def test_it_waits_for_no_slot(world: World) -> None:
    world.set(asking(f'concurrency = 1\n serial_groups = ["g"]\n {RELEASE}'))
    first = world.trigger()
    world.services.approvals.approve(world.alice, "main", "p", "run", first.name)
    world.schedule()
    world.claim(first)
    rung(world)
    second = world.trigger()
    assert rung(world) == ids(world, second)
    finish(world, claim(world, ids(world, second)[0]))
    assert states(world, second) == [("sent", "")]


def test_one_that_gets_its_inputs_later_is_announced_then(world: World) -> None:
    job = PLAIN.replace('task "t"', 'get "made" "repo" {}\n task "t"')
    world.set(asking(RELEASE, TYPE + job))
    build = world.trigger()
    assert (world.build(build).status, announcements(world, build), rung(world)) == (BuildStatus.PENDING, [], [])
    world.find_versions("1")
    assert world.build(build).status is WAITING
    assert rung(world) == ids(world, build) != []


@pytest.mark.parametrize("end", ["approve", "reject", "cancel", "too late"])
def test_what_was_decided_before_is_announced_no_more(world: World, end: str) -> None:
    build, number = waiting(world, RELEASE.replace("{", '{\n timeout = "1h"', 1))
    other = announcements(world, build)[0]
    if end == "approve":
        world.services.approvals.approve(world.alice, "main", "p", "run", build.name)
    elif end == "reject":
        world.services.approvals.reject(world.alice, "main", "p", "run", build.name, "no")
    elif end == "cancel":
        world.services.builds.cancel(world.alice, "main", "p", "run", build.name)
    else:
        world.clock.advance(3601)
        world.register()
        world.services.scheduling._approving.expire(10)
    with pytest.raises(ConflictError):
        claim(world, number)
    assert states(world, build) == [("dropped", "decided before it was sent")]
    assert other.status is AnnouncementStatus.PENDING


def test_the_sweeper_drops_what_no_worker_asked_for(world: World) -> None:
    build, _ = waiting(world)
    world.services.builds.cancel(world.alice, "main", "p", "run", build.name)
    rung(world)
    world.clock.advance(1000)
    world.services.scheduling.sweep()
    assert rung(world) == []
    assert states(world, build) == [("dropped", "decided before it was sent")]


def test_nobody_is_asked_for_an_approval_that_was_given(world: World) -> None:
    build, number = waiting(world, f"{RELEASE}\n{LEGAL}")
    world.services.approvals.approve(world.alice, "main", "p", "run", build.name, "release")
    with pytest.raises(ConflictError):
        claim(world, number)
    assert [state for state, _ in states(world, build)] == ["dropped", "pending", "pending"]


def test_a_lost_message_is_published_again(world: World) -> None:
    world.publisher.away = True
    build, number = waiting(world)
    world.publisher.away = False
    world.services.scheduling.sweep()
    assert rung(world) == []
    world.clock.advance(20)
    world.services.scheduling.sweep()
    assert rung(world) == [number]
    world.services.scheduling.sweep()
    assert rung(world) == []  # that one has its time again
    assert build.status is WAITING


def test_a_server_that_starts_publishes_what_another_left(world: World) -> None:
    _, number = waiting(world)
    rung(world)
    world.clock.advance(0.1)
    other = World(world.store)
    other.clock.time = world.clock.time
    other.services.scheduling.recover()
    assert rung(other) == [number]


def test_a_worker_that_is_lost_in_between_has_it_sent_again(world: World) -> None:
    build, number = waiting(world)
    first = claim(world, number)
    rung(world)
    with pytest.raises(ConflictError):
        claim(world, number)
    world.clock.advance(31)
    world.services.scheduling.sweep()
    assert rung(world) == [number]
    world.register("i2")
    second = claim(world, number, "i2")
    assert (second.claim, second.work.job.steps[0].id) == (2, first.work.job.steps[0].id)
    with pytest.raises(StaleClaimError):
        finish(world, first)
    finish(world, second)
    assert states(world, build) == [("sent", "")]


def test_one_that_lost_its_worker_and_is_decided_is_not_sent_again(world: World) -> None:
    build, number = waiting(world)
    claim(world, number)
    world.services.builds.cancel(world.alice, "main", "p", "run", build.name)
    rung(world)
    world.clock.advance(31)
    world.services.scheduling.sweep()
    assert (rung(world), states(world, build)) == ([], [("dropped", "decided before it was sent")])


def test_what_was_sent_while_the_build_was_decided_counts_as_sent(world: World) -> None:
    build, number = waiting(world)
    found = claim(world, number)
    world.services.builds.cancel(world.alice, "main", "p", "run", build.name)
    world.services.scheduling.sweep()
    finish(world, found)
    assert states(world, build) == [("sent", "")]


def test_a_worker_that_was_started_again_has_it_sent_at_once(world: World) -> None:
    _, number = waiting(world)
    claim(world, number)
    rung(world)
    world.register("i2")
    world.services.scheduling.sweep()
    assert rung(world) == [number]


def test_a_worker_that_ends_gives_it_back(world: World) -> None:
    _, number = waiting(world)
    claim(world, number)
    rung(world)
    world.services.gateway.heartbeat(Heartbeat(name="w", instance="i1", state="ended"))
    world.services.scheduling.sweep()
    assert rung(world) == [number]


def test_what_could_not_be_sent_is_kept_with_its_reason_and_changes_nothing(world: World) -> None:
    build, number = waiting(world)
    finish(world, claim(world, number), "the server answered 500" + "x" * 2000)
    ((state, reason),) = states(world, build)
    assert (state, reason[:23], len(reason)) == ("failed", "the server answered 500", 1000)
    assert world.build(build).status is WAITING


def test_a_retry_of_an_approved_build_is_not_announced(world: World) -> None:
    build, number = waiting(world)
    finish(world, claim(world, number))
    world.services.approvals.approve(world.alice, "main", "p", "run", build.name)
    world.schedule()
    world.run(build)
    rung(world)
    again = world.services.builds.retry(world.alice, "main", "p", "run", build.name)
    assert (again.status, announcements(world, again), rung(world)) == (BuildStatus.PENDING, [], [])


def test_a_retry_of_a_rejected_build_is(world: World) -> None:
    build, _ = waiting(world)
    world.services.approvals.reject(world.alice, "main", "p", "run", build.name, "no")
    rung(world)
    again = world.services.builds.retry(world.alice, "main", "p", "run", build.name)
    assert rung(world) == ids(world, again) != []


def test_the_worker_has_the_jobs_tags(world: World) -> None:
    build, number = waiting(world, f'tags = ["lab"]\n {RELEASE}')
    assert rung(world, "checks.lab") == [number]
    with pytest.raises(ConflictError, match="lacks the tags lab"):
        claim(world, number)
    ((state, reason),) = states(world, build)
    assert (state, "lab" in reason) == ("pending", True)
    tagged = WorkerHello(
        name="t", instance="t1", version="1", queues=["checks", "checks.lab"], concurrency=1, tags=["lab"], level=LEVEL
    )
    world.services.gateway.register(tagged)
    assert world.services.gateway.claim_announcement(number, "t", "t1").claim == 1


def test_tags_that_the_job_got_meanwhile_count(world: World) -> None:
    _, number = waiting(world)
    rung(world)
    world.set(asking(f'tags = ["lab"]\n {RELEASE}'))
    with pytest.raises(ConflictError, match="lacks the tags lab"):
        claim(world, number)
    world.clock.advance(20)
    world.register()
    world.services.scheduling.sweep()
    assert rung(world, "checks.lab") == [number]


def test_a_token_of_another_team_does_not_open_it(world: World) -> None:
    _, number = waiting(world)
    stranger = Claimant("w", "i1", WorkerClaims(team="other"))
    with pytest.raises(ConflictError, match="opens the work of team other alone"):
        WorkerGateway(world.services.context, stranger).claim_announcement(number, "w", "i1")


def test_another_worker_cannot_end_it(world: World) -> None:
    _, number = waiting(world)
    found = claim(world, number)
    thief = WorkerGateway(world.services.context, Claimant("w", "x1"))
    with pytest.raises(StaleClaimError):
        thief.finish_announcement(number, found.claim, AnnouncementResult())


def test_a_worker_of_an_older_release_does_not_get_it(world: World) -> None:
    build, number = waiting(world)
    world.register("i2", level=1)
    with pytest.raises(ConflictError, match="newer than worker w"):
        claim(world, number, "i2")
    ((state, reason),) = states(world, build)
    assert state == "pending"
    assert "newer" in reason


def test_it_is_the_notification_of_now_that_is_sent(world: World) -> None:
    _, number = waiting(world)
    changed = RELEASE.replace(
        'notify "own" "team" {}', 'notify "own" "boss" {}\n notify "own" "team" { message = "m" }'
    )
    world.set(asking(changed))
    (step,) = claim(world, number).work.job.steps
    assert (step.name, step.message) == ("team", "m")  # type: ignore[union-attr]


@pytest.mark.parametrize("config", [asking('approve "release" {}'), TYPES])
def test_one_that_left_the_pipeline_is_dropped(world: World, config: str) -> None:
    build, number = waiting(world)
    world.set(config)
    with pytest.raises(ConflictError):
        claim(world, number)
    (found,) = world.store.announcements.of_build(build.id)
    assert (found.status, found.reason) == ("dropped", "the pipeline was changed, and sends it no more")


def test_a_builds_worker_learns_nothing_of_them(world: World) -> None:
    build, _ = waiting(world)
    world.services.approvals.approve(world.alice, "main", "p", "run", build.name)
    world.schedule()
    found = world.claim(build)
    assert (found.job.approvals, found.job.announcements, found.notifications) == ([], {}, [])
