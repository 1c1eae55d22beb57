"""The audit log over HTTP: no changing route is forgotten, who may read it, and where requests come from."""

from __future__ import annotations

from typing import Any

import pytest

from pikoci.internal.api import ApiSettings
from pikoci.internal.api.route import Endpoint, Route
from pikoci.internal.domain.gateway import CheckResult, WorkerHello
from pikoci.internal.store import StoreSettings, open_store
from tests.unit.internal.api.scene import (
    CONFIG,
    PASSWORD,
    PIPELINE,
    Scene,
    hashed,
    make_scene,
    with_pipeline,
)

API = "/api/v1"
TEAM = f"{API}/teams/main"
GATED = CONFIG + '\njob "gated" {\n  approve "release" {}\n}\n'
BUILD, GATE = f"{PIPELINE}/jobs/free/builds", f"{PIPELINE}/jobs/gated/builds/1"
RESOURCE = f"{PIPELINE}/resources/trigger.button"

#: A request to each changing route, with the action that it leaves; None for what changes nothing.
REQUESTS: dict[str, tuple[str, str | None, Any]] = {
    "POST /login": (f"{API}/login", "login.begin", {"name": "admin", "password": PASSWORD}),
    "POST /logout": (f"{API}/logout", "login.end", None),
    "POST /profile/password": (
        f"{API}/profile/password",
        "password.change",
        {"current": PASSWORD, "new": "another password"},
    ),
    "DELETE /sessions": (f"{API}/sessions", "session.end-others", None),
    "DELETE /sessions/{session}": (f"{API}/sessions/{{session}}", "session.end", None),
    "POST /api-tokens": (f"{API}/api-tokens", "api-token.create", {"name": "other"}),
    "DELETE /api-tokens/{api_token_id}": (f"{API}/api-tokens/1", "api-token.revoke", None),
    "POST /teams/{team}/pipelines": (f"{TEAM}/pipelines", "pipeline.set", {"name": "new", "config": CONFIG}),
    "PUT {pipeline}": (PIPELINE, "pipeline.set", {"config": CONFIG}),
    "DELETE {pipeline}": (PIPELINE, "pipeline.delete", None),
    "POST {pipeline}/plan": (f"{PIPELINE}/plan", None, {"config": CONFIG}),
    "POST {pipeline}/pause": (f"{PIPELINE}/pause", "pipeline.pause", None),
    "POST {pipeline}/unpause": (f"{PIPELINE}/unpause", "pipeline.unpause", None),
    "POST {pipeline}/publish": (f"{PIPELINE}/publish", "pipeline.publish", None),
    "POST {pipeline}/unpublish": (f"{PIPELINE}/unpublish", "pipeline.unpublish", None),
    "POST {job}/pause": (f"{PIPELINE}/jobs/free/pause", "job.pause", None),
    "POST {job}/unpause": (f"{PIPELINE}/jobs/free/unpause", "job.unpause", None),
    "POST {job}/builds": (BUILD, "build.trigger", {}),
    "POST {build}/cancel": (f"{BUILD}/2/cancel", "build.cancel", None),
    "POST {build}/retry": (f"{BUILD}/1/retry", "build.retry", None),
    "POST {build}/approve": (f"{GATE}/approve", "build.approve", {}),
    "POST {build}/reject": (f"{GATE}/reject", "build.reject", {"reason": "no"}),
    "POST {resource}/check": (f"{RESOURCE}/check", "resource.check", None),
    "POST {resource}/pin": (f"{RESOURCE}/pin", "resource.pin", {"version_id": 1}),
    "POST {resource}/unpin": (f"{RESOURCE}/unpin", "resource.unpin", None),
    "POST {resource}/webhook-token": (f"{RESOURCE}/webhook-token", "webhook.rotate", None),
    "POST {resource}/versions/{version}/enable": (f"{RESOURCE}/versions/1/enable", "version.enable", None),
    "POST {resource}/versions/{version}/disable": (f"{RESOURCE}/versions/1/disable", "version.disable", None),
    "POST {resource}/versions/{version}/trigger": (f"{RESOURCE}/versions/1/trigger", "version.trigger", None),
    "POST /webhooks/{token}": ("/webhooks/{token}", "webhook.receive", None),
    "POST /users": (f"{API}/users", "user.create", {"name": "carol", "password": PASSWORD}),
    "POST /teams": (f"{API}/teams", "team.create", {"name": "red"}),
    "PUT /teams/{team}/members/{user}": (f"{TEAM}/members/bob", "member.set", {"role": "read"}),
    "DELETE /teams/{team}/members/{user}": (f"{TEAM}/members/bob", "member.remove", None),
    "PUT /teams/{team}/secrets/{secret}": (f"{TEAM}/secrets/NEW", "secret.set", {"value": "hunter22"}),
    "DELETE /teams/{team}/secrets/{secret}": (f"{TEAM}/secrets/KNOWN", "secret.delete", None),
    "PUT {pipeline}/secrets/{secret}": (f"{PIPELINE}/secrets/NEW", "secret.set", {"value": "hunter22"}),
    "DELETE {pipeline}/secrets/{secret}": (f"{PIPELINE}/secrets/KNOWN", "secret.delete", None),
    "POST /workers/{worker}/cordon": (f"{API}/workers/worker-1/cordon", "worker.cordon", None),
    "POST /workers/{worker}/uncordon": (f"{API}/workers/worker-1/uncordon", "worker.uncordon", None),
    "POST /workers/{worker}/drain": (f"{API}/workers/worker-1/drain", "worker.drain", None),
    "DELETE /workers/{worker}": (f"{API}/workers/gone", "worker.delete", None),
    "POST /worker-tokens": (f"{API}/worker-tokens", "worker-token.create", {}),
    "DELETE /worker-tokens/{token_id}": (f"{API}/worker-tokens/{'0' * 32}", "worker-token.revoke", None),
}
_SHORT = {
    "{resource}": f"{API}/teams/{{team}}/pipelines/{{pipeline}}/resources/{{resource}}",
    "{build}": f"{API}/teams/{{team}}/pipelines/{{pipeline}}/jobs/{{job}}/builds/{{number}}",
    "{job}": f"{API}/teams/{{team}}/pipelines/{{pipeline}}/jobs/{{job}}",
    "{pipeline}": f"{API}/teams/{{team}}/pipelines/{{pipeline}}",
}


