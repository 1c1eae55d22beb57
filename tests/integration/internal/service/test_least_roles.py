"""Who may do what: the least role of every use case, against the real services. New use cases belong into the table."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import get_type_hints

import bcrypt
import pytest

from pikoci.internal.domain.accounts import Principal, Role, User
from pikoci.internal.domain.audit import AuditFilter
from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.errors import NotFoundError, PermissionDeniedError, UnauthenticatedError
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service import Services
from pikoci.internal.service.plumbing.tokens import UserClaims
from pikoci.internal.service.use_cases.api_tokens import Wish
from tests.integration.internal.service.world import TYPE, World
from tests.services.memory_store import memory_store

CONFIG = (
    TYPE
    + """
    job "run" {
      get "made" "repo" {
        trigger = true
      }
    }
    job "ship" {
      approve "release" {}
    }
"""
)
REFUSALS = (UnauthenticatedError, PermissionDeniedError, NotFoundError)
TEAM, PIPELINE = "main", "p"
PASSWORD = "hunter22"


class Least(IntEnum):
    """Who may do it, and everybody after. VIEWER: whoever sees the pipeline, a member or, once published, anybody."""

    STRANGER = 0
    USER = 1
    VIEWER = 2
    READ = 3
    WRITE = 4
    MAINTAIN = 5
    ADMIN = 6
    GLOBAL = 7


class Stage(World):
    """A pipeline with two versions, a build that ended, one that runs, one to approve, and a worker that is gone."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.register()
        self.register(name="gone")
        self.clock.advance(60)
        self.register()
        self.set(CONFIG)
        self.version = self.find_versions("1", "2")[0].id
        self.ended = self.run(self.builds()[0], BuildStatus.FAILED)
        self.running = self.trigger()
        self.claim(self.running)
        self.unapproved = self.trigger("ship")
        hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
        self.bob = self.user("bob", hashed)
        for pipeline in ("", PIPELINE):
            self.services.secrets.set(self.alice, TEAM, pipeline, "KNOWN", "x")
        carol = self.user("carol", hashed)
        wish = Wish(name="known", role=Role.READ, team=TEAM, of_team=True)
        self.team_token = self.services.api_tokens.create(self.alice, wish)[0]
        self.carols_token = self.services.api_tokens.create(Principal(user=carol), Wish(name="x", role=Role.READ))[0]
        self.session = self.services.tokens.read_user(self.services.sessions.begin(carol)).id
        self.token_id = self.services.worker_tokens.create(self.alice, TEAM)[0].id

    def user(self, name: str, hashed: str) -> User:
        with self.store.transaction():
            return self.store.accounts.create_user(name, hashed, is_admin=False, must_change_password=False)

    def of(self, build: Build) -> tuple[str, str, str, str]:
        """How a build is named."""
        return TEAM, PIPELINE, build.job, build.name


Call = Callable[[Services, Principal, Stage], object]
JOB = (TEAM, PIPELINE, "run")
REPO = (TEAM, PIPELINE, "made.repo")
SESSION = UserClaims(user_id=1, session_epoch=0, id="f" * 32, expires_at=2e9)

