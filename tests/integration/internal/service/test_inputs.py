"""Inputs of jobs: what a build is given when it is made, keeps, and hands to its commands."""

import pytest

from pikoci.internal.domain.accounts import Principal
from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.errors import InvalidInputsError
from pikoci.internal.domain.job_inputs import JobInput
from tests.integration.internal.service.test_trigger import GATED, limited
from tests.integration.internal.service.world import PLAIN, TYPE, World

PLACE = 'input "place" {\n default = "staging"\n choices = ["staging", "production"]\n}'
COUNT = 'input "how-many" {\n type = number\n}'
ASKING = limited(f"{PLACE}\n{COUNT}")
#: As set when it was given, and with an input more, one less, and another default.
CHANGED = limited('input "place" {\n default = "here"\n}\ninput "fresh" {\n default = "new"\n}')


def start(world: World, **values: object) -> Build:
    return world.services.builds.trigger(world.alice, "main", "p", "run", values=values)


def seen(world: World, build: Build) -> dict[str, str]:
    """What commands of the build see."""
    return world.claim(build).build.inputs


def test_a_build_keeps_what_it_was_given_and_the_defaults(world: World) -> None:
    world.set(ASKING)
    build = start(world, **{"how-many": "3"})
    assert build.values == {"place": "staging", "how-many": 3}
    assert world.detail(build).build.values == build.values
    assert seen(world, build) == {"INPUT_PLACE": "staging", "INPUT_HOW_MANY": "3"}
    assert world.finish(world.claim(build)).values == build.values


def test_what_has_no_value_is_an_empty_variable_and_not_in_the_record(world: World) -> None:
    world.set(limited(COUNT))
    build = start(world)
    assert world.build(build).values is None
    assert seen(world, build) == {"INPUT_HOW_MANY": ""}


def test_the_env_of_the_job_stays(world: World) -> None:
    world.set(limited(f'env = {{ A = "b" }}\n{PLACE}'))
    claimed = world.claim(start(world))
    assert (claimed.job.env, claimed.build.inputs) == ({"A": "b"}, {"INPUT_PLACE": "staging"})


def test_a_wrong_value_starts_nothing(world: World) -> None:
    world.set(ASKING)
    with pytest.raises(InvalidInputsError, match='job run: input "place" must be one of "staging", "production"'):
        start(world, place="moon")
    with pytest.raises(InvalidInputsError, match='input "plaice" does not exist') as error:
        start(world, plaice="staging")
    assert error.value.hint == 'did you mean "place"?'
    assert world.builds() == []
    assert start(world).number == 1


def test_what_is_required_must_be_given_by_hand(world: World) -> None:
    world.set(limited('input "place" {\n required = true\n}'))
    with pytest.raises(InvalidInputsError, match='input "place" must be given'):
        start(world)
    assert start(world, place="here").values == {"place": "here"}


def test_builds_that_new_versions_start_have_the_defaults(world: World) -> None:
    gated = GATED.replace('get "made" "repo" {}', f'get "made" "repo" {{\n trigger = true\n}}\n{PLACE}')
    world.set(gated)
    (version,) = world.find_versions("1")
    (build,) = world.builds()
    assert build.values == {"place": "staging"}
    (chosen,) = world.services.resources.trigger_version(world.alice, "main", "p", "made.repo", version.id)
    assert world.build(chosen).values == {"place": "staging"}


def test_a_retry_has_the_very_values_of_its_build(world: World) -> None:
    world.set(ASKING)
    build = world.run(start(world, place="production", **{"how-many": 2.5}), BuildStatus.FAILED)
    world.set(CHANGED)
    retry = world.services.builds.retry(world.alice, "main", "p", "run", build.name)
    assert retry.values == {"place": "production", "how-many": 2.5, "fresh": "new"}
    assert seen(world, retry) == {"INPUT_PLACE": "production", "INPUT_HOW_MANY": "2.5", "INPUT_FRESH": "new"}


def test_a_build_that_waits_while_the_pipeline_is_set_keeps_its_values(world: World) -> None:
    world.set(ASKING)
    build = start(world, place="production")
    world.set(CHANGED)
    assert seen(world, build) == {"INPUT_PLACE": "production", "INPUT_FRESH": "new"}


def test_a_requeued_build_has_them_again(world: World) -> None:
    world.set(ASKING)
    build = start(world, place="production")
    first = seen(world, build)
    world.register("i2")
    world.schedule()
    again = world.claim(build, "i2")
    assert again.claim == 2
    assert again.build.inputs == first


def test_a_build_waits_for_a_version_with_its_values(world: World) -> None:
    world.set(GATED.replace('get "made"', f'{PLACE}\n get "made"'))
    build = start(world, place="production")
    assert build.reason
    world.find_versions("1")
    assert world.build(build).values == {"place": "production"}
    assert seen(world, build) == {"INPUT_PLACE": "production"}


def test_a_build_that_was_made_before_the_job_had_inputs_runs_with_the_defaults(world: World) -> None:
    world.set(PLAIN)
    build = start(world)
    assert build.values is None
    world.set(ASKING)
    assert seen(world, build) == {"INPUT_PLACE": "staging", "INPUT_HOW_MANY": ""}


def test_members_see_inputs_and_values_and_the_public_does_not(world: World) -> None:
    world.set(ASKING)
    build = start(world)
    world.services.pipelines.publish(world.alice, "main", "p")
    jobs, builds = world.services.jobs, world.services.builds
    assert [one.name for one in jobs.get(world.alice, "main", "p", "run").inputs] == ["place", "how-many"]
    stranger = Principal()
    assert jobs.get(stranger, "main", "p", "run").inputs == []
    assert builds.get(stranger, "main", "p", "run", build.name).build.values is None
    assert builds.list(stranger, "main", "p", "run").items[0].values is None


def test_an_archived_job_has_none(world: World) -> None:
    world.set(ASKING)
    world.set(TYPE)
    assert world.services.jobs.get(world.alice, "main", "p", "run").inputs == []


def test_a_change_of_inputs_is_a_change_of_the_pipeline(world: World) -> None:
    world.set(limited(PLACE))
    plan, _ = world.services.pipelines.plan(world.alice, "main", "p", ASKING, {})
    assert [change.name for change in plan.changes] == ["run"]
    assert JobInput(name="how-many", type="number").variable == "INPUT_HOW_MANY"
