"""Who may make requests, by token or by cookie."""

import pytest
from falcon.testing import Result

from pikoci.internal.api import COOKIE, ApiSettings
from pikoci.internal.api.authentication import Sessions
from pikoci.internal.domain.accounts import Principal
from pikoci.internal.domain.errors import UnauthenticatedError
from pikoci.internal.service import ServiceSettings, build_services
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


def _by_cookie(scene: Scene, method: str, path: str, headers: dict[str, str] | None = None) -> Result:
    sent = {"Cookie": f"{COOKIE}={scene.token}", "Host": "ci.example.com", **(headers or {})}
    return scene.client.simulate_request(method, path, headers=sent)


def test_a_login_gives_a_token_that_works(scene: Scene) -> None:
    answer = scene.anonymous("POST", "/api/v1/login", json={"name": "admin", "password": PASSWORD})
    assert answer.status_code == 200
    scene.token = answer.json["token"]
    assert scene.call("GET", "/api/v1/profile").json["name"] == "admin"


def test_a_wrong_login_says_so_and_no_more(scene: Scene) -> None:
    for login in ({"name": "admin", "password": "wrong"}, {"name": "nobody", "password": "wrong"}):
        answer = scene.anonymous("POST", "/api/v1/login", json=login)
        assert answer.status_code == 401
        assert "wrong" not in answer.json["detail"].replace("wrong", "", 1) or "nobody" not in answer.text