TABLE: dict[str, tuple[Least, Call]] = {
    "pipelines.set": (Least.MAINTAIN, lambda s, who, at: s.pipelines.set(who, TEAM, "new", CONFIG, {})),
    "pipelines.plan": (Least.MAINTAIN, lambda s, who, at: s.pipelines.plan(who, TEAM, PIPELINE, CONFIG, {})),
    "pipelines.get": (Least.VIEWER, lambda s, who, at: s.pipelines.get(who, TEAM, PIPELINE)),
    "pipelines.summaries": (Least.STRANGER, lambda s, who, at: s.pipelines.summaries(who)),
    "pipelines.summary": (Least.VIEWER, lambda s, who, at: s.pipelines.summary(who, TEAM, PIPELINE)),
    "pipelines.list": (Least.STRANGER, lambda s, who, at: s.pipelines.list(who, TEAM)),
    "pipelines.source": (Least.READ, lambda s, who, at: s.pipelines.source(who, TEAM, PIPELINE)),
    "pipelines.graph": (Least.VIEWER, lambda s, who, at: s.pipelines.graph(who, TEAM, PIPELINE)),
    "pipelines.pause": (Least.WRITE, lambda s, who, at: s.pipelines.pause(who, TEAM, PIPELINE)),
    "pipelines.unpause": (Least.WRITE, lambda s, who, at: s.pipelines.unpause(who, TEAM, PIPELINE)),
    "pipelines.publish": (Least.MAINTAIN, lambda s, who, at: s.pipelines.publish(who, TEAM, PIPELINE)),
    "pipelines.unpublish": (Least.MAINTAIN, lambda s, who, at: s.pipelines.unpublish(who, TEAM, PIPELINE)),
    "pipelines.delete": (Least.ADMIN, lambda s, who, at: s.pipelines.delete(who, TEAM, PIPELINE)),
    "jobs.list": (Least.VIEWER, lambda s, who, at: s.jobs.list(who, TEAM, PIPELINE)),
    "jobs.get": (Least.VIEWER, lambda s, who, at: s.jobs.get(who, *JOB)),
    "jobs.pause": (Least.WRITE, lambda s, who, at: s.jobs.pause(who, *JOB)),
    "jobs.unpause": (Least.WRITE, lambda s, who, at: s.jobs.unpause(who, *JOB)),
    "builds.trigger": (Least.WRITE, lambda s, who, at: s.builds.trigger(who, *JOB)),
    "builds.list": (Least.VIEWER, lambda s, who, at: s.builds.list(who, *JOB)),
    "builds.find": (Least.VIEWER, lambda s, who, at: s.builds.find(who, *at.of(at.ended))),
    "builds.get": (Least.VIEWER, lambda s, who, at: s.builds.get(who, *at.of(at.ended))),
    "builds.reproduction": (Least.WRITE, lambda s, who, at: s.builds.reproduction(who, *at.of(at.ended))),
    "builds.follow": (Least.VIEWER, lambda s, who, at: s.builds.follow(who, at.ended.id)),
    "builds.cancel": (Least.WRITE, lambda s, who, at: s.builds.cancel(who, *at.of(at.running))),
    "builds.retry": (Least.WRITE, lambda s, who, at: s.builds.retry(who, *at.of(at.ended))),
    "approvals.approve": (Least.MAINTAIN, lambda s, who, at: s.approvals.approve(who, *at.of(at.unapproved))),
    "approvals.reject": (Least.MAINTAIN, lambda s, who, at: s.approvals.reject(who, *at.of(at.unapproved), "no")),
    "resources.list": (Least.VIEWER, lambda s, who, at: s.resources.list(who, TEAM, PIPELINE)),
    "resources.get": (Least.VIEWER, lambda s, who, at: s.resources.get(who, *REPO)),
    "resources.check": (Least.WRITE, lambda s, who, at: s.resources.check(who, *REPO)),
    "resources.pin": (Least.WRITE, lambda s, who, at: s.resources.pin(who, *REPO, at.version)),
    "resources.unpin": (Least.WRITE, lambda s, who, at: s.resources.unpin(who, *REPO)),
    "resources.versions": (Least.READ, lambda s, who, at: s.resources.versions(who, *REPO)),
    "resources.set_version_enabled to disable": (
        Least.WRITE,
        lambda s, who, at: s.resources.set_version_enabled(who, *REPO, at.version, enabled=False),
    ),
    "resources.set_version_enabled to enable": (
        Least.WRITE,
        lambda s, who, at: s.resources.set_version_enabled(who, *REPO, at.version, enabled=True),
    ),
    "resources.trigger_version": (Least.WRITE, lambda s, who, at: s.resources.trigger_version(who, *REPO, at.version)),
    "resources.rotate_webhook_token": (Least.MAINTAIN, lambda s, who, at: s.resources.rotate_webhook_token(who, *REPO)),
    "accounts.log_out": (Least.STRANGER, lambda s, who, at: s.accounts.log_out(SESSION, who)),
    "accounts.change_password": (
        Least.USER,
        lambda s, who, at: s.accounts.change_password(who, PASSWORD, "correct horse"),
    ),
    "accounts.list_users": (Least.GLOBAL, lambda s, who, at: s.accounts.list_users(who)),
    "accounts.create_user": (Least.GLOBAL, lambda s, who, at: s.accounts.create_user(who, "dave", PASSWORD)),
    "accounts.list_teams": (Least.STRANGER, lambda s, who, at: s.accounts.list_teams(who)),
    "accounts.create_team": (Least.GLOBAL, lambda s, who, at: s.accounts.create_team(who, "red")),
    "accounts.members": (Least.READ, lambda s, who, at: s.accounts.members(who, TEAM)),
    "accounts.set_role": (Least.ADMIN, lambda s, who, at: s.accounts.set_role(who, TEAM, "bob", Role.READ)),
    "audit.list": (Least.GLOBAL, lambda s, who, at: s.audit.list(who, AuditFilter())),
    "audit.list_of_team": (Least.ADMIN, lambda s, who, at: s.audit.list_of_team(who, TEAM, AuditFilter())),
    "workers.list": (Least.USER, lambda s, who, at: s.workers.list(who)),
    "workers.get": (Least.USER, lambda s, who, at: s.workers.get(who, "w")),
    "workers.drain": (Least.GLOBAL, lambda s, who, at: s.workers.drain(who, "w")),
    "workers.cordon": (Least.GLOBAL, lambda s, who, at: s.workers.cordon(who, "w")),
    "workers.uncordon": (Least.GLOBAL, lambda s, who, at: s.workers.uncordon(who, "w")),
    "workers.delete": (Least.GLOBAL, lambda s, who, at: s.workers.delete(who, "gone")),
    "worker_tokens.create": (Least.ADMIN, lambda s, who, at: s.worker_tokens.create(who, TEAM)),
    "worker_tokens.create for all teams": (Least.GLOBAL, lambda s, who, at: s.worker_tokens.create(who)),
    "worker_tokens.list": (Least.ADMIN, lambda s, who, at: s.worker_tokens.list(who)),
    "worker_tokens.revoke": (Least.ADMIN, lambda s, who, at: s.worker_tokens.revoke(who, at.token_id)),
    "worker_tokens.revoke one never seen": (Least.GLOBAL, lambda s, who, at: s.worker_tokens.revoke(who, "0" * 32)),
    "secrets.set": (Least.MAINTAIN, lambda s, who, at: s.secrets.set(who, TEAM, "", "TOKEN", "x")),
    "secrets.set of a pipeline": (Least.MAINTAIN, lambda s, who, at: s.secrets.set(who, TEAM, PIPELINE, "TOKEN", "x")),
    "secrets.list": (Least.READ, lambda s, who, at: s.secrets.list(who, TEAM)),
    "secrets.list of a pipeline": (Least.READ, lambda s, who, at: s.secrets.list(who, TEAM, PIPELINE)),
    "secrets.delete": (Least.MAINTAIN, lambda s, who, at: s.secrets.delete(who, TEAM, "", "KNOWN")),
    "secrets.delete of a pipeline": (Least.MAINTAIN, lambda s, who, at: s.secrets.delete(who, TEAM, PIPELINE, "KNOWN")),
    "api_tokens.create": (Least.USER, lambda s, who, at: s.api_tokens.create(who, Wish(name="x", role=Role.READ))),
    "api_tokens.create for a team": (
        Least.READ,
        lambda s, who, at: s.api_tokens.create(who, Wish(name="x", role=Role.READ, team=TEAM)),
    ),
    "api_tokens.create with a role": (
        Least.MAINTAIN,
        lambda s, who, at: s.api_tokens.create(who, Wish(name="x", role=Role.MAINTAIN, team=TEAM)),
    ),
    "api_tokens.create of a team": (
        Least.ADMIN,
        lambda s, who, at: s.api_tokens.create(who, Wish(name="x", role=Role.READ, team=TEAM, of_team=True)),
    ),
    "api_tokens.create for all": (
        Least.GLOBAL,
        lambda s, who, at: s.api_tokens.create(who, Wish(name="x", role=Role.ADMIN, is_admin=True)),
    ),
    "api_tokens.list": (Least.USER, lambda s, who, at: s.api_tokens.list(who)),
    "api_tokens.list of a team": (Least.ADMIN, lambda s, who, at: s.api_tokens.list(who, team=TEAM)),
    "api_tokens.list of a user": (Least.GLOBAL, lambda s, who, at: s.api_tokens.list(who, user="carol")),
    "api_tokens.revoke": (Least.ADMIN, lambda s, who, at: s.api_tokens.revoke(who, at.team_token.id)),
    "api_tokens.revoke a user's": (Least.GLOBAL, lambda s, who, at: s.api_tokens.revoke(who, at.carols_token.id)),
    "sessions.list": (Least.USER, lambda s, who, at: s.sessions.list(who)),
    "sessions.list of a user": (Least.GLOBAL, lambda s, who, at: s.sessions.list(who, "carol")),
    "sessions.end": (Least.GLOBAL, lambda s, who, at: s.sessions.end(who, at.session)),
    "sessions.end_others": (Least.USER, lambda s, who, at: s.sessions.end_others(who, None)),
    "sessions.end_others of a user": (Least.GLOBAL, lambda s, who, at: s.sessions.end_others(who, None, "carol")),
    "monitoring.queues_of": (Least.USER, lambda s, who, at: s.monitoring.queues_of(who)),
}
#: The administrator of another team may do this too, about that team.
OF_ANY_TEAM = {"worker_tokens.list"}


