"""Sessions, listed and ended."""

from __future__ import annotations

from typing import Any

from tests.unit.internal.api.scene import PASSWORD, Scene
from tests.unit.internal.api.test_api_tokens import become

SESSIONS = "/api/v1/sessions"


def log_in(scene: Scene, client: str = "curl/8") -> str:
    login = {"name": "admin", "password": PASSWORD}
    answer = scene.anonymous("POST", "/api/v1/login", json=login, headers={"User-Agent": client})
    return str(answer.json["token"])


def listed(scene: Scene, query: str = "") -> list[Any]:
    found: list[Any] = scene.call("GET", SESSIONS, query_string=query).json["items"]
    return found


def is_open(scene: Scene, token: str) -> bool:
    return scene.anonymous("GET", "/api/v1/profile", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_each_login_is_a_session_that_tells_where_it_is_from(scene: Scene) -> None:
    scene.token = log_in(scene, "Mozilla\x07 " + "x" * 500)
    log_in(scene)
    current = {one["is_current"]: one for one in listed(scene)}
    assert current[False]["client"] == "curl/8"
    assert (current[True]["address"], len(current[True]["client"])) == ("127.0.0.1", 200)


def test_one_is_ended_and_no_other(scene: Scene) -> None:
    scene.token, other = log_in(scene), log_in(scene)
    session = next(one["id"] for one in listed(scene) if not one["is_current"])
    assert is_open(scene, other)
    for _ in range(2):
        assert scene.call("DELETE", f"{SESSIONS}/{session}").status_code == 204
    assert not is_open(scene, other)
    assert [one["is_current"] for one in listed(scene)] == [True]


def test_all_others_are_ended(scene: Scene) -> None:
    scene.token, others = log_in(scene), [log_in(scene) for _ in range(3)]
    assert scene.call("DELETE", SESSIONS).status_code == 204
    assert not any(is_open(scene, token) for token in others)
    assert [one["is_current"] for one in listed(scene)] == [True]


def test_a_changed_password_leaves_the_new_session_alone(scene: Scene) -> None:
    scene.token = log_in(scene)
    log_in(scene)
    body = {"current": PASSWORD, "new": "another good one"}
    scene.token = scene.call("POST", "/api/v1/profile/password", body).json["token"]
    assert [one["is_current"] for one in listed(scene)] == [True]


def test_sessions_of_others_are_the_administrators_business(scene: Scene) -> None:
    scene.token = admin = log_in(scene)
    (own,) = listed(scene)
    become(scene, "bob", main="admin")
    bob = scene.token
    assert scene.call("DELETE", f"{SESSIONS}/{own['id']}").status_code == 404
    for method in ("GET", "DELETE"):
        assert scene.call(method, SESSIONS, query_string="user=admin").status_code == 403
    assert is_open(scene, admin)
    scene.token = admin
    assert len(listed(scene, "user=bob")) == 1
    assert scene.call("DELETE", SESSIONS, query_string="user=bob").status_code == 204
    assert not is_open(scene, bob)
    assert scene.call("GET", SESSIONS, query_string="user=nobody").status_code == 404


def test_a_session_in_use_is_written_once_in_a_while(scene: Scene) -> None:
    scene.token = log_in(scene)
    (first,) = listed(scene)
    kept = scene.services.context.store.sessions.get(first["id"])
    assert kept
    assert kept.last_used_at == kept.created_at
    scene.services.context.last_use.write()
    after = scene.services.context.store.sessions.get(first["id"])
    assert after
    assert after.last_used_at > kept.last_used_at