def test_too_many_wrong_logins_are_slowed_down(scene: Scene) -> None:
    wrong = {"name": "admin", "password": "wrong"}
    answers = [scene.anonymous("POST", "/api/v1/login", json=wrong) for _ in range(11)]
    assert {answer.status_code for answer in answers[:10]} == {401}
    assert answers[10].status_code == 429
    assert int(answers[10].headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "header", ["Bearer nonsense", "Bearer", "Basic YTpi", "Bearer " + "x" * 5000, "", "Bearer a b"]
)
def test_a_bad_authorization_header_is_refused(scene: Scene, header: str) -> None:
    answer = scene.anonymous("GET", "/api/v1/profile", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_nobody_sees_nothing_but_public_pipelines(scene: Scene) -> None:
    assert scene.anonymous("GET", PIPELINE).status_code in {401, 404}
    assert scene.call("POST", "publish").status_code == 204
    answer = scene.anonymous("GET", PIPELINE)
    assert answer.status_code == 200
    assert answer.json["config"] is None
    assert scene.anonymous("POST", f"{PIPELINE}/pause").status_code == 401
    resource = scene.anonymous("GET", f"{PIPELINE}/resources/trigger.button").json
    assert resource["webhook_token"] == ""
    assert scene.anonymous("GET", "/api/v1/workers").status_code == 401
    assert scene.anonymous("GET", "/api/v1/queues").status_code == 401


def test_a_worker_token_is_no_user_token(scene: Scene) -> None:
    scene.token = scene.services.tokens.worker_token()
    assert scene.call("GET", "/api/v1/profile").status_code == 401


def test_a_changed_password_ends_every_session_at_once(scene: Scene) -> None:
    before = scene.token
    assert scene.call("GET", "/api/v1/profile").status_code == 200
    changed = scene.call("POST", "/api/v1/profile/password", {"current": PASSWORD, "new": "another good one"})
    assert changed.status_code == 200
    assert scene.call("GET", "/api/v1/profile").status_code == 401
    scene.token = changed.json["token"]
    assert scene.token != before
    assert scene.call("GET", "/api/v1/profile").status_code == 200


def test_a_password_that_must_be_changed_opens_nothing_else(scene: Scene) -> None:
    store = scene.services.context.store
    with store.transaction():
        store.accounts.create_user("eve", hashed("a first password"), is_admin=True, must_change_password=True)
    login = scene.anonymous("POST", "/api/v1/login", json={"name": "eve", "password": "a first password"})
    scene.token = login.json["token"]
    answer = scene.call("GET", "/api/v1/teams")
    assert (answer.status_code, answer.json["type"]) == (403, "urn:pikoci:problem:password-change-required")
    assert scene.call("GET", "/api/v1/profile").json["must_change_password"] is True
    body = {"current": "a first password", "new": "a second password"}
    scene.token = scene.call("POST", "/api/v1/profile/password", body).json["token"]
    assert scene.call("GET", "/api/v1/teams").status_code == 200


def test_a_role_that_was_taken_away_counts_at_once(scene: Scene) -> None:
    scene.services.accounts.ensure_users([f"bob:{hashed(PASSWORD)}"])
    admin, user = scene.token, scene.services.accounts.login("bob", PASSWORD)
    scene.token = scene.services.tokens.user_token(user)
    assert scene.call("GET", "").status_code == 200
    scene.token = admin


def test_a_session_cookie_reads(scene: Scene) -> None:
    assert _by_cookie(scene, "GET", PIPELINE).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://ci.example.com"},
        {"Origin": "http://CI.example.com"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "null"},
    ],
)
def test_a_session_cookie_changes_from_pages_of_the_same_server(scene: Scene, headers: dict[str, str]) -> None:
    assert _by_cookie(scene, "POST", f"{PIPELINE}/pause", headers).status_code == 204


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example.com"},
        {"Origin": "null"},
        {"Origin": "https://ci.example.com.evil.com"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://ci.example.com"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_a_session_cookie_changes_nothing_from_elsewhere(scene: Scene, headers: dict[str, str]) -> None:
    answer = _by_cookie(scene, "POST", f"{PIPELINE}/pause", headers)
    assert answer.status_code == 403
    assert scene.call("GET", "").json["pipeline"]["paused"] is False


def test_the_external_address_counts_as_the_same_server() -> None:
    scene = with_pipeline(make_scene(ApiSettings(version="1", external_url="https://outside.example.com")))
    headers = {"Origin": "https://outside.example.com", "Host": "outside.example.com"}
    assert _by_cookie(scene, "POST", f"{PIPELINE}/pause", headers).status_code == 204


def test_a_cookie_that_is_no_session_is_as_good_as_none(scene: Scene) -> None:
    scene.call("POST", "publish")
    scene.token = "nonsense"
    assert _by_cookie(scene, "GET", PIPELINE).status_code == 200
    assert _by_cookie(scene, "POST", f"{PIPELINE}/pause", {"Sec-Fetch-Site": "same-origin"}).status_code == 401


def test_answers_carry_security_headers_and_no_cors(scene: Scene) -> None:
    for answer in (scene.call("GET", ""), scene.anonymous("GET", "/nowhere"), scene.anonymous("GET", "/healthz")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert not [name for name in answer.headers if name.lower().startswith("access-control")]


def test_a_logout_ends_the_session_and_no_other(scene: Scene) -> None:
    login = {"name": "admin", "password": PASSWORD}
    first, second = (scene.anonymous("POST", "/api/v1/login", json=login).json["token"] for _ in range(2))
    scene.token = first
    assert scene.call("GET", "/api/v1/profile").status_code == 200
    assert scene.call("POST", "/api/v1/logout").status_code == 204
    answer = scene.call("GET", "/api/v1/profile")
    assert (answer.status_code, answer.json["detail"]) == (401, "this session has ended")
    assert scene.call("POST", "/api/v1/logout").status_code == 401
    scene.token = second
    assert scene.call("GET", "/api/v1/profile").status_code == 200


def test_a_logout_counts_on_another_server_within_two_seconds() -> None:
    store, clock = make_store(), FixedClock()
    one, two = (build_services(store, Bells(), clock, jwt_secret=SECRET) for _ in range(2))
    one.accounts.ensure_users([f"admin:{hashed(PASSWORD)}"])
    token = one.tokens.user_token(one.accounts.login("admin", PASSWORD))
    sessions = Sessions(two, ApiSettings(version="1"), clock)
    for _ in range(3):
        sessions.open(token)
        clock.time += 0.6
    one.accounts.log_out(one.tokens.read_user(token), Principal())
    clock.time += 2.0
    with pytest.raises(UnauthenticatedError, match="session has ended"):
        sessions.open(token)


def test_a_session_in_use_ends_all_the_same() -> None:
    clock, settings = FixedClock(), ApiSettings(version="1")
    services = build_services(make_store(), Bells(), clock, ServiceSettings(session_lifetime=60.0), jwt_secret=SECRET)
    services.accounts.ensure_users([f"admin:{hashed(PASSWORD)}"])
    token = services.tokens.user_token(services.accounts.login("admin", PASSWORD))
    sessions, ends = Sessions(services, settings, clock), clock.time + 60.0 + 30.0  # the leeway for clocks
    while clock.time <= ends:
        sessions.open(token)
        clock.time += settings.principal_lifetime / 4
    clock.time += settings.principal_lifetime  # so long a look at the database is believed
    with pytest.raises(UnauthenticatedError, match="expired"):
        sessions.open(token)


def test_ended_sessions_are_forgotten_once_their_token_has_run_out() -> None:
    store, clock = make_store(), FixedClock()
    services = build_services(store, Bells(), clock, jwt_secret=SECRET)
    services.accounts.ensure_users([f"admin:{hashed(PASSWORD)}"])
    token = services.tokens.user_token(services.accounts.login("admin", PASSWORD))
    services.accounts.log_out(services.tokens.read_user(token), Principal())
    services.scheduling.prune()
    assert len(store.ended_sessions.ended()) == 1
    clock.time += 25 * 3600
    services.scheduling.prune()
    assert store.ended_sessions.ended() == frozenset()