@dataclass(frozen=True)
class Somebody:
    """Who asks, and the most that such a one may do."""

    may: Least
    principal: Principal


@pytest.fixture
def stage() -> Iterator[Stage]:
    store = memory_store("a key of thirty-two bytes or more than that")
    yield Stage(store)
    store.close()


def everybody(stage: Stage) -> list[Somebody]:
    """One of each kind, from a stranger to the global administrator."""
    members = [Somebody(Least[role.name], Principal(user=stage.bob, roles={TEAM: role})) for role in Role]
    neighbour = Principal(user=User(id=stage.bob.id, name="bob", password_hash=""), roles={"blue": Role.ADMIN})
    return [
        Somebody(Least.STRANGER, Principal()),
        Somebody(Least.USER, Principal(user=stage.bob)),
        Somebody(Least.USER, neighbour),
        *members,
        Somebody(Least.GLOBAL, stage.alice),
    ]


@pytest.mark.parametrize("name", TABLE)
def test_whoever_may_less_is_refused(stage: Stage, name: str) -> None:
    least, call = TABLE[name]
    for somebody in everybody(stage):
        if somebody.may >= least or (name in OF_ANY_TEAM and "blue" in somebody.principal.roles):
            continue
        with pytest.raises(REFUSALS):
            call(stage.services, somebody.principal, stage)
        if least is Least.VIEWER:
            continue
        stage.services.pipelines.publish(stage.alice, TEAM, PIPELINE)
        with pytest.raises(REFUSALS):
            call(stage.services, somebody.principal, stage)
        stage.services.pipelines.unpublish(stage.alice, TEAM, PIPELINE)
    allowed = next(somebody for somebody in everybody(stage) if somebody.may >= least)
    call(stage.services, allowed.principal, stage)


@pytest.mark.parametrize("name", [name for name, (least, _) in TABLE.items() if least is Least.VIEWER])
def test_what_is_published_is_seen_by_everybody(stage: Stage, name: str) -> None:
    stage.services.pipelines.publish(stage.alice, TEAM, PIPELINE)
    TABLE[name][1](stage.services, Principal(), stage)


def test_every_use_case_is_in_the_table() -> None:
    found = {
        f"{attribute}.{method}"
        for attribute, service in get_type_hints(Services).items()
        for method, function in inspect.getmembers(service, inspect.isfunction)
        if not method.startswith("_") and _takes_principal(function)
    }
    assert found == {name.partition(" ")[0] for name in TABLE}


def _takes_principal(function: Callable[..., object]) -> bool:
    return any("Principal" in str(one.annotation) for one in inspect.signature(function).parameters.values())
