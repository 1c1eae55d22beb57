"""Every route with every kind of API token; the routes are those of the server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pikoci.internal.api import ApiSettings
from pikoci.internal.api.endpoints.operations import Operations
from pikoci.internal.api.metrics import Metrics
from pikoci.internal.api.routes import table
from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.api_tokens import new_token
from pikoci.internal.domain.clock import SystemClock
from pikoci.internal.service.use_cases.api_tokens import Wish
from pikoci.internal.store import StoreSettings, open_store
from pikoci.internal.store.store import SqlStore
from tests.unit.internal.api.access import ACCESS, BODIES, Power, both
from tests.unit.internal.api.scene import CONFIG, Scene, hashed, make_scene, with_pipeline

KEY = "a key of thirty-two bytes or more than that"
REFUSED = {401, 403, 404}
TEAM = "/api/v1/teams/main"


class _UndoneError(Exception):
    pass


class Stage:
    """People with tokens of each kind, and one of everything that an address may name."""

    def __init__(self, scene: Scene, store: SqlStore) -> None:
        self.scene = scene
        self.store = store
        self.fields: dict[str, Any] = {}
        self.tokens: dict[str, tuple[str, Power]] = {}
        scene.call("POST", "/api/v1/teams", {"name": "blue"})
        for pipeline in ("/teams/main/pipelines/spare", "/teams/blue/pipelines/demo"):
            assert scene.call("PUT", f"/api/v1{pipeline}", {"config": CONFIG}).status_code == 200
        self.admin = self._principal("admin")
        for name in ("bob", "carol", "dora", "erin"):
            self._make_user(name)
        self._furnish()
        self._limited()
        self._weakened()
        self._dead()

    def _make_user(self, name: str) -> None:
        store = self.store
        with store.transaction():
            store.accounts.create_user(name, hashed(f"password of {name}"), is_admin=False, must_change_password=False)
        for team in ("main", "blue"):
            self.scene.services.accounts.set_role(self.admin, team, name, Role.ADMIN)

    def _principal(self, name: str) -> Principal:
        user = self.store.accounts.find_user(name)
        assert user
        return self.scene.services.accounts.principal_for(user.id, user.session_epoch)

    def _furnish(self) -> None:
        scene, store = self.scene, self.store
        scene.finished()
        resource = store.resources.find(1, "trigger.button")
        assert resource
        with store.transaction():
            store.versions.save(resource.id, [{"n": "1"}], now=1.0)
        version = store.versions.find(resource.id, {"n": "1"})
        assert version
        for owner in (TEAM, f"{TEAM}/pipelines/demo"):
            scene.call("PUT", f"{owner}/secrets/KNOWN", {"value": "hunter22"})  # where the store has a key
        worker_token, _ = scene.services.worker_tokens.create(self.admin, "main")
        made, _ = scene.services.api_tokens.create(self.admin, Wish(name="known"))
        session = scene.services.sessions.begin(self.admin.require_user())
        self.fields = {
            "team": "main", "user": "erin", "pipeline": "demo", "job": "free", "number": "1", "version": version.id,
            "resource": "trigger.button", "worker": "worker-1", "secret": "KNOWN", "token": "none", "build_id": 1,
            "token_id": worker_token.id, "resource_id": 1, "claim": 1, "digest": "0" * 64, "api_token_id": made.id,
            "announcement_id": 1,
            "session": scene.services.tokens.read_user(session).id,
        }  # fmt: skip

    def _token(self, kind: str, power: Power, owner: str = "bob", **wish: Any) -> int:
        made, text = self.scene.services.api_tokens.create(
            self._principal(owner), Wish(name=re.sub("[^a-z]", "-", kind), **wish)
        )
        self.tokens[kind] = (text, power)
        return made.id

    def _limited(self) -> None:
        for role in Role:
            self._token(f"role {role}", both(role), role=role)
        self._token("of the team", both(Role.WRITE), role=Role.WRITE, team="main")
        self._token("of another team", Power(), role=Role.ADMIN, team="blue")
        self._token("of the pipeline", Power(pipeline=Role.ADMIN), role=Role.ADMIN, team="main", pipeline="demo")
        self._token("of another pipeline", Power(), role=Role.ADMIN, team="main", pipeline="spare")
        self._token("of its namesake", Power(), role=Role.ADMIN, team="blue", pipeline="demo")
        self._token("for reading", both(Role.ADMIN, reads_only=True), role=Role.ADMIN, read_only=True)
        self._token("team's own", both(Role.ADMIN, has_vote=False), role=Role.ADMIN, team="main", of_team=True)
        self._token("other team's own", Power(), role=Role.ADMIN, team="blue", of_team=True)
        self._token("admin's, of teams", both(Role.ADMIN), "admin", role=Role.ADMIN)
        every = both(Role.ADMIN, is_global=True)
        self._token("admin's, global", every, "admin", role=Role.ADMIN, is_admin=True)

    def _weakened(self) -> None:
        accounts = self.scene.services.accounts
        self._token("of one demoted", both(Role.READ), "carol", role=Role.ADMIN)
        accounts.set_role(self.admin, "main", "carol", Role.READ)
        self._token("of one who left", Power(), "dora", role=Role.ADMIN, team="main")
        accounts.set_role(self.admin, "main", "dora", None)

    def _dead(self) -> None:
        dead, store = Power(is_alive=False), self.store
        self.tokens["none"] = ("", dead)
        self.tokens["malformed"] = ("pko_nonsense", dead)
        self.tokens["never made"] = (new_token(), dead)
        self._token("expired", dead, lifetime=-1.0)
        revoked = self._token("revoked", dead)
        self.scene.services.api_tokens.revoke(self.admin, revoked)
        self._token("of one deleted", dead, "erin", role=Role.ADMIN)
        user = store.accounts.find_user("erin")
        assert user
        with store.transaction():
            store.session.write("DELETE FROM users WHERE id = ?", (user.id,))
        self._make_user("erin")

    @contextmanager
    def undone(self, method: str) -> Iterator[None]:
        """Let a change be as if it had not been; streams are read by greenlets of their own."""
        if method == "GET":
            yield
            return
        try:
            with self.store.transaction():
                yield
                raise _UndoneError
        except _UndoneError:
            pass

    def ask(self, route: str, token: str) -> int:
        method, _, path = route.partition(" ")
        body = BODIES.get(route, None if method in {"GET", "DELETE"} else {})
        self.scene.token = token
        headers = {} if token else {"Authorization": ""}
        with self.undone(method):
            if not token:
                content = {} if body is None else {"json": body}
                return self.scene.anonymous(method, path.format(**self.fields), **content).status_code
            return self.scene.call(method, path.format(**self.fields), body, headers).status_code

    def unlike(self, route: str) -> dict[str, tuple[int, set[int] | None]]:
        """The kinds of tokens that are answered otherwise than they should be: how, and how they should."""
        wrong: dict[str, tuple[int, set[int] | None]] = {}
        for kind, (token, power) in self.tokens.items():
            status, wanted = self.ask(route, token), power.statuses(route)
            if kind == "none" and ACCESS[route] in {"public", "seen"}:
                wanted = None if ACCESS[route] == "public" else {404}
            if status not in wanted if wanted is not None else status in REFUSED:
                wrong[kind] = (status, wanted)
        return wrong


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    store = open_store(StoreSettings(secret_keys=(KEY,)))
    store.migrate()
    yield Stage(with_pipeline(make_scene(store=store)), store)
    store.close()


def _routes() -> dict[str, bool]:
    """The server's routes, and whether each looks at credentials."""
    scene, settings = make_scene(), ApiSettings(version="1")
    metrics = Metrics(scene.services.monitoring, SystemClock())
    found = table(scene.services, settings, Operations(scene.services, settings, metrics))
    scene.services.context.store.close()
    return {f"{one.method} {one.path}": one.authenticates for one in found}


def test_every_route_says_whom_it_is_for() -> None:
    routes = _routes()
    assert set(ACCESS) == set(routes)
    assert {route for route, looks in routes.items() if not looks} == {
        route for route, need in ACCESS.items() if need in {"open", "worker"}
    }


@pytest.mark.parametrize("route", [route for route, need in ACCESS.items() if need != "open"])
def test_a_token_opens_what_it_and_its_owner_may(stage: Stage, route: str) -> None:
    assert stage.unlike(route) == {}


@pytest.mark.parametrize("route", [route for route, need in ACCESS.items() if need == "seen"])
def test_what_is_published_is_seen_with_any_token(stage: Stage, route: str) -> None:
    stage.scene.services.pipelines.publish(stage.admin, "main", "demo")
    try:
        alive = {kind: token for kind, (token, power) in stage.tokens.items() if power.is_alive}
        assert {kind: stage.ask(route, token) for kind, token in alive.items() if stage.ask(route, token) >= 300} == {}
    finally:
        stage.scene.services.pipelines.unpublish(stage.admin, "main", "demo")
