"""What a worker reports: once, in order, and only from the one who holds the claim."""

import pytest

from pikoci.internal.domain.build import BuildStatus, StepStatus
from pikoci.internal.domain.errors import ConflictError, InvalidError, StaleClaimError, TooLargeError
from pikoci.internal.domain.events import (
    BuildFinished,
    BuildReturned,
    LogWritten,
    StepFinished,
    StepStarted,
    VersionProduced,
)
from pikoci.internal.service.plumbing.claimant import Claimant
from tests.integration.internal.service.world import PLAIN, TYPE, World

CHAIN = (
    TYPE
    + """
    job "up" {
      priority = 1
      get "made" "repo" { trigger = true }
    }
    job "run" {
      get "made" "repo" {
        passed = ["up"]
        trigger = true
      }
    }
"""
)


def test_a_whole_build_in_one_report(world: World) -> None:
    world.set(PLAIN)
    build = world.run(world.trigger())
    detail = world.detail(build)
    assert detail.build.status is BuildStatus.SUCCEEDED
    assert detail.build.worker == "w"
    assert [(step.id, step.name, step.status, step.exit_code) for step in detail.steps] == [
        ("1", "t", StepStatus.SUCCEEDED, 0)
    ]
    assert world.log(build) == "hello\n"


def test_events_may_come_one_by_one(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    for number, event in enumerate(world.events(), start=1):
        world.clock.advance(1)
        world.report(build, claim, number, event)
    assert world.build(build).status is BuildStatus.SUCCEEDED
    assert world.log(build) == "hello\n"
    assert [step.status for step in world.detail(build).steps] == [StepStatus.SUCCEEDED]


def test_a_report_that_comes_again_changes_nothing(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    events = world.events()
    world.report(build, claim, 1, *events[:2])
    world.report(build, claim, 1, *events[:2])
    world.report(build, claim, 2, *events[1:])
    before = world.detail(build)
    world.report(build, claim, 1, *events)
    assert world.detail(build) == before
    assert world.log(build) == "hello\n"


def test_a_skipped_step_is_shown_with_its_name_and_kind_in_its_place(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    now = world.clock.now()
    world.report(
        build,
        claim,
        1,
        StepStarted(step="1", name="unit", kind="task", at=now),
        StepFinished(step="1", status=StepStatus.FAILED, at=now),
        StepFinished(step="2", name="image", kind="put", status=StepStatus.SKIPPED, at=now),
        StepStarted(step="ensure/1", name="ensure", kind="hook", at=now),
        StepFinished(step="ensure/1", status=StepStatus.SUCCEEDED, at=now),
        BuildFinished(status=BuildStatus.FAILED, at=now),
    )
    shown = [(step.id, step.kind, step.name, step.status) for step in world.detail(build).steps]
    assert shown == [
        ("1", "task", "unit", StepStatus.FAILED),
        ("2", "put", "image", StepStatus.SKIPPED),
        ("ensure/1", "hook", "ensure", StepStatus.SUCCEEDED),
    ]


def test_a_gap_is_refused_so_that_the_worker_sends_what_is_missing(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    with pytest.raises(ConflictError, match="events 1 to 2"):
        world.report(build, claim, 3, *world.events()[2:])
    assert world.build(build).status is BuildStatus.STARTED


def test_an_old_claim_is_refused(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    old = world.claim(build).claim
    world.register("i2")  # the worker died and was started again
    world.schedule()
    with pytest.raises(StaleClaimError):
        world.report(build, old, 1, *world.events())  # while the build waits
    new = world.claim(build, "i2").claim
    assert new == old + 1
    with pytest.raises(StaleClaimError):
        world.report(build, old, 1, *world.events())  # while it runs again
    world.report(build, new, 1, *world.events())
    assert world.log(build).count("hello") == 1


def test_an_ended_build_takes_no_more_events(world: World) -> None:
    world.set(PLAIN)
    build = world.run(world.trigger())
    with pytest.raises(StaleClaimError):
        world.report(build, 1, 5, LogWritten(step="1", at=1.0, data=b"more"))
    assert world.log(build) == "hello\n"


def test_a_build_that_was_deleted_takes_no_events(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    world.services.pipelines.delete(world.alice, "main", "p")
    with pytest.raises(StaleClaimError):
        world.report(build, claim, 1, *world.events())
    assert world.beat([]) == []


def test_no_step_stays_started_when_the_build_ends(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    at = world.clock.now()
    world.report(build, claim, 1, StepStarted(step="1", name="t", kind="task", at=at))
    world.report(build, claim, 2, BuildFinished(status=BuildStatus.CANCELLED, at=at, reason="SIGTERM"))
    assert [step.status for step in world.detail(build).steps] == [StepStatus.CANCELLED]


def test_another_try_keeps_the_start_of_the_first(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    at = world.clock.now()
    world.report(build, claim, 1, StepStarted(step="1", name="t", kind="task", at=at))
    world.report(build, claim, 2, StepFinished(step="1", status=StepStatus.FAILED, at=at + 1, exit_code=1))
    world.report(build, claim, 3, StepStarted(step="1", name="t", kind="task", at=at + 1, try_number=2))
    (step,) = world.detail(build).steps
    assert (step.started_at, step.try_number, step.status, step.exit_code) == (at, 2, StepStatus.STARTED, None)


def test_the_finish_time_of_a_wrong_clock_is_bounded(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    world.clock.advance(10)
    world.report(build, claim, 1, BuildFinished(status=BuildStatus.FAILED, at=world.clock.now() + 3600))
    assert world.build(build).finished_at == world.clock.now()


def test_who_does_not_hold_the_claim_is_told_so_before_anything_else(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    other = world.services.gateway.opened_by(Claimant("w", "another"))
    with pytest.raises(StaleClaimError, match="not this worker's"):
        other.report(build.id, claim, 1, [BuildFinished(status=BuildStatus.STARTED, at=1.0)])


def test_nonsense_is_refused(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    with pytest.raises(InvalidError, match="cannot end as started"):
        world.report(build, claim, 1, BuildFinished(status=BuildStatus.STARTED, at=1.0))
    with pytest.raises(InvalidError, match="nothing follows"):
        world.report(build, claim, 1, *world.events()[::-1])
    with pytest.raises(TooLargeError):
        world.report(build, claim, 1, LogWritten(step="1", at=1.0, data=b"x" * (1024 * 1024 + 1)))
    with pytest.raises(InvalidError, match="numbered from 1"):
        world.report(build, claim, 0, *world.events())
    assert world.build(build).last_event == 0


def test_empty_log_events_leave_no_trace(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    chunks = (b"", b"a", b"", b"b")
    world.report(build, claim, 1, *(LogWritten(step="1", at=1.0, data=data) for data in chunks))
    assert world.log(build) == "ab"


def test_a_version_that_a_put_made_is_an_output_and_starts_what_follows(world: World) -> None:
    world.set(CHAIN)
    world.find_versions("1")
    (upstream,) = world.builds("up")
    claim = world.claim(upstream).claim
    produced = VersionProduced(put="out", resource="made.repo", version={"v": "2"})
    world.report(upstream, claim, 1, produced, BuildFinished(status=BuildStatus.SUCCEEDED, at=world.clock.now()))
    world.schedule()
    assert [output.version for output in world.detail(upstream).outputs] == [{"v": "2"}]
    assert [world.taken(build) for build in world.builds("run")] == [{"repo": "2"}]


def test_a_version_that_cannot_be_is_noted_and_the_build_goes_on(world: World) -> None:
    world.set(CHAIN)
    world.find_versions("1")
    (upstream,) = world.builds("up")
    claim = world.claim(upstream).claim
    world.report(upstream, claim, 1, VersionProduced(put="out", resource="made.repo", version={"v": "x" * 70_000}))
    world.report(upstream, claim, 2, VersionProduced(put="out", resource="made.gone", version={"v": "x"}))
    assert "the version that put out printed is not taken" in world.log(upstream)
    assert world.detail(upstream).outputs == []


def test_a_passed_build_starts_the_next_job_with_its_version(world: World) -> None:
    world.set(CHAIN)
    world.find_versions("1")
    assert world.builds("run") == []
    world.run(world.builds("up")[0])
    assert [world.taken(build) for build in world.builds("run")] == [{"repo": "1"}]


def test_a_failed_build_starts_nothing(world: World) -> None:
    world.set(CHAIN)
    world.find_versions("1")
    world.run(world.builds("up")[0], BuildStatus.FAILED)
    assert world.builds("run") == []


def test_a_set_of_versions_is_built_once(world: World) -> None:
    world.set(CHAIN)
    world.find_versions("1")
    upstream = world.run(world.builds("up")[0])
    world.run(world.services.builds.retry(world.alice, "main", "p", "up", upstream.name))
    assert len(world.builds("run")) == 1


def test_a_returned_build_runs_again_and_its_log_says_why(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    claim = world.claim(build).claim
    world.publisher.take()
    at = world.clock.now()
    started = StepStarted(step="1", name="t", kind="task", at=at)
    world.report(build, claim, 1, started, BuildReturned(at=at, reason="worker w drained"))
    world.schedule()
    assert world.publisher.take() == [build.id]
    assert "worker w drained; the build runs again" in world.log(build)
    assert world.build(build).requeues == 0
    assert [step.status for step in world.store.builds.steps(build.id, claim)] == [StepStatus.ERRORED]
    assert world.run(build).status is BuildStatus.SUCCEEDED