def furnished() -> Scene:
    """A scene with something that each request of the table can change."""
    store = open_store(StoreSettings(secret_keys=("a key of thirty-two bytes or more than that",)))
    store.migrate()
    scene = with_pipeline(make_scene(store=store))
    scene.call("PUT", "", {"config": GATED})
    scene.finished()
    scene.trigger()
    scene.call("POST", "jobs/gated/builds", {})
    gateway = scene.services.gateway
    gateway.register(WorkerHello(name="gone", instance="i", version="1", queues=[], concurrency=1))
    with store.transaction():
        resource = store.resources.list(1)[0]
        store.versions.save(resource.id, [{"n": "1"}, {"n": "2"}], 1.0)
        store.session.write("UPDATE workers SET state = 'ended', last_seen_at = 0 WHERE name = 'gone'")
    scene.services.accounts.ensure_users([f"bob:{hashed(PASSWORD)}"])
    assert scene.call("POST", f"{API}/api-tokens", {"name": "robot"}).status_code == 201
    for owner in (TEAM, PIPELINE):
        assert scene.call("PUT", f"{owner}/secrets/KNOWN", {"value": "hunter22"}).status_code == 204
    return scene


def routes(scene: Scene) -> list[Route]:
    """Every changing route that is not a worker's own."""
    nodes, found = list(scene.client.app._router._roots), list[Route]()
    while nodes:
        node = nodes.pop()
        nodes += node.children
        if isinstance(node.resource, Endpoint):
            found += [one for one in node.resource.routes if one.method != "GET" and not one.for_workers]
    return found


