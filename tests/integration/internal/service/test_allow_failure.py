"""Jobs whose builds may fail: a failure is a warning, and counts as a success for what comes after."""

from collections.abc import Iterable, Iterator
from random import Random

import pytest

from pikoci.internal.domain.build import BuildStatus, StepStatus
from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service import ServiceSettings
from tests.integration.internal.service.test_vain_searches import job, look, passed, shipped
from tests.integration.internal.service.world import TYPE, World

GET = 'get "made" "repo" {}'
LINT = "allow_failure = true"
DAY = 24 * 3600.0


def file(lint: str = LINT, unit: str = "") -> str:
    upstream = job("lint", f"{lint}\n{GET}") + job("unit", f"{unit}\n{GET}")
    return TYPE + upstream + job("ship", passed("lint", "unit"))


def statuses(world: World, name: str = "lint") -> list[BuildStatus]:
    return [build.status for build in world.builds(name)]


def test_a_failure_is_a_warning_with_its_reason_and_only_a_failure(world: World) -> None:
    world.set(file())
    world.find_versions("1")
    for status in (BuildStatus.FAILED, BuildStatus.ERRORED, BuildStatus.CANCELLED, BuildStatus.SUCCEEDED):
        world.run(world.trigger("lint"), status)
    assert statuses(world) == [BuildStatus.WARNING, BuildStatus.ERRORED, BuildStatus.CANCELLED, BuildStatus.SUCCEEDED]
    failed = world.detail(world.builds("lint")[0])
    assert [step.status for step in failed.steps] == [StepStatus.FAILED]
    assert failed.build.finished_at is not None


def test_the_last_report_may_come_twice_and_the_end_stays(world: World) -> None:
    world.set(file())
    world.find_versions("1")
    build = world.trigger("lint")
    claim = world.claim(build).claim
    for _ in range(2):
        world.report(build, claim, 1, *world.events(BuildStatus.FAILED))
    assert world.build(build).status is BuildStatus.WARNING
    with pytest.raises(ConflictError, match="has ended: it is warning"):
        world.services.builds.cancel(world.alice, "main", "p", "lint", build.name)


def test_the_job_as_it_is_set_when_the_build_ends_decides(world: World) -> None:
    world.set(file())
    world.find_versions("1")
    strict = world.trigger("lint")
    assignment = world.claim(strict)
    world.set(file(lint=""))
    assert world.finish(assignment, BuildStatus.FAILED).status is BuildStatus.FAILED
    lenient = world.trigger("lint")
    assignment = world.claim(lenient)
    world.set(file())
    assert world.finish(assignment, BuildStatus.FAILED).status is BuildStatus.WARNING


def test_a_build_of_a_job_that_left_the_file_fails(world: World) -> None:
    world.set(file())
    world.find_versions("1")
    assignment = world.claim(world.trigger("lint"))
    world.set(TYPE)
    assert world.finish(assignment, BuildStatus.FAILED).status is BuildStatus.FAILED


def test_a_warning_lets_its_versions_pass_and_starts_what_comes_after(world: World) -> None:
    world.set(file())
    world.find_versions("1")
    world.run(world.trigger("unit"))
    look(world)
    look(world)  # by now the search is known to be in vain
    assert shipped(world) == []
    world.run(world.trigger("lint"), BuildStatus.FAILED)
    assert shipped(world) == ["1"]


def test_a_failure_that_nothing_allows_still_stops_what_comes_after(world: World) -> None:
    world.set(file())
    world.find_versions("1")
    world.run(world.trigger("lint"), BuildStatus.FAILED)
    world.run(world.trigger("unit"), BuildStatus.FAILED)
    assert shipped(world) == []


@pytest.mark.parametrize("seed", range(6))
def test_what_is_built_with_warnings_is_what_is_built_with_successes(world: World, seed: int) -> None:
    """The same random story, told of two pipelines: what warns in one succeeds in the other."""
    world.set(file(unit=LINT), "p")
    world.set(file(lint="", unit=""), "q")
    story = list(_story(Random(seed)))
    warned = _tell(world, "p", story)
    assert warned == _tell(world, "q", [(new, name, _or_success(status)) for new, name, status in story])
    assert warned


Act = tuple[bool, str, BuildStatus]


def _story(random: Random) -> Iterator[Act]:
    """Whether there is a new version, which job is started then, and how its build ends."""
    ends = [BuildStatus.SUCCEEDED, BuildStatus.FAILED, BuildStatus.FAILED, BuildStatus.ERRORED]
    for place in range(12):
        yield place == 0 or random.random() < 0.4, random.choice(["lint", "unit"]), random.choice(ends)
    yield from ((False, name, BuildStatus.FAILED) for name in ("lint", "unit"))


def _or_success(status: BuildStatus) -> BuildStatus:
    return BuildStatus.SUCCEEDED if status is BuildStatus.FAILED else status


def _tell(world: World, pipeline: str, story: Iterable[Act]) -> list[object]:
    for place, (new, name, status) in enumerate(story):
        if new:
            _find(world, pipeline, str(place))
        world.trigger(name, pipeline=pipeline)
        while gone := world.publisher.take():
            for build_id in gone:
                assignment = world.claim(world.build_of(build_id))
                world.finish(assignment, BuildStatus.SUCCEEDED if assignment.build.job == "ship" else status)
    found = world.services.builds.list(world.alice, "main", pipeline, "ship").items[::-1]
    return [world.taken(build)["repo"] for build in found]


def _find(world: World, pipeline: str, name: str) -> None:
    state = world.resource(pipeline=pipeline)
    with world.store.transaction():
        world.store.versions.save(state.id, [{"v": name}], world.clock.now())
    world.services.pipelines.pause(world.alice, "main", pipeline)
    world.services.pipelines.unpause(world.alice, "main", pipeline)
    world.schedule()


def test_the_last_warning_is_kept_as_the_last_success_is(store: Store) -> None:
    world = World(store, ServiceSettings(build_retention_age=DAY))
    world.register()
    world.set(file())
    world.find_versions("1")
    world.run(world.trigger("lint"), BuildStatus.FAILED)
    for _ in range(3):
        world.run(world.trigger("lint"), BuildStatus.ERRORED)
    world.clock.advance(2 * DAY)
    world.services.scheduling.prune()
    assert statuses(world) == [BuildStatus.WARNING, BuildStatus.ERRORED]


def test_a_warning_can_be_retried_and_found_by_its_status(world: World) -> None:
    world.set(file())
    world.find_versions("1")
    world.run(world.trigger("lint"), BuildStatus.FAILED)
    world.run(world.services.builds.retry(world.alice, "main", "p", "lint", "1"))
    found = world.services.builds.list(world.alice, "main", "p", "lint", statuses=[BuildStatus.WARNING])
    assert [build.name for build in found.items] == ["1"]
    assert statuses(world) == [BuildStatus.WARNING, BuildStatus.SUCCEEDED]
