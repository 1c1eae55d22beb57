"""Inputs that cannot be met are looked for in what is new only, and are found as soon as they can be met."""

import logging

import pytest

from pikoci.internal.domain.build import Build, BuildStatus
from tests.integration.internal.service.world import PLAIN, TYPE, World

GET = 'get "made" "repo" {}'


def job(name: str, get: str) -> str:
    return PLAIN.replace('"run"', f'"{name}"').replace('task "t"', f'{get}\n task "t"')


def passed(*jobs: str) -> str:
    names = ", ".join(f'"{name}"' for name in jobs)
    return f'get "made" "repo" {{\n passed = [{names}]\n trigger = true\n}}'


FILE = TYPE + job("unit", GET) + job("lint", GET) + job("ship", f"priority = -1\n{passed('unit', 'lint')}")


@pytest.fixture
def vain(world: World) -> World:
    """Versions 0, 1 and 2 have passed unit, none has passed lint; that is known."""
    world.set(FILE)
    for version in range(3):
        world.find_versions(str(version))
        succeed(world, "unit")
    for _ in range(2):
        look(world)
    return world


def succeed(world: World, name: str, version: int | None = None) -> Build:
    inputs = {} if version is None else {"repo": version}
    return world.run(world.trigger(name, inputs))


def look(world: World) -> None:
    """The scheduler looks at all jobs."""
    world.services.pipelines.pause(world.alice, "main", "p")
    world.services.pipelines.unpause(world.alice, "main", "p")
    world.schedule()


def version(world: World, name: str) -> int:
    found = world.store.versions.find(world.resource().id, {"v": name})
    assert found is not None
    return found.id


def shipped(world: World) -> list[object]:
    return [world.taken(build)["repo"] for build in world.builds("ship")]


def test_a_look_in_vain_does_not_search_again(vain: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "peewee")
    look(vain)
    asked = [str(record.msg[0]) for record in caplog.records if record.name == "peewee"]
    assert any(") fresh" in sql for sql in asked)
    assert not any("FROM build_versions d" in sql for sql in asked)
    build = vain.trigger("ship")
    assert build.reason == "get repo: no version of made.repo has passed job lint"


def test_what_passes_the_missing_job_is_taken_however_old_it_is(vain: World) -> None:
    succeed(vain, "lint", version(vain, "1"))
    assert shipped(vain) == ["1"]
    look(vain)
    assert shipped(vain) == ["1"]


def test_a_build_that_ran_during_the_search_counts_when_it_succeeds(vain: World) -> None:
    early, late = vain.trigger("lint"), vain.trigger("lint")
    claims = {build.id: vain.claim(build).claim for build in (early, late)}
    for _ in range(2):
        look(vain)
    vain.report(late, claims[late.id], 1, *vain.events(BuildStatus.FAILED))
    look(vain)
    assert shipped(vain) == []
    vain.report(early, claims[early.id], 1, *vain.events())
    vain.schedule()
    assert shipped(vain) == ["2"]


def test_a_retry_that_succeeds_counts(vain: World) -> None:
    failed = vain.run(vain.trigger("lint"), BuildStatus.FAILED)
    look(vain)
    vain.run(vain.services.builds.retry(vain.alice, "main", "p", "lint", failed.name))
    assert shipped(vain) == ["2"]


def test_a_version_that_is_enabled_again_counts(vain: World) -> None:
    old = version(vain, "1")
    with vain.store.transaction():
        vain.store.versions.set_disabled(old, True)
    with pytest.raises(Exception, match="disabled"):
        vain.trigger("lint", {"repo": old})
    with vain.store.transaction():
        vain.store.versions.set_disabled(old, False)
    build = vain.trigger("lint", {"repo": old})
    with vain.store.transaction():
        vain.store.versions.set_disabled(old, True)
    vain.run(build)
    look(vain)
    assert shipped(vain) == []
    with vain.store.transaction():
        vain.store.versions.set_disabled(old, False)
    look(vain)
    assert shipped(vain) == ["1"]


def test_a_pin_and_another_file_are_other_questions(vain: World) -> None:
    vain.set(FILE.replace(passed("unit", "lint"), passed("unit")))
    vain.schedule()
    assert shipped(vain) == ["2"]
    vain.set(FILE)
    vain.schedule()
    with vain.store.transaction():
        vain.store.resources.set_pin(vain.resource().id, version(vain, "0"))
    look(vain)
    assert vain.trigger("ship").reason == "get repo: the pinned version v=0 of made.repo has not passed job lint"
    succeed(vain, "lint", version(vain, "0"))
    assert shipped(vain)[-1] == "0"


def test_what_retention_deletes_changes_nothing_and_a_later_success_counts(vain: World) -> None:
    with vain.store.transaction():
        vain.store.builds.delete([build.id for build in vain.builds("unit")])
    look(vain)
    succeed(vain, "lint")
    assert shipped(vain) == []
    succeed(vain, "unit")
    assert shipped(vain) == ["2"]
