"""API tokens and sessions, on every database."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from pikoci.internal.domain.accounts import ApiToken, Role, User, UserSession
from pikoci.internal.store.store import SqlStore
from tests.contract.internal.store.world import World


def make_user(store: SqlStore, name: str = "bob") -> User:
    with store.transaction():
        return store.accounts.create_user(name, "hash", is_admin=False, must_change_password=False)


def make(store: SqlStore, digest: str, name: str = "deploy", **fields: Any) -> ApiToken | None:
    draft: dict[str, Any] = {"id": 0, "role": Role.WRITE, "created_by": "bob", "created_at": 5.0}
    with store.transaction():
        return store.api_tokens.create(ApiToken(name=name, **draft | fields), digest)


def begin(store: SqlStore, user: User, session_id: str, **fields: Any) -> UserSession:
    draft: dict[str, Any] = {"epoch": 0, "created_at": 1.0, "expires_at": 100.0, "last_used_at": 1.0, "client": "curl"}
    session = UserSession(id=session_id, user_id=user.id, **draft | fields)
    with store.transaction():
        store.sessions.begin(session)
    return session


def test_a_token_is_found_by_its_digest_with_the_names_of_what_it_is_for(world: World) -> None:
    store, pipeline, user = world.store, world.pipeline(), make_user(world.store)
    made = make(
        store, "d1", user_id=user.id, team_id=pipeline.team_id, pipeline_id=pipeline.id, read_only=True, expires_at=9.5
    )
    assert made
    assert (made.user, made.team, made.pipeline, made.read_only, made.expires_at) == ("bob", "main", "p", True, 9.5)
    assert store.api_tokens.find("d1") == made == store.api_tokens.get(made.id)
    assert store.api_tokens.find("d2") is None
    assert store.api_tokens.of_user(user.id) == [made]
    assert store.api_tokens.of_team(pipeline.team_id) == []


def test_an_owner_has_one_token_of_a_name(world: World) -> None:
    store, team_id = world.store, world.pipeline().team_id
    bob, amy = make_user(store), make_user(store, "amy")
    assert make(store, "d1", user_id=bob.id)
    assert make(store, "d2", user_id=bob.id, team_id=team_id) is None
    assert make(store, "d3", user_id=amy.id)
    own = make(store, "d4", team_id=team_id)
    assert make(store, "d5", team_id=team_id) is None
    assert make(store, "d1", name="other", user_id=amy.id) is None
    assert store.api_tokens.of_team(team_id) == [own]


def test_a_token_goes_with_its_owner(world: World) -> None:
    store, team_id, bob = world.store, world.pipeline().team_id, make_user(world.store)
    make(store, "d1", user_id=bob.id)
    own = make(store, "d2", team_id=team_id)
    with store.transaction():
        store.session.write("DELETE FROM users WHERE id = ?", (bob.id,))
    assert store.api_tokens.find("d1") is None
    assert store.api_tokens.find("d2") == own


def test_a_token_for_a_pipeline_goes_with_it_at_once(world: World) -> None:
    store, pipeline = world.store, world.pipeline()
    make(store, "d1", team_id=pipeline.team_id, pipeline_id=pipeline.id)
    with store.transaction():
        store.deletions.hide(pipeline.id)
    assert store.api_tokens.find("d1") is None


def test_a_namesake_of_a_pipeline_that_is_being_deleted_is_another(world: World) -> None:
    store, pipeline = world.store, world.pipeline()
    with store.transaction():
        store.deletions.hide(pipeline.id)
    made = make(store, "d1", team_id=pipeline.team_id, pipeline_id=pipeline.id)  # a moment too late
    assert world.pipeline().name == "p"
    assert made
    assert (made.pipeline_id, made.pipeline) == (pipeline.id, "")


def test_last_use_is_kept_and_what_expired_long_ago_is_deleted(world: World) -> None:
    store, bob = world.store, make_user(world.store)
    old, new = make(store, "d1", "old", user_id=bob.id, expires_at=10.0), make(store, "d2", "new", user_id=bob.id)
    assert old
    assert new
    world.transact(
        lambda: store.api_tokens.used(new.id, 7.5, "192.0.2.1\0"), lambda: store.api_tokens.delete_expired(10.5)
    )
    assert store.api_tokens.of_user(bob.id) == [replace(new, last_used_at=7.5, last_used_from="192.0.2.1\ufffd")]
    with store.transaction():
        assert store.api_tokens.delete(new.id)
        assert not store.api_tokens.delete(new.id)


def test_open_sessions_are_listed_newest_first(store: SqlStore) -> None:
    bob, amy = make_user(store), make_user(store, "amy")
    kept = [begin(store, bob, "b2", created_at=2.0), begin(store, bob, "b1")]
    begin(store, amy, "a1")
    begin(store, bob, "gone", expires_at=5.0)
    begin(store, bob, "before", epoch=7)
    begin(store, bob, "ended")
    with store.transaction():
        store.ended_sessions.end("ended", 100.0)
    assert store.sessions.list(bob.id, 0, 5.0) == kept
    with store.transaction():
        store.sessions.used("b1", 9.0, "192.0.2.1")
    used = store.sessions.get("b1")
    assert used == replace(kept[1], last_used_at=9.0, address="192.0.2.1")


def test_all_others_are_ended_and_no_one_elses(store: SqlStore) -> None:
    bob, amy = make_user(store), make_user(store, "amy")
    for user, name in ((bob, "b1"), (bob, "b2"), (bob, "b3"), (amy, "a1")):
        begin(store, user, name)
    with store.transaction():
        assert store.sessions.end_others(bob.id, "b2", 5.0) == 2
        assert store.sessions.end_others(bob.id, "b2", 5.0) == 0
    assert store.ended_sessions.ended() == {"b1", "b3"}
    with store.transaction():
        assert store.sessions.delete_expired(100.5) == 4
