"""Logins, users and teams."""

import bcrypt
import pytest

from pikoci.internal.domain.accounts import Principal, Role, User
from pikoci.internal.domain.errors import (
    ConflictError,
    InvalidError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitedError,
    UnauthenticatedError,
)
from pikoci.internal.service import build_services
from pikoci.internal.service.plumbing.tokens import signing_secret
from pikoci.internal.service.use_cases.accounts import AccountService
from tests.integration.internal.service.world import World


@pytest.fixture
def accounts(world: World) -> AccountService:
    return world.services.accounts


def add_user(world: World, name: str, password: str) -> User:
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()
    with world.store.transaction():
        return world.store.accounts.create_user(name, hashed, is_admin=False, must_change_password=True)


def test_a_login_gives_the_user(world: World, accounts: AccountService) -> None:
    bob = add_user(world, "bob", "hunter22")
    assert accounts.login("bob", "hunter22", "10.0.0.1") == bob
    assert accounts.principal_for(bob.id, bob.session_epoch).user == bob


@pytest.mark.parametrize("name", ["bob", "nobody", "", "x" * 1000, "a\0b", "é"])
def test_a_wrong_password_and_an_unknown_name_look_alike(world: World, accounts: AccountService, name: str) -> None:
    add_user(world, "bob", "hunter22")
    with pytest.raises(UnauthenticatedError) as caught:
        accounts.login(name, "wrong")
    assert caught.value.message == "the name or the password is wrong"


def test_attempts_are_limited_by_name_and_address(world: World, accounts: AccountService) -> None:
    add_user(world, "bob", "hunter22")
    for _ in range(10):
        with pytest.raises(UnauthenticatedError):
            accounts.login("bob", "wrong", "10.0.0.1")
    with pytest.raises(RateLimitedError) as caught:
        accounts.login("bob", "hunter22", "10.0.0.1")
    assert caught.value.retry_after == 300
    accounts.login("bob", "hunter22", "10.0.0.2")
    world.clock.advance(301)
    accounts.login("bob", "hunter22", "10.0.0.1")


def test_a_changed_password_ends_sessions(world: World, accounts: AccountService) -> None:
    bob = add_user(world, "bob", "hunter22")
    principal = accounts.principal_for(bob.id, bob.session_epoch)
    with pytest.raises(PermissionDeniedError):
        accounts.change_password(principal, "wrong", "new-password")
    with pytest.raises(InvalidError, match="old one"):
        accounts.change_password(principal, "hunter22", "hunter22")
    changed = accounts.change_password(principal, "hunter22", "new-password")
    assert not changed.must_change_password
    with pytest.raises(UnauthenticatedError, match="session has ended"):
        accounts.principal_for(bob.id, bob.session_epoch)
    assert accounts.login("bob", "new-password") == changed
    with pytest.raises(UnauthenticatedError):
        accounts.principal_for(9999, 0)


def test_the_first_admin_is_made_where_there_is_nobody(world: World, accounts: AccountService) -> None:
    assert not accounts.ensure_first_admin("admin", "good-password")


def test_users_come_from_pairs(world: World, accounts: AccountService) -> None:
    pair = f"carol:{bcrypt.hashpw(b'hunter22', bcrypt.gensalt(4)).decode()}"
    accounts.ensure_users([pair])
    carol = accounts.login("carol", "hunter22")
    accounts.ensure_users([pair])
    assert accounts.login("carol", "hunter22").session_epoch == carol.session_epoch
    accounts.ensure_users([f"carol:{bcrypt.hashpw(b'other-one', bcrypt.gensalt(4)).decode()}"])
    assert accounts.login("carol", "other-one").session_epoch == carol.session_epoch + 1


def test_who_is_in_a_pair_becomes_an_administrator_and_stays_logged_in(world: World, accounts: AccountService) -> None:
    bob = add_user(world, "bob", "hunter22")
    accounts.ensure_users([f"bob:{bob.password_hash}"])
    principal = accounts.principal_for(bob.id, bob.session_epoch)
    assert principal.user is not None
    assert principal.user.is_admin
    assert accounts.list_users(principal)


@pytest.mark.parametrize("pair", ["carol", "carol:plain-secret", ":x", "a b:x"])
def test_a_bad_pair_is_refused_without_being_shown(accounts: AccountService, pair: str) -> None:
    with pytest.raises(InvalidError) as caught:
        accounts.ensure_users([pair])
    assert "plain-secret" not in str(caught.value)


def test_teams_and_members(world: World, accounts: AccountService) -> None:
    bob = add_user(world, "bob", "hunter22")
    accounts.create_team(world.alice, "blue")
    with pytest.raises(ConflictError):
        accounts.create_team(world.alice, "blue")
    accounts.set_role(world.alice, "blue", "bob", Role.MAINTAIN)
    principal = accounts.principal_for(bob.id, bob.session_epoch)
    assert principal.roles == {"blue": Role.MAINTAIN}
    assert [team.name for team in accounts.list_teams(principal)] == ["blue"]
    assert [(user.name, role) for user, role in accounts.members(principal, "blue")] == [("bob", Role.MAINTAIN)]
    with pytest.raises(PermissionDeniedError):
        accounts.set_role(principal, "blue", "bob", Role.ADMIN)
    with pytest.raises(NotFoundError):
        accounts.set_role(world.alice, "blue", "nobody", Role.READ)
    accounts.set_role(world.alice, "blue", "bob", None)
    assert accounts.members(world.alice, "blue") == []
    assert accounts.ensure_team("blue").name == "blue"


def test_only_administrators_make_users(world: World, accounts: AccountService) -> None:
    made = accounts.create_user(world.alice, "dave", "good-password")
    assert made.must_change_password
    assert {user.name for user in accounts.list_users(world.alice)} == {"alice", "dave"}
    with pytest.raises(PermissionDeniedError):
        accounts.list_users(Principal(user=made))
    with pytest.raises(InvalidError, match="cannot be a name"):
        accounts.create_user(world.alice, "bad name", "good-password")


def test_the_signing_secret_is_kept(world: World) -> None:
    first = signing_secret(world.store, None)
    assert len(first) >= 32
    assert signing_secret(world.store, None) == first
    assert signing_secret(world.store, "given") == "given"
    one = build_services(world.store, world.publisher, world.clock)
    two = build_services(world.store, world.publisher, world.clock)
    assert two.tokens.read_worker(one.tokens.worker_token()).team == ""