def entries(scene: Scene, **wanted: str) -> list[dict[str, Any]]:
    query = "&".join(f"{name}={text}" for name, text in wanted.items())
    answer = scene.call("GET", f"{API}/audit", query_string=f"limit=200&{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json["items"]
    return items


def long(name: str) -> str:
    """The method and the whole template of a request's short name."""
    method, path = name.split(" ", 1)
    head = next((short for short in _SHORT if path.startswith(short)), "")
    if head:
        return f"{method} {_SHORT[head]}{path.removeprefix(head)}"
    return f"{method} {path if path.startswith('/webhooks') else API + path}"


def test_every_changing_route_is_in_the_table(scene: Scene) -> None:
    assert {f"{one.method} {one.path}" for one in routes(scene)} == {long(name) for name in REQUESTS}


@pytest.mark.parametrize("name", REQUESTS)
def test_no_changing_route_is_forgotten(name: str) -> None:
    scene = furnished()
    path, action, body = REQUESTS[name]
    if "{session}" in path:
        user = scene.services.accounts.login("admin", PASSWORD)
        session = scene.services.tokens.read_user(scene.services.sessions.begin(user)).id
        path = path.replace("{session}", session)
    token = scene.call("GET", RESOURCE).json["webhook_token"] if "{token}" in path else ""
    known = {one["id"] for one in entries(scene)}
    admin = scene.token
    answer = scene.call(name.split(" ", maxsplit=1)[0], path.replace("{token}", token), body)
    assert answer.status_code < 300, answer.text
    scene.token = answer.json["token"] if "password" in name else admin
    if name == "POST /logout":
        scene.token = scene.services.tokens.user_token(scene.services.accounts.login("admin", PASSWORD))
        known |= {one["id"] for one in entries(scene, action="login.begin")}
    new = [one for one in entries(scene) if one["id"] not in known]
    assert [one["action"] for one in new] == ([] if action is None else [action])
    assert all(one["address"] == "127.0.0.1" for one in new)


def test_workers_leave_only_that_they_join(scene: Scene) -> None:
    known = len(entries(scene))
    scene.finished()
    scene.services.gateway.register(
        WorkerHello(name="worker-1", instance="i", version="1", queues=["jobs", "checks"], concurrency=1)
    )
    scene.call("POST", "resources/trigger.button/check")
    scene.services.scheduling.dispatch_checks()
    claim = scene.services.gateway.claim_check(1, "worker-1", "i").claim
    scene.services.gateway.finish_check(1, claim, CheckResult(versions=[{"n": "1"}]))
    actions = [one["action"] for one in entries(scene)][: len(entries(scene)) - known]
    assert sorted(actions) == ["build.trigger", "resource.check", "worker.join"]


def test_an_entry_says_who_what_from_where_and_by_which_session(scene: Scene) -> None:
    scene.call("POST", "jobs/free/builds", {"inputs": {}})
    [entry] = entries(scene, action="build.trigger")
    session = scene.services.tokens.read_user(scene.token).id
    assert entry == {
        "id": entry["id"],
        "at": entry["at"],
        "actor": "admin",
        "token": f"session {session}",
        "action": "build.trigger",
        "object": "main/demo/free#1",
        "team": "main",
        "address": "127.0.0.1",
        "outcome": "done",
        "detail": {},
        "count": 1,
    }
    assert scene.token not in str(entries(scene))


def test_a_trusted_proxy_says_where_a_request_comes_from() -> None:
    scene = with_pipeline(make_scene(ApiSettings(version="1", trusted_proxies=("127.0.0.1",))))
    scene.call("POST", "pause", headers={"X-Forwarded-For": "2001:db8::7"})
    assert entries(scene, action="pipeline.pause")[0]["address"] == "2001:db8::7"
    plain = with_pipeline(make_scene())
    plain.call("POST", "pause", headers={"X-Forwarded-For": "2001:db8::7"})
    assert entries(plain, action="pipeline.pause")[0]["address"] == "127.0.0.1"


def test_bad_tokens_are_kept_without_the_token(scene: Scene) -> None:
    for _ in range(3):
        scene.anonymous("GET", PIPELINE, headers={"Authorization": "Bearer not-a-s3cr3t-token"})
        scene.anonymous("POST", f"{API}/worker/heartbeat", headers={"Authorization": "Bearer not-a-s3cr3t-token"})
    scene.services.context.audit.flush()
    found = entries(scene, action="token.refused")
    assert [(one["count"], one["outcome"]) for one in found] == [(5, "unauthenticated"), (1, "unauthenticated")]
    assert "s3cr3t" not in str(entries(scene))


def test_a_request_without_a_token_is_no_attempt(scene: Scene) -> None:
    known = len(entries(scene))
    assert scene.anonymous("POST", f"{PIPELINE}/pause").status_code == 401
    assert scene.anonymous("GET", f"{API}/users").status_code == 401
    assert len(entries(scene)) == known


def as_bob(scene: Scene, role: str = "") -> None:
    """From now on bob asks, who is no global administrator, and has the role in the team."""
    store = scene.services.context.store
    with store.transaction():
        bob = store.accounts.create_user("bob", "no hash", is_admin=False, must_change_password=False)
    if role:
        assert scene.call("PUT", f"{TEAM}/members/bob", {"role": role}).status_code == 204
    scene.token = scene.services.tokens.user_token(bob)


def test_reading_what_is_not_allowed_is_kept(scene: Scene) -> None:
    admin = scene.token
    as_bob(scene, "read")
    assert scene.call("GET", f"{API}/users").status_code == 403
    scene.token = admin
    [refused] = entries(scene, action="request.refused")
    assert (refused["actor"], refused["object"], refused["outcome"]) == (
        "bob",
        "GET /api/v1/users",
        "permission-denied",
    )


def test_a_team_reads_its_own_entries_and_nobody_elses(scene: Scene) -> None:
    scene.call("POST", f"{API}/teams", {"name": "red"})
    scene.call("PUT", f"{API}/teams/red/members/admin", {"role": "read"})
    as_bob(scene, "admin")
    assert scene.call("GET", f"{API}/audit").status_code == 403
    assert scene.call("GET", f"{API}/teams/red/audit").status_code == 404
    own = scene.call("GET", f"{TEAM}/audit").json["items"]
    assert {one["team"] for one in own} == {"main"}
    assert {one["action"] for one in own} == {"pipeline.set", "member.set"}


@pytest.mark.parametrize("role", ["read", "write", "maintain"])
def test_less_than_an_administrator_reads_nothing(scene: Scene, role: str) -> None:
    as_bob(scene, role)
    assert scene.call("GET", f"{TEAM}/audit").status_code == 403


def test_parts_follow_one_another(scene: Scene) -> None:
    for _ in range(3):
        scene.call("POST", "pause")
    query, seen = "action=pipeline.pause&limit=2", list[int]()
    first = scene.call("GET", f"{TEAM}/audit", query_string=query).json
    seen += [one["id"] for one in first["items"]]
    second = scene.call("GET", f"{TEAM}/audit", query_string=f"{query}&cursor={first['next']}").json
    seen += [one["id"] for one in second["items"]]
    assert len(seen) == 3
    assert seen == sorted(seen, reverse=True)
    assert second["next"] is None


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("since=yesterday", "`since`"),
        ("until=2026-01-01T00:00:00", "`until`"),
        ("until=null", "`until`"),
        ("since=0.5", "`since`"),
        ("who=bob", "unknown parameter `who`"),
        ("cursor=x", "cursor"),
    ],
)
def test_filters_that_cannot_be(scene: Scene, query: str, says: str) -> None:
    answer = scene.call("GET", f"{API}/audit", query_string=query)
    assert (answer.status_code, says in answer.json["detail"]) == (400, True), answer.text


def test_times_choose(scene: Scene) -> None:
    [entry] = entries(scene, action="pipeline.set")
    at = entry["at"]
    assert entries(scene, action="pipeline.set", since=at) == [entry]
    assert entries(scene, action="pipeline.set", until=at) == []


def test_a_repeated_request_leaves_one_entry(scene: Scene) -> None:
    for _ in range(2):
        assert scene.call("POST", "jobs/free/builds", {}, {"Idempotency-Key": "k-1"}).status_code == 201
    assert len(entries(scene, action="build.trigger")) == 1
