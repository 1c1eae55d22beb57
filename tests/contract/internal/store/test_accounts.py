"""Teams, users, memberships, settings and idempotency keys."""

import pytest

from pikoci.internal.domain.accounts import Role, User
from pikoci.internal.domain.errors import ConflictError, InvalidError
from pikoci.internal.domain.repositories import Store
from pikoci.internal.store.store import SqlStore


def make_user(store: SqlStore, name: str = "bob") -> User:
    with store.transaction():
        return store.accounts.create_user(name, "hash", is_admin=True, must_change_password=True)


def test_a_store_has_all_that_services_ask_for(store: SqlStore) -> None:
    seen_by_services: Store = store  # the type checker looks closer
    seen_by_services.check_health()


def test_the_team_main_always_exists(store: SqlStore) -> None:
    assert [team.name for team in store.accounts.list_teams()] == ["main"]


def test_teams_are_found_and_listed_by_code_point(store: SqlStore) -> None:
    with store.transaction():
        made = [store.accounts.create_team(name) for name in ("b", "Z", "a", "é")]
    assert store.accounts.find_team("b") == made[0]
    assert [team.name for team in store.accounts.list_teams()] == ["Z", "a", "b", "main", "é"]


def test_a_taken_team_name_is_a_conflict_that_leaves_the_transaction_usable(store: SqlStore) -> None:
    with store.transaction():
        with pytest.raises(ConflictError, match="main"):
            store.accounts.create_team("main")
        store.accounts.create_team("other")
    assert store.accounts.find_team("other")


def test_users_are_kept_as_made(store: SqlStore) -> None:
    made = make_user(store)
    assert made == User(id=made.id, name="bob", password_hash="hash", is_admin=True, must_change_password=True)
    assert store.accounts.get_user(made.id) == made == store.accounts.find_user("bob")
    assert store.accounts.get_user(made.id + 1) is None
    assert store.accounts.find_user("BOB") is None


def test_a_taken_user_name_is_a_conflict(store: SqlStore) -> None:
    make_user(store)
    with pytest.raises(ConflictError, match="bob"):
        make_user(store)


def test_users_are_counted_and_listed_by_name(store: SqlStore) -> None:
    assert store.accounts.count_users() == 0
    for name in ("zoe", "amy"):
        make_user(store, name)
    assert store.accounts.count_users() == 2
    assert [user.name for user in store.accounts.list_users()] == ["amy", "zoe"]


def test_a_new_password_ends_sessions_and_the_wish_for_one(store: SqlStore) -> None:
    made = make_user(store)
    with store.transaction():
        store.accounts.set_password(made.id, "new")
    changed = store.accounts.get_user(made.id)
    assert changed == User(id=made.id, name="bob", password_hash="new", is_admin=True, session_epoch=1)


def test_roles_are_given_changed_and_taken_away(store: SqlStore) -> None:
    bob, amy = make_user(store), make_user(store, "amy")
    with store.transaction():
        team = store.accounts.create_team("web")
        store.accounts.set_role(team.id, bob.id, Role.READ)
        store.accounts.set_role(team.id, bob.id, Role.MAINTAIN)
        store.accounts.set_role(team.id, amy.id, Role.WRITE)
    assert store.accounts.roles(bob.id) == {"web": Role.MAINTAIN}
    assert store.accounts.members(team.id) == [(amy, Role.WRITE), (bob, Role.MAINTAIN)]
    with store.transaction():
        store.accounts.set_role(team.id, bob.id, None)
    assert store.accounts.roles(bob.id) == {}


def test_a_role_of_nobody_is_a_conflict(store: SqlStore) -> None:
    with pytest.raises(ConflictError), store.transaction():
        store.accounts.set_role(1, 999, Role.READ)


@pytest.mark.parametrize("name", ["a\0b", "a\udc80b"])
def test_names_that_no_database_can_keep_are_refused_everywhere(store: SqlStore, name: str) -> None:
    with pytest.raises(InvalidError, match="name"):
        store.accounts.find_user(name)
    with pytest.raises(InvalidError, match="name"), store.transaction():
        store.accounts.create_team(name)


def test_the_first_value_of_a_setting_stays(store: SqlStore) -> None:
    assert store.settings.get("secret") is None
    with store.transaction():
        assert store.settings.put_if_absent("secret", "one") == "one"
        assert store.settings.put_if_absent("secret", "two") == "one"
    assert store.settings.get("secret") == "one"


def test_the_first_answer_to_a_key_is_remembered_in_its_scope(store: SqlStore) -> None:
    with store.transaction():
        assert store.idempotency.begin("bob", "k", "f1", now=10.0)
        store.idempotency.finish("bob", "k", 201, b"\x00\xff")
        assert not store.idempotency.begin("bob", "k", "f2", now=11.0)
    assert store.idempotency.find("bob", "k") == ("f1", 201, b"\x00\xff")
    assert store.idempotency.find("amy", "k") is None


def test_old_answers_are_forgotten(store: SqlStore) -> None:
    with store.transaction():
        store.idempotency.begin("bob", "old", "f", now=10.0)
        store.idempotency.begin("bob", "new", "f", now=20.0)
        assert store.idempotency.delete_before(20.0) == 1
    assert store.idempotency.find("bob", "old") is None
    assert store.idempotency.find("bob", "new")
