"""Names that nothing has: what was probably meant is told to those who may know."""

from collections.abc import Callable
from functools import partial

import pytest

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.errors import NotFoundError, UnauthenticatedError
from tests.integration.internal.service.world import PLAIN, TYPE, World


def principal(world: World, **roles: Role) -> Principal:
    with world.store.transaction():
        user = world.store.accounts.create_user("bob", "no hash", is_admin=False, must_change_password=False)
    return Principal(user=user, roles=roles)


def hint(action: Callable[[], object]) -> str:
    with pytest.raises(NotFoundError) as caught:
        action()
    return caught.value.hint


def test_a_near_name_is_told(world: World) -> None:
    world.set(TYPE + PLAIN, "website")
    services, alice = world.services, world.alice
    assert hint(lambda: services.pipelines.get(alice, "main", "webstie")) == 'did you mean "website"?'
    assert hint(lambda: services.jobs.get(alice, "main", "website", "runn")) == 'did you mean "run"?'
    assert hint(lambda: services.builds.trigger(alice, "main", "website", "ru")) == 'did you mean "run"?'
    near = hint(lambda: services.resources.get(alice, "main", "website", "made.rpeo"))
    assert near == 'did you mean "made.repo"?'


def test_nothing_is_told_where_nothing_is_near(world: World) -> None:
    world.set(TYPE + PLAIN, "website")
    assert hint(lambda: world.services.pipelines.get(world.alice, "main", "other")) == ""
    assert hint(lambda: world.services.jobs.get(world.alice, "main", "website", "deploy")) == ""


def test_a_member_is_told_and_a_stranger_learns_no_name(world: World) -> None:
    world.set(PLAIN, "website")
    bob = principal(world, main=Role.READ)
    assert hint(lambda: world.services.pipelines.get(bob, "main", "webstie")) == 'did you mean "website"?'
    for stranger in (Principal(), Principal(user=bob.user)):
        for name in ("webstie", "website"):
            assert hint(partial(world.services.pipelines.get, stranger, "main", name)) == ""
    with pytest.raises(UnauthenticatedError) as caught:
        world.services.pipelines.pause(Principal(), "main", "webstie")
    assert "website" not in f"{caught.value.message}{caught.value.hint}"


def test_a_resource_is_found_by_its_name_alone_where_no_other_has_it(world: World) -> None:
    world.set(TYPE + PLAIN)
    found = world.services.resources.get(world.alice, "main", "p", "repo").resource
    assert found.canonical == "made.repo"
    world.services.resources.check(world.alice, "main", "p", "repo")
    world.set(TYPE + 'resource "trigger" "repo" {}\n' + PLAIN)
    with pytest.raises(NotFoundError, match="several resources repo") as caught:
        world.services.resources.check(world.alice, "main", "p", "repo")
    assert caught.value.hint == "name one: made.repo, trigger.repo"
