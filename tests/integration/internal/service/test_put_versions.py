"""Versions that puts make, and versions that come back: which of them is the newest, and what that starts."""

import pytest

from pikoci.internal.domain.build import Build
from pikoci.internal.domain.events import VersionProduced
from pikoci.internal.domain.gateway import CheckResult
from tests.integration.internal.service.world import World

JOBS = """
    job "run" {
      priority = 1
      put "{type}" "repo" {}
    }
    job "gated" {
      get "{type}" "repo" {
        trigger = true
        passed  = ["run"]
      }
    }
    job "plain" {
      get "{type}" "repo" { trigger = true }
    }
    job "latest" {
      get "{type}" "repo" {
        trigger = true
        version = "latest"
      }
    }
"""
CHECKED = """
    resource_type "made" {
      check "exec" { path = "/bin/true" }
      push "exec" { path = "/bin/true" }
    }
    resource "made" "repo" { check_interval = "@every 12h" }
""" + JOBS.replace("{type}", "made")
UNCHECKED = """
    resource_type "made" {
      push "exec" { path = "/bin/true" }
    }
    resource "made" "repo" {}
""" + JOBS.replace("{type}", "made")
BUTTON = """
    resource "trigger" "repo" {}
""" + JOBS.replace("{type}", "trigger")


EACH = (
    CHECKED
    + """
    job "each" {
      get "made" "repo" {
        trigger = true
        passed  = ["run"]
        version = "every"
      }
    }
"""
)


def put(world: World, name: str, resource: str = "made.repo") -> Build:
    """A build of `run` that puts the version `{"v": name}`."""
    build = world.trigger()
    claim = world.claim(build).claim
    produced = VersionProduced(put="repo", resource=resource, version={"v": name})
    world.report(build, claim, 1, produced, *world.events())
    world.schedule()
    return build


def due(world: World) -> list[int]:
    world.services.scheduling.dispatch_checks()
    return world.publisher.take("checks")


def built(world: World, job: str, get: str = "repo") -> list[object]:
    return [world.taken(build)[get] for build in world.builds(job)]


def newest(world: World, resource: str = "made.repo") -> object:
    latest = world.store.versions.latest(world.resource(resource).id)
    return latest.version["v"] if latest else None


def test_what_a_put_made_can_have_passed_at_once_but_is_not_the_newest(world: World) -> None:
    world.set(CHECKED)
    world.find_versions("1")
    put(world, "elsewhere")
    assert newest(world) == "1"
    assert built(world, "gated") == ["elsewhere"]
    assert built(world, "plain") == built(world, "latest") == ["1"]
    assert world.taken(world.trigger("plain")) == {"repo": "1"}


def test_each_of_several_versions_of_one_put_has_its_turn_after_it(world: World) -> None:
    world.set(EACH)
    for names in ("123", "45"):
        build = world.trigger("run")
        made = [VersionProduced(put="repo", resource="made.repo", version={"v": name}) for name in names]
        world.report(build, world.claim(build).claim, 1, *made, *world.events())
        world.schedule()
    assert built(world, "each") == ["1", "2", "3", "4", "5"]
    assert built(world, "gated") == ["3", "5"]


def test_a_put_is_followed_by_a_check_at_once_which_tells_what_is_newest(world: World) -> None:
    world.set(CHECKED)
    world.find_versions("1")
    world.publisher.take("checks")
    woken = world.services.context.bus.subscribe("checks")
    with woken as wakeup:
        put(world, "3")
        assert wakeup.wait(0)
    assert due(world) == [world.resource().id]
    claim = world.services.gateway.claim_check(world.resource().id, "w", "i1")
    assert claim.previous == {"v": "1"}
    found = CheckResult(versions=[{"v": "2"}, {"v": "3"}])
    world.services.gateway.finish_check(world.resource().id, claim.claim, found)
    world.schedule()
    assert newest(world) == "3"
    assert built(world, "plain") == ["1", "2", "3"]
    assert built(world, "latest") == ["1", "3"]
    assert built(world, "gated") == ["3"]


