"""Starting builds: what goes to a worker at once, what waits, and why."""

import pytest

from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.errors import ConflictError, NotFoundError
from tests.integration.internal.service.world import PLAIN, TYPE, World

GATED = (
    TYPE
    + """
    job "run" {
      get "made" "repo" {}
      task "t" {
        run "exec" {
          path = "/bin/true"
        }
      }
    }
"""
)


def limited(settings: str) -> str:
    return PLAIN.replace('job "run" {', f'job "run" {{\n      {settings}\n')


def test_a_plain_build_is_published_at_once(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    assert build.name == "1"
    assert build.status is BuildStatus.PENDING
    assert build.created_by == "alice"
    assert world.publisher.take() == [build.id]


def test_builds_count_from_one_per_job(world: World) -> None:
    world.set(PLAIN)
    assert [world.trigger().number for _ in range(3)] == [1, 2, 3]


def test_a_build_with_no_version_waits_and_says_for_what(world: World) -> None:
    world.set(GATED)
    build = world.trigger()
    assert world.publisher.take() == []
    assert build.reason == "get repo: made.repo has no enabled version yet"
    world.find_versions("1")
    assert world.publisher.take() == [build.id]
    assert world.taken(build) == {"repo": "1"}
    assert world.build(build).reason == ""


def test_a_build_takes_the_newest_version(world: World) -> None:
    world.set(GATED)
    world.find_versions("1", "2")
    assert world.taken(world.trigger()) == {"repo": "2"}


@pytest.mark.parametrize("name", ["repo", "made.repo"])
def test_a_version_can_be_chosen_by_get_and_by_resource(world: World, name: str) -> None:
    world.set(GATED)
    old, _ = world.find_versions("1", "2")
    assert world.taken(world.trigger(inputs={name: old.id})) == {"repo": "1"}


def test_a_chosen_version_must_be_one_of_the_resource(world: World) -> None:
    world.set(GATED)
    with pytest.raises(NotFoundError, match=r"made\.repo of pipeline p has no version 77"):
        world.trigger(inputs={"repo": 77})
    with pytest.raises(NotFoundError, match="no get other"):
        world.trigger(inputs={"other": 1})
    assert world.builds() == []


def test_a_job_at_its_limit_keeps_builds_waiting_until_a_slot_frees(world: World) -> None:
    world.set(limited("concurrency = 2"))
    builds = [world.trigger() for _ in range(4)]
    assert world.publisher.take() == [builds[0].id, builds[1].id]
    assert builds[2].reason == "waiting for a slot: 2 of 2 builds of job run run"
    world.run(builds[0])
    assert world.publisher.take() == [builds[2].id]
    world.run(builds[1])
    assert world.publisher.take() == [builds[3].id]


def test_one_build_of_a_serial_group_runs_at_a_time_and_the_oldest_goes_first(world: World) -> None:
    first = limited('serial_groups = ["g"]')
    world.set(first + first.replace('job "run"', 'job "other"'))
    running, second, third = world.trigger("run"), world.trigger("other"), world.trigger("run")
    assert world.publisher.take() == [running.id]
    assert second.reason == "serial group g: a build of job run waits for a worker"
    world.run(running)
    assert world.publisher.take() == [second.id]
    world.claim(second)
    world.trigger("run")
    assert world.reason(third) == "serial group g: build other#1 runs"


def grouped(**jobs: str) -> str:
    """A pipeline of these jobs with these settings."""
    return "".join(limited(settings).replace('"run"', f'"{name}"') for name, settings in jobs.items())


def test_of_a_group_the_oldest_goes_first_whatever_job_it_is_of_and_paused_ones_are_passed_over(world: World) -> None:
    world.set(grouped(a='serial_groups = ["g"]', b='serial_groups = ["g"]', c='serial_groups = ["g"]'))
    first = world.trigger("a")
    waiting = [world.trigger(job) for job in ("c", "b", "a", "c")]
    world.services.jobs.pause(world.alice, "main", "p", "b")
    world.publisher.take()
    order = []
    build = first
    for _ in range(3):
        world.run(build)
        (gone,) = world.publisher.take()
        order.append(gone)
        build = world.build_of(gone)
    world.run(build)
    assert order == [waiting[0].id, waiting[2].id, waiting[3].id]
    assert world.publisher.take() == []
    assert world.reason(waiting[1]) == "job b is paused"
    world.services.jobs.unpause(world.alice, "main", "p", "b")
    world.schedule()
    assert world.publisher.take() == [waiting[1].id]


def test_a_job_of_several_groups_takes_all_of_them_and_waits_for_any(world: World) -> None:
    world.set(grouped(a='serial_groups = ["x"]', both='serial_groups = ["x", "y"]', b='serial_groups = ["y"]'))
    both = world.trigger("both")
    a, b, again = world.trigger("a"), world.trigger("b"), world.trigger("both")
    world.publisher.take()
    world.claim(both)
    assert world.reason(a) == "serial group x: build both#1 runs"
    assert world.reason(b) == "serial group y: build both#1 runs"
    world.report(both, 1, 1, *world.events())
    world.schedule()
    assert world.publisher.take() == [a.id, b.id]
    world.claim(a)
    world.run(b)
    assert world.publisher.take() == []
    assert world.reason(again) == "serial group x: build a#1 runs"


def test_a_limit_counts_within_a_group_as_well(world: World) -> None:
    world.set(grouped(a='concurrency = 1\n serial_groups = ["g"]', b='serial_groups = ["g"]'))
    first, second, third = world.trigger("a"), world.trigger("a"), world.trigger("b")
    assert world.publisher.take() == [first.id]
    assert world.reason(second) == "waiting for a slot: 1 of 1 builds of job a run"
    assert world.reason(third) == "serial group g: a build of job a waits for a worker"
    world.run(first)
    assert world.publisher.take() == [second.id]


def test_groups_that_are_free_together_are_served_in_one_turn(world: World) -> None:
    jobs = {f"j{number}": f'serial_groups = ["g{number}", "h{number % 2}"]' for number in range(4)}
    world.set(grouped(**jobs, all="serial_groups = " + str([f"h{n}" for n in range(2)]).replace("'", '"')))
    world.services.pipelines.pause(world.alice, "main", "p")
    builds = [world.trigger(f"j{number}") for number in (0, 2, 1, 3)]
    world.services.pipelines.unpause(world.alice, "main", "p")
    world.schedule()
    assert world.publisher.take() == [builds[0].id, builds[2].id]


def test_groups_that_share_a_job_are_served_together(world: World) -> None:
    left, both, right = (
        limited(f"serial_groups = {groups}").replace('job "run"', f'job "{name}"')
        for name, groups in (("left", '["a"]'), ("both", '["a", "b"]'), ("right", '["b"]'))
    )
    world.set(left + both + right)
    one, two, three = world.trigger("left"), world.trigger("right"), world.trigger("both")
    assert world.publisher.take() == [one.id, two.id]
    world.run(one)
    assert world.publisher.take() == []
    world.run(two)
    assert world.publisher.take() == [three.id]


def test_a_paused_job_keeps_builds_waiting(world: World) -> None:
    world.set(PLAIN)
    world.services.jobs.pause(world.alice, "main", "p", "run")
    build = world.trigger()
    assert build.reason == "job run is paused"
    world.schedule()
    assert world.publisher.take() == []
    world.services.jobs.unpause(world.alice, "main", "p", "run")
    world.schedule()
    assert world.publisher.take() == [build.id]
    assert world.build(build).reason == ""


def test_pausing_takes_published_builds_back(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    world.services.pipelines.pause(world.alice, "main", "p")
    world.schedule()
    with pytest.raises(ConflictError):
        world.claim(build)
    assert world.reason(build) == "pipeline p is paused"
    world.services.pipelines.unpause(world.alice, "main", "p")
    world.schedule()
    assert world.claim(build).claim == 1


@pytest.mark.parametrize("kind", ["jobs", "pipelines"])
def test_pausing_takes_all_published_builds_back_some_at_a_time(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("pikoci.internal.service.use_cases.jobs._RECALLED", 2)
    world.set(PLAIN)
    builds = [world.trigger() for _ in range(5)]
    where = ("main", "p", "run") if kind == "jobs" else ("main", "p")
    getattr(world.services, kind).pause(world.alice, *where)
    assert [world.build(build).dispatched_at for build in builds] == [None] * 5


def test_a_job_that_left_the_file_cannot_be_triggered(world: World) -> None:
    world.set(PLAIN + PLAIN.replace('job "run"', 'job "other"'))
    world.set(PLAIN)
    with pytest.raises(ConflictError, match="no longer"):
        world.trigger("other")
    with pytest.raises(NotFoundError, match="no job never"):
        world.trigger("never")


def test_tagged_jobs_have_a_queue_of_their_own(world: World) -> None:
    world.set(limited('tags = ["linux", "arm"]'))
    build = world.trigger()
    assert world.publisher.messages == [("jobs.arm+linux", build.id)]


def test_a_build_whose_gets_changed_while_it_waited_gets_its_inputs_anew(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    world.set(GATED)
    world.find_versions("1")
    world.publisher.take()
    with pytest.raises(ConflictError, match="changed"):
        world.claim(build)
    world.schedule()
    assert world.publisher.take() == [build.id]
    assert world.claim(build).inputs == {"repo": {"v": "1"}}


def test_a_long_line_is_served_in_order_to_its_end(world: World) -> None:
    world.set(PLAIN)
    world.services.jobs.pause(world.alice, "main", "p", "run")
    builds = [world.trigger() for _ in range(120)]
    world.services.jobs.unpause(world.alice, "main", "p", "run")
    world.schedule()
    assert world.publisher.take() == [build.id for build in builds]
    assert {world.build(build).reason for build in builds} == {""}


def test_whoever_stands_far_back_in_a_line_is_told_so(world: World) -> None:
    world.set(limited("concurrency = 1"))
    builds = [world.trigger() for _ in range(59)]
    world.clock.advance(1)
    builds.append(world.trigger())
    assert builds[-1].reason == "waiting behind earlier builds of job run"
    world.run(builds[0])
    assert world.build(builds[1]).dispatched_at is not None
    assert world.reason(builds[40]) == "waiting for a slot: 1 of 1 builds of job run run"


def test_a_chosen_version_is_kept_while_the_rest_is_missing(world: World) -> None:
    other = 'resource "made" "late" {}\n'
    world.set(GATED.replace('get "made" "repo" {}', 'get "made" "repo" {}\n get "made" "late" {}') + other)
    old, _ = world.find_versions("1", "2")
    chosen, unchosen = world.trigger(inputs={"repo": old.id}), world.trigger()
    assert chosen.reason == unchosen.reason == "get late: made.late has no enabled version yet"
    world.find_versions("9", canonical="made.late")
    assert world.taken(chosen) == {"repo": "1", "late": "9"}
    assert world.taken(unchosen) == {"repo": "2", "late": "9"}
    assert world.publisher.take() == [chosen.id, unchosen.id]
