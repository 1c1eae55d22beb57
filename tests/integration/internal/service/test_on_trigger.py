"""Which build is given the messages about a new version."""

from __future__ import annotations

from collections.abc import Callable

import gevent

from pikoci.internal.domain.build import Build, BuildStatus, StepStatus
from pikoci.internal.domain.events import BuildReturned, StepFinished, StepStarted
from pikoci.internal.domain.gateway import BuildAssignment
from pikoci.internal.domain.repositories import Store
from tests.integration.internal.service.world import TYPE, World

SAY = 'notification_type "own" {\n  notify "shell" { cmd = "true" }\n}\nnotification "own" "n" {}\n'


def job(name: str, message: str = "new", more: str = "") -> str:
    return (
        f'job "{name}" {{\n  on_trigger {{\n    notify "own" "n" {{ message = "{message}" }}\n  }}\n'
        f'  get "made" "repo" {{\n    trigger = true\n    {more}\n  }}\n}}\n'
    )


def newest(world: World, name: str) -> Build:
    return world.builds(name)[-1]


def said(assignment: BuildAssignment) -> list[str]:
    return [step.message for step in assignment.job.on_trigger]


def claimed(world: World, name: str) -> list[str]:
    """What the newest build of the job is to say."""
    return said(world.claim(newest(world, name)))


def begin(world: World, *jobs: str) -> None:
    world.set(TYPE + SAY + "".join(jobs))
    world.register()


def test_of_all_jobs_that_say_the_same_the_first_build_says_it(world: World) -> None:
    begin(world, job("a"), job("b"), job("c", "other"))
    world.find_versions("1")
    assert [claimed(world, name) for name in "abc"] == [["new"], [], ["other"]]
    world.find_versions("2")
    assert claimed(world, "b") == ["new"]


def test_a_job_further_down_does_not_say_it_again(world: World) -> None:
    begin(world, job("a"), job("b", more='passed = ["a"]'))
    world.find_versions("1")
    first = world.claim(newest(world, "a"))
    assert said(first) == ["new"]
    assert [one.canonical for one in first.notifications] == ["own.n"]
    world.finish(first)
    second = world.claim(newest(world, "b"))
    assert said(second) == []
    assert second.notifications == []


def test_builds_of_people_and_retries_say_nothing(world: World) -> None:
    begin(world, job("a"))
    [version] = world.find_versions("1")
    world.services.builds.cancel(world.alice, "main", "p", "a", newest(world, "a").name)
    [by_hand] = world.services.resources.trigger_version(world.alice, "main", "p", "made.repo", version.id)
    first = world.claim(by_hand)
    world.finish(first, BuildStatus.FAILED)
    retried = world.claim(world.services.builds.retry(world.alice, "main", "p", "a", by_hand.name))
    assert [said(first), said(retried), said(world.claim(world.trigger("a")))] == [[], [], []]


def test_the_same_claim_again_is_given_the_same(world: World) -> None:
    begin(world, job("a"))
    world.find_versions("1")
    build = newest(world, "a")
    assert [said(world.claim(build)) for _ in range(2)] == [["new"], ["new"]]


def test_it_is_said_again_after_a_lost_worker_unless_that_was_done_with_it(world: World) -> None:
    begin(world, job("a"))
    world.find_versions("1")
    build, at = newest(world, "a"), world.clock.now()
    lost = world.claim(build)
    world.report(build, lost.claim, 1, BuildReturned(at=at, reason="drained"))
    world.schedule()
    again = world.claim(build)
    assert said(again) == ["new"]
    step = again.job.on_trigger[0].id
    started = StepStarted(step=step, name="n", kind="notify", at=at)
    done = StepFinished(step=step, status=StepStatus.FAILED, at=at, exit_code=1)
    world.report(build, again.claim, 1, started, done, BuildReturned(at=at, reason="drained"))
    world.schedule()
    assert said(world.claim(build)) == []


def test_two_servers_that_claim_at_once_let_one_build_say_it(open_shared_store: Callable[[], Store]) -> None:
    world = World(open_shared_store())
    begin(world, *(job(name) for name in "abcdef"))
    world.find_versions("1")
    other = World(open_shared_store())
    runs = [gevent.spawn((world, other)[n % 2].claim, newest(world, name)) for n, name in enumerate("abcdef")]
    gevent.joinall(runs, timeout=30, raise_error=True)
    assert sorted(said(run.value) for run in runs if run.value) == [*[[]] * 5, ["new"]]


def test_what_was_said_goes_away_with_the_pipeline(world: World) -> None:
    begin(world, job("a"))
    world.find_versions("1")
    world.finish(world.claim(newest(world, "a")))
    world.services.pipelines.delete(world.alice, "main", "p")
    while world.services.scheduling.delete_hidden():
        pass
    begin(world, job("a"))
    world.find_versions("1")
    assert claimed(world, "a") == ["new"]