def test_a_put_during_a_check_is_followed_by_another_check(world: World) -> None:
    world.set(CHECKED)
    due(world)
    resource_id = world.resource().id
    claim = world.services.gateway.claim_check(resource_id, "w", "i1").claim
    put(world, "2")
    assert due(world) == []
    world.services.gateway.finish_check(resource_id, claim, CheckResult(versions=[{"v": "1"}]))
    assert newest(world) == "1"
    assert due(world) == [resource_id]


def test_a_put_of_a_version_that_a_check_found_before_changes_nothing(world: World) -> None:
    world.set(CHECKED)
    world.find_versions("1", "2")
    put(world, "1")
    assert newest(world) == "2"
    assert built(world, "gated") == ["1"]


@pytest.mark.parametrize(("config", "resource"), [(UNCHECKED, "made.repo"), (BUTTON, "trigger.repo")])
def test_where_no_check_could_list_it_what_a_put_made_is_the_newest_at_once(
    world: World, config: str, resource: str
) -> None:
    world.set(config)
    put(world, "1", resource)
    put(world, "2", resource)
    assert newest(world, resource) == "2"
    assert built(world, "plain") == built(world, "latest") == built(world, "gated") == ["1", "2"]
    assert due(world) == []
    put(world, "1", resource)
    assert newest(world, resource) == "1"
    assert built(world, "plain") == ["1", "2"]


def test_a_version_that_comes_back_is_the_newest_and_starts_nothing_where_it_was_used(world: World) -> None:
    world.set(CHECKED)
    world.find_versions("1")
    world.find_versions("2", "3")
    world.find_versions("1")
    assert newest(world) == "1"
    assert built(world, "plain") == ["1", "2", "3"]
    assert built(world, "latest") == ["1", "3"]
    for job in ("plain", "latest"):
        assert world.taken(world.trigger(job)) == {"repo": "1"}
    world.find_versions("1")
    world.find_versions("4")
    assert built(world, "plain") == ["1", "2", "3", "1", "4"]
    assert built(world, "latest") == ["1", "3", "1", "4"]


def test_a_version_that_comes_back_starts_a_build_where_it_was_not_used(world: World) -> None:
    world.set(CHECKED)
    world.find_versions("1")
    world.find_versions("2", "3")
    world.find_versions("2")
    assert built(world, "latest") == ["1", "3", "2"]
    assert built(world, "plain") == ["1", "2", "3"]


def test_versions_found_before_one_that_comes_back_are_still_built_each(world: World) -> None:
    world.set(CHECKED)
    world.find_versions("1")
    world.find_versions("2", "3", "1")
    assert newest(world) == "1"
    assert built(world, "plain") == ["1", "2", "3"]
    assert world.taken(world.trigger("plain")) == {"repo": "1"}


def test_a_check_that_lists_all_it_knows_changes_nothing(world: World) -> None:
    world.set(CHECKED)
    world.find_versions("1")
    world.find_versions("1", "2", "3")
    before = world.services.resources.versions(world.alice, "main", "p", "made.repo").items
    world.find_versions("1", "2", "3")
    assert world.services.resources.versions(world.alice, "main", "p", "made.repo").items == before
    assert built(world, "plain") == ["1", "2", "3"]


def test_a_long_list_in_several_transactions_moves_only_its_last_version(world: World) -> None:
    world.set(CHECKED)
    names = [str(number) for number in range(1000)]
    world.find_versions(*names)
    world.find_versions(*names[:-1])
    page = world.services.resources.versions(world.alice, "main", "p", "made.repo", limit=1000)
    assert [version.version["v"] for version in page.items[::-1]] == [*names[:-2], "999", "998"]


def test_each_version_of_a_put_is_an_output_and_starts_what_follows(world: World) -> None:
    world.set(UNCHECKED)
    put(world, "0")
    build = world.trigger()
    made = [VersionProduced(put="repo", resource="made.repo", version={"v": name}) for name in ("1", "2")]
    world.report(build, world.claim(build).claim, 1, *made, *world.events())
    world.schedule()
    assert [output.version for output in world.detail(build).outputs] == [{"v": "1"}, {"v": "2"}]
    assert sorted(map(str, built(world, "plain"))) == ["0", "1", "2"]
    assert sorted(map(str, built(world, "latest"))) == ["0", "2"]
