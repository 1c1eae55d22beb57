"""Making, listing and revoking API tokens, over HTTP."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from pikoci.internal.api import COOKIE, ApiSettings
from pikoci.internal.api.authentication import Sessions
from pikoci.internal.domain.api_tokens import is_whole, new_token
from pikoci.internal.domain.errors import UnauthenticatedError, UnavailableError
from pikoci.internal.service import EventBus, ServiceSettings, build_services
from pikoci.internal.service.use_cases.api_tokens import Wish
from pikoci.internal.store import StoreSettings, open_store
from tests.unit.internal.api.scene import (
    PASSWORD,
    PIPELINE,
    SECRET,
    Bells,
    Scene,
    hashed,
    make_scene,
    make_store,
    with_pipeline,
)
from tests.unit.internal.service.plumbing.test_tokens import FixedClock

TOKENS = "/api/v1/api-tokens"
DAY = 24 * 3600


def make(scene: Scene, name: str = "deploy", **wish: Any) -> Any:
    answer = scene.call("POST", TOKENS, {"name": name, **wish})
    assert answer.status_code == 201, answer.text
    return answer.json


def become(scene: Scene, name: str, **roles: str) -> None:
    """Go on as a user of these roles."""
    store = scene.services.context.store
    with store.transaction():
        user = store.accounts.create_user(name, hashed(PASSWORD), is_admin=False, must_change_password=False)
    for team, role in roles.items():
        scene.call("POST", "/api/v1/teams", {"name": team})
        member = f"/api/v1/teams/{team}/members/{name}"
        assert scene.call("PUT", member, {"role": role}).status_code == 204
    scene.token = scene.services.sessions.begin(user)


def test_a_token_is_shown_once_and_kept_nowhere() -> None:
    database = open_store(StoreSettings())
    database.migrate()
    scene = make_scene(store=database)
    made = make(scene, team="main")
    token = made.pop("token")
    assert is_whole(token)
    assert scene.call("GET", TOKENS).json["items"] == [made]
    tables = [row[0] for row in database.session.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    kept = [row for table in tables for row in database.session.rows(f"SELECT * FROM {table}")]
    assert token not in repr(kept)


def test_what_a_token_is_comes_with_the_profile(scene: Scene) -> None:
    scene.token = make(scene, role="maintain", team="main", pipeline="demo")["token"]
    profile = scene.call("GET", "/api/v1/profile").json
    assert (profile["name"], profile["is_admin"], profile["token"]["role"]) == ("admin", False, "maintain")
    assert (profile["token"]["team"], profile["token"]["pipeline"]) == ("main", "demo")


@pytest.mark.parametrize(
    ("wish", "status", "said"),
    [
        ({"role": "maintain"}, 403, "you have the role maintain in no team"),
        ({"role": "write", "team": "main"}, 403, "this needs the role write in team main"),
        ({"team": "nowhere"}, 404, "there is no team nowhere"),
        ({"team": "main", "role": "read", "pipeline": "nope"}, 404, "there is no pipeline nope"),
        ({"pipeline": "demo"}, 422, "needs the name of the team"),
        ({"of_team": True}, 422, "needs the name of the team"),
        ({"of_team": True, "team": "main", "role": "read"}, 403, "this needs the role admin in team main"),
        ({"is_admin": True, "role": "read"}, 403, "this needs a global administrator"),
        ({"expires_in": None}, 403, "last at most 8760h"),
        ({"expires_in": 366 * DAY}, 403, "last at most 8760h"),
        ({"expires_in": 0}, 400, "expires_in"),
        ({"role": "owner"}, 400, "role"),
        ({"name": "two words"}, 400, "name"),
    ],
)
def test_nobody_makes_a_token_for_more_than_there_is(scene: Scene, wish: Any, status: int, said: str) -> None:
    become(scene, "bob", main="read", blue="write")
    answer = scene.call("POST", TOKENS, {"name": "x", **wish})
    assert (answer.status_code, said in answer.json["detail"]) == (status, True), answer.text
    assert scene.call("GET", TOKENS).json["items"] == []


def test_a_global_token_is_for_all_teams(scene: Scene) -> None:
    for wish in ({"role": "write"}, {"role": "admin", "team": "main"}):
        answer = scene.call("POST", TOKENS, {"name": "x", "is_admin": True, **wish})
        assert (answer.status_code, "in every team" in answer.json["detail"]) == (422, True)


def test_a_name_is_given_once(scene: Scene) -> None:
    make(scene)
    answer = scene.call("POST", TOKENS, {"name": "deploy"})
    assert (answer.status_code, "delete it first" in answer.json["hint"]) == (409, True)
    make(scene, team="main", of_team=True)  # the team has names of its own


def test_tokens_are_bounded_in_number(scene: Scene) -> None:
    for number in range(100):
        scene.services.api_tokens.create(_admin(scene), Wish(name=f"t{number}"))
    answer = scene.call("POST", TOKENS, {"name": "more"})
    assert (answer.status_code, answer.json["detail"]) == (409, "there are 100 tokens already")


def _admin(scene: Scene) -> Any:
    user = scene.services.context.store.accounts.find_user("admin")
    assert user
    return scene.services.accounts.principal_for(user.id, user.session_epoch)


def test_a_token_expires(scene: Scene) -> None:
    made = make(scene, expires_in=60)
    scene.token = made["token"]
    assert scene.call("GET", "/api/v1/profile").status_code == 200


@pytest.mark.parametrize(("most", "days"), [(None, 90), (30 * DAY, 30), (200 * DAY, 90)])
def test_the_server_bounds_how_long_a_token_lasts(most: float | None, days: int) -> None:
    clock = FixedClock()
    services = build_services(make_store(), Bells(), clock, ServiceSettings(api_token_lifetime=most), jwt_secret=SECRET)
    services.accounts.ensure_users([f"admin:{hashed(PASSWORD)}"])
    admin = services.accounts.principal_for(1, 0)
    made, text = services.api_tokens.create(admin, Wish(name="x"))
    assert made.expires_at == clock.now() + days * DAY
    if most is None:
        assert services.api_tokens.create(admin, Wish(name="y", lifetime=None))[0].expires_at is None
    clock.time += days * DAY - 1
    assert services.api_tokens.open(text).user == admin.user
    clock.time += 1
    with pytest.raises(UnauthenticatedError, match="expired"):
        services.api_tokens.open(text)
    services.scheduling.prune()
    assert made in services.api_tokens.list(admin)  # for a while, so that people see why
    clock.time += 31 * DAY
    services.scheduling.prune()
    assert made not in services.api_tokens.list(admin)


def test_a_teams_token_is_its_administrators_business(scene: Scene) -> None:
    own = make(scene, team="main", of_team=True)
    become(scene, "bob", main="admin")
    (listed,) = scene.call("GET", TOKENS, query_string="team=main").json["items"]
    assert (listed["id"], listed["user"], listed["created_by"]) == (own["id"], "", "admin")
    bob = scene.token
    scene.token = own["token"]
    assert scene.call("POST", "jobs/free/builds", {}).json["created_by"] == "token deploy of team main"
    scene.token = bob
    assert scene.call("DELETE", f"{TOKENS}/{own['id']}").status_code == 204
    scene.token = own["token"]
    assert scene.call("GET", "/api/v1/profile").status_code == 401


def test_a_teams_token_stays_when_its_maker_goes(scene: Scene) -> None:
    admin = scene.token
    become(scene, "bob", main="admin")
    own, personal = (make(scene, name, team="main", of_team=name == "own") for name in ("own", "personal"))
    scene.token = admin
    assert scene.call("DELETE", "/api/v1/teams/main/members/bob").status_code == 204
    scene.token = own["token"]
    assert scene.call("POST", "pause").status_code == 204
    scene.token = personal["token"]
    assert scene.call("GET", "").status_code == 404


def test_a_stranger_may_not_know_of_a_token(scene: Scene) -> None:
    made = make(scene)
    become(scene, "bob", main="admin")
    assert scene.call("DELETE", f"{TOKENS}/{made['id']}").status_code == 404
    assert scene.call("DELETE", f"{TOKENS}/999").status_code == 404
    for query in ("user=admin", "team=other"):
        assert scene.call("GET", TOKENS, query_string=query).status_code in {403, 404}


def test_an_administrator_sees_and_revokes_everybodys(scene: Scene) -> None:
    admin = scene.token
    become(scene, "bob", main="read")
    made = make(scene, role="read")
    scene.token = admin
    (listed,) = scene.call("GET", TOKENS, query_string="user=bob").json["items"]
    assert scene.call("DELETE", f"{TOKENS}/{listed['id']}").status_code == 204
    assert scene.call("GET", TOKENS, query_string="user=nobody").status_code == 404
    scene.token = made["token"]
    assert scene.call("GET", "/api/v1/profile").status_code == 401


def test_a_changed_password_ends_no_token(scene: Scene) -> None:
    made = make(scene)
    new = scene.call("POST", "/api/v1/profile/password", {"current": PASSWORD, "new": "another good one"})
    assert new.status_code == 200
    scene.token = made["token"]
    assert scene.call("GET", "/api/v1/profile").status_code == 200


def test_a_token_is_none_in_a_cookie(scene: Scene) -> None:
    headers = {"Cookie": f"{COOKIE}={make(scene)['token']}"}
    assert scene.anonymous("GET", "/api/v1/profile", headers=headers).status_code == 401


def test_keys_of_requests_belong_to_the_token(scene: Scene) -> None:
    tokens = [make(scene, name)["token"] for name in ("one", "two")]
    numbers = []
    for token in (scene.token, *tokens, *tokens):
        scene.token = token
        answer = scene.call("POST", "jobs/free/builds", {}, {"Idempotency-Key": "k"})
        numbers.append(answer.json["number"])
    assert numbers == ["1", "2", "3", "2", "3"]


def test_a_token_for_a_pipeline_lists_it_alone(scene: Scene) -> None:
    assert scene.call("PUT", "/api/v1/teams/main/pipelines/other", {"config": ""}).status_code == 200
    token = make(scene, team="main", pipeline="demo")["token"]
    scene.token = token
    listed = scene.call("GET", "/api/v1/teams/main/pipelines").json["items"]
    assert [one["name"] for one in listed] == ["demo"]


def test_a_token_is_never_logged(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = make(scene)
    assert scene.call("DELETE", f"{TOKENS}/{made['id']}").status_code == 204
    logged = [vars(record) for record in caplog.records if "API token" in record.message]
    assert [(one["message"], one["by"], one["token"]) for one in logged] == [
        ("an API token was made", "admin", "deploy"),
        ("an API token was revoked", "admin", "deploy"),
    ]
    assert made["token"] not in repr([vars(record) for record in caplog.records])


def test_last_use_is_shown_and_written_once_in_a_while(scene: Scene) -> None:
    made = make(scene)
    admin, store = scene.token, scene.services.context.store
    scene.token = made["token"]
    for _ in range(3):
        assert scene.call("GET", "").status_code == 200
    kept = store.api_tokens.get(made["id"])
    assert kept is not None
    assert kept.last_used_at is None  # what reads writes nothing
    scene.token = admin
    shown = scene.call("GET", TOKENS).json["items"][0]
    assert (shown["last_used_from"], shown["last_used_at"] is not None) == ("127.0.0.1", True)
    assert scene.services.context.last_use.write() == 2  # the token, and the session
    assert scene.services.context.last_use.write() == 0
    assert scene.call("GET", TOKENS).json["items"][0] == shown


def test_last_use_that_cannot_be_written_is_kept(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    made, last_use = make(scene), scene.services.context.last_use
    scene.token = made["token"]
    scene.call("GET", "")
    store = scene.services.context.store

    def away(*_: object) -> None:
        raise UnavailableError("the database is away")

    with monkeypatch.context() as broken:
        broken.setattr(store.api_tokens, "used", away)
        with pytest.raises(UnavailableError):
            last_use.write()
    last_use.write()
    kept = store.api_tokens.get(made["id"])
    assert kept is not None
    assert kept.last_used_from == "127.0.0.1"


@pytest.mark.parametrize("told", [True, False])
def test_a_revoked_token_counts_on_another_server(told: bool) -> None:
    """At once where the bus tells of it, else within two seconds."""
    store, clock, bus = make_store(), FixedClock(), EventBus()
    buses = (bus, bus if told else EventBus())
    one, two = (build_services(store, Bells(), clock, jwt_secret=SECRET, bus=each) for each in buses)
    one.accounts.ensure_users([f"admin:{hashed(PASSWORD)}"])
    made, text = one.api_tokens.create(one.accounts.principal_for(1, 0), Wish(name="x"))
    sessions = Sessions(two, ApiSettings(version="1"), clock)
    sessions.open(text)
    one.api_tokens.revoke(one.accounts.principal_for(1, 0), made.id)
    if not told:
        sessions.open(text)
        clock.time += 2.0
    with pytest.raises(UnauthenticatedError, match="not valid"):
        sessions.open(text)


def test_what_was_read_before_a_token_was_revoked_is_not_believed_after(monkeypatch: pytest.MonkeyPatch) -> None:
    services = build_services(make_store(), Bells(), FixedClock(), jwt_secret=SECRET)
    services.accounts.ensure_users([f"admin:{hashed(PASSWORD)}"])
    admin = services.accounts.principal_for(1, 0)
    made, text = services.api_tokens.create(admin, Wish(name="x"))
    sessions, find = Sessions(services, ApiSettings(version="1"), FixedClock()), services.context.store.api_tokens.find

    def slow(digest: str) -> Any:
        found = find(digest)
        services.api_tokens.revoke(admin, made.id)
        sessions.forget()
        return found

    with monkeypatch.context() as raced:
        raced.setattr(services.context.store.api_tokens, "find", slow)
        sessions.open(text)
    with pytest.raises(UnauthenticatedError):
        sessions.open(text)


def test_what_is_no_token_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = with_pipeline(make_scene())
    asked: list[str] = []
    find = scene.services.context.store.api_tokens.find

    def noted(digest: str) -> Any:
        asked.append(digest)
        return find(digest)

    monkeypatch.setattr(scene.services.context.store.api_tokens, "find", noted)
    whole = new_token()
    for token in ("pko_", whole[:-1], whole + "x", whole[:10] + "x" + whole[11:] if whole[10] != "x" else "pko_x"):
        scene.token = token
        assert scene.call("GET", PIPELINE).status_code == 401
    assert asked == []
    scene.token = whole
    assert scene.call("GET", PIPELINE).status_code == 401
    assert len(asked) == 1
