"""Worker tokens: who may make and revoke them, and that a revoked one opens nothing."""

import pytest

from pikoci.internal.domain.accounts import Principal, Role, User
from pikoci.internal.domain.errors import (
    InvalidError,
    NotFoundError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from pikoci.internal.domain.gateway import WorkerHello
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service.plumbing.claimant import Claimant
from pikoci.internal.service.plumbing.settings import ServiceSettings
from pikoci.internal.service.plumbing.tokens import TokenService
from tests.integration.internal.service.world import World

NOBODY = Principal()


def lead(team: str = "main", role: Role = Role.ADMIN) -> Principal:
    """Who administers one team."""
    return Principal(user=User(id=99, name="lena", password_hash=""), roles={team: role})


def test_a_token_made_elsewhere_is_known_once_it_was_used_and_can_be_revoked(world: World) -> None:
    token = world.services.tokens.worker_token("main")
    opens = world.services.tokens.read_worker(token)
    assert world.services.worker_tokens.list(world.alice) == []
    hello = WorkerHello(name="far", instance="i9", version="1", queues=["jobs"], concurrency=1)
    world.services.gateway.opened_by(Claimant("far", "i9", opens)).register(hello)
    (known,) = world.services.worker_tokens.list(lead())
    assert (known.id, known.team, known.created_by, known.revoked_at) == (opens.id, "main", "", None)
    stream = world.services.gateway.commands("far", "i9")
    world.services.worker_tokens.revoke(lead(), opens.id)
    assert list(stream) == []
    with pytest.raises(UnauthenticatedError, match="revoked"):
        world.services.tokens.read_worker(token)


def test_the_token_that_servers_print_is_one_is_listed_and_stays_revoked(world: World, store: Store) -> None:
    token, is_revoked = world.services.worker_tokens.shared()
    assert not is_revoked
    again = World(store)
    again.clock.advance(3600)
    assert again.services.worker_tokens.shared() == (token, False)
    (known,) = world.services.worker_tokens.list(world.alice)
    assert (known.created_by, known.created_at, known.tags) == ("the server", world.clock.now(), None)
    assert known.id == world.services.tokens.read_worker(token).id
    world.services.worker_tokens.revoke(world.alice, known.id)
    assert World(store).services.worker_tokens.shared() == (token, True)
    again.clock.advance(2)
    with pytest.raises(UnauthenticatedError, match="revoked"):
        again.services.tokens.read_worker(token)
    other = TokenService("t" * 32, world.clock, ServiceSettings())
    assert other.shared_token()[0] != known.id


def test_tags_of_a_token_are_kept_and_shown(world: World) -> None:
    made, token = world.services.worker_tokens.create(world.alice, "main", ["vpn", "gpu", "gpu"])
    assert made.tags == ["gpu", "vpn"] == world.services.tokens.read_worker(token).tags
    none, _ = world.services.worker_tokens.create(world.alice, tags=[])
    shown = {token.id: token.tags for token in world.services.worker_tokens.list(world.alice)}
    assert shown == {made.id: ["gpu", "vpn"], none.id: []}


def test_another_server_refuses_within_two_seconds(world: World, store: Store) -> None:
    other = World(store)
    made, token = world.services.worker_tokens.create(world.alice)
    assert other.services.tokens.read_worker(token).id == made.id
    world.services.worker_tokens.revoke(world.alice, made.id)
    other.clock.advance(2)
    with pytest.raises(UnauthenticatedError, match="revoked"):
        other.services.tokens.read_worker(token)


def test_a_token_never_seen_here_can_be_revoked_by_its_id(world: World) -> None:
    token = world.services.tokens.worker_token()
    token_id = world.services.tokens.read_worker(token).id
    with pytest.raises(NotFoundError):
        world.services.worker_tokens.revoke(lead(), token_id)
    world.services.worker_tokens.revoke(world.alice, token_id)
    with pytest.raises(UnauthenticatedError, match="revoked"):
        world.services.tokens.read_worker(token)


def test_administrators_of_a_team_see_to_its_tokens_alone(world: World) -> None:
    ours, _ = world.services.worker_tokens.create(lead(), "main")
    everyones, _ = world.services.worker_tokens.create(world.alice)
    assert [token.id for token in world.services.worker_tokens.list(lead())] == [ours.id]
    assert {token.id for token in world.services.worker_tokens.list(world.alice)} == {ours.id, everyones.id}
    with pytest.raises(NotFoundError):
        world.services.worker_tokens.revoke(lead(), everyones.id)
    with pytest.raises(PermissionDeniedError):
        world.services.worker_tokens.create(lead())


def test_nobody_else_may_do_anything_with_tokens(world: World) -> None:
    tokens = world.services.worker_tokens
    made, _ = tokens.create(world.alice, "main")
    writer = lead(role=Role.MAINTAIN)
    with pytest.raises(PermissionDeniedError):
        tokens.create(writer, "main")
    with pytest.raises(PermissionDeniedError):
        tokens.list(writer)
    with pytest.raises(NotFoundError):
        tokens.revoke(writer, made.id)
    for act in (lambda: tokens.create(NOBODY), lambda: tokens.list(NOBODY), lambda: tokens.revoke(NOBODY, made.id)):
        with pytest.raises(UnauthenticatedError):
            act()


def test_bad_requests_are_refused_clearly(world: World) -> None:
    with pytest.raises(NotFoundError, match="there is no team blue"):
        world.services.worker_tokens.create(world.alice, "blue")
    for token_id in ("", "a.b.c", "x" * 65, "a\0"):
        with pytest.raises(InvalidError, match="cannot be the id"):
            world.services.worker_tokens.revoke(world.alice, token_id)
