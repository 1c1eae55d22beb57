"""What leaves an entry in the audit log: every use case that changes something, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, ParamSpec, TypeVar

import bcrypt
import pytest
from msgspec.structs import replace

from pikoci.internal.domain.accounts import Principal, Role
from pikoci.internal.domain.audit import AuditEntry, AuditFilter
from pikoci.internal.domain.errors import (
    NotFoundError,
    PermissionDeniedError,
    PikociError,
    UnauthenticatedError,
    UnavailableError,
)
from pikoci.internal.domain.repositories import Store
from pikoci.internal.domain.webhooks.model import Delivery
from pikoci.internal.service import ServiceSettings, build_services
from pikoci.internal.service.plumbing.audit import MOST, MOST_OF_ONE, WINDOW
from pikoci.internal.service.use_cases.idempotency import Answer
from pikoci.internal.store import StoreSettings, open_store
from tests.integration.internal.service.test_least_roles import PIPELINE, TABLE, TEAM, Least, Stage
from tests.integration.internal.service.world import PLAIN, TYPE, World

P = ParamSpec("P")
T = TypeVar("T")
#: Use cases that change nothing. Whatever is not among them leaves an entry.
READS = {
    "pipelines.plan",
    "pipelines.get",
    "pipelines.summaries",
    "pipelines.summary",
    "pipelines.list",
    "pipelines.source",
    "pipelines.graph",
    "jobs.list",
    "jobs.get",
    "builds.list",
    "builds.find",
    "builds.get",
    "builds.reproduction",
    "builds.follow",
    "resources.list",
    "resources.get",
    "resources.versions",
    "accounts.list_users",
    "accounts.list_teams",
    "accounts.members",
    "sessions.list",
    "api_tokens.list",
    "audit.list",
    "audit.list_of_team",
    "workers.list",
    "workers.get",
    "worker_tokens.list",
    "secrets.list",
    "monitoring.queues_of",
}
CHANGES = [name for name in TABLE if name.partition(" ")[0] not in READS]
ADDRESS, SESSION = "192.0.2.7", "session ab12"


@pytest.fixture
def stage() -> Iterator[Stage]:
    store = open_store(StoreSettings(secret_keys=("a key of thirty-two bytes or more than that",)))
    store.migrate()
    yield Stage(store)
    store.close()


def entries(world: World, **wanted: Any) -> list[AuditEntry]:
    """The newest first."""
    return world.services.context.store.audit.list(AuditFilter(**wanted), limit=1000, cursor=None).items


def who_may(stage: Stage, least: Least) -> Principal:
    """Somebody who may do it: bob, with the very role where it is one of a team."""
    if least is Least.GLOBAL:
        return replace(stage.alice, address=ADDRESS, credential=SESSION)
    roles = {TEAM: Role[least.name]} if least >= Least.READ else {}
    return Principal(user=stage.bob, roles=roles, address=ADDRESS, credential=SESSION)


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_leaves_one_entry(stage: Stage, name: str) -> None:
    least, call = TABLE[name]
    known = len(entries(stage))
    somebody = who_may(stage, least)
    call(stage.services, somebody, stage)
    new = entries(stage)[: len(entries(stage)) - known]
    assert len(new) == 1, new
    assert somebody.user is not None
    assert new[0].actor == somebody.user.name
    assert (new[0].address, new[0].token, new[0].outcome) == ("192.0.2.7", "session ab12", "done")
    assert "." in new[0].action
    assert new[0].object or new[0].action in {"password.change", "login.end"}


@pytest.mark.parametrize("name", sorted(READS))
def test_reading_leaves_none(stage: Stage, name: str) -> None:
    known = len(entries(stage))
    TABLE[name][1](stage.services, stage.alice, stage)
    assert len(entries(stage)) == known


@pytest.mark.parametrize("name", CHANGES)
def test_without_its_entry_nothing_is_changed(stage: Stage, name: str) -> None:
    """The entry belongs to the transaction of the change: where it cannot be written, all of it is undone."""
    _, call = TABLE[name]
    before = _everything(stage)
    with stage.store.transaction():
        stage.store.session.write("ALTER TABLE audit_entries RENAME TO elsewhere")  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="audit_entries"):
        call(stage.services, stage.alice if name != "accounts.change_password" else Principal(user=stage.bob), stage)
    with stage.store.transaction():
        stage.store.session.write("ALTER TABLE elsewhere RENAME TO audit_entries")  # type: ignore[attr-defined]
    assert _everything(stage) == before


def _everything(stage: Stage) -> list[object]:
    """All that a use case may change."""
    session = stage.store.session  # type: ignore[attr-defined]
    tables = [row[0] for row in session.rows("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    own = {"sqlite_sequence", "audit_entries", "elsewhere"}
    return [(table, session.rows(f'SELECT * FROM "{table}" ORDER BY 1')) for table in tables if table not in own]


@pytest.mark.parametrize("name", [name for name in CHANGES if TABLE[name][0] >= Least.WRITE])
def test_whoever_may_less_leaves_a_refusal(stage: Stage, name: str) -> None:
    call = TABLE[name][1]
    known = len(entries(stage))
    reader = Principal(user=stage.bob, roles={TEAM: Role.READ}, address=ADDRESS, credential=SESSION)
    with pytest.raises(PikociError) as refused:
        call(stage.services, reader, stage)
    [new] = entries(stage)[: len(entries(stage)) - known]
    assert (new.actor, new.outcome, new.address) == ("bob", refused.value.slug, "192.0.2.7")


def test_a_stranger_leaves_none(stage: Stage) -> None:
    known = len(entries(stage))
    with pytest.raises(UnauthenticatedError):
        stage.services.pipelines.pause(Principal(), TEAM, PIPELINE)
    assert len(entries(stage)) == known


def test_a_team_that_may_not_be_known_is_named_by_the_refusal(stage: Stage) -> None:
    with pytest.raises(NotFoundError):
        stage.services.pipelines.delete(Principal(user=stage.bob), TEAM, PIPELINE)
    [newest] = entries(stage)[:1]
    assert (newest.team, newest.object, newest.outcome) == (TEAM, f"{TEAM}/{PIPELINE}", "not-found")


def test_a_mistake_of_somebody_who_may_is_no_refusal(stage: Stage) -> None:
    known = len(entries(stage))
    with pytest.raises(NotFoundError):
        stage.services.jobs.pause(stage.alice, TEAM, PIPELINE, "nope")
    assert len(entries(stage)) == known


def test_objects_are_named_as_people_name_them(stage: Stage) -> None:
    services, alice = stage.services, stage.alice
    build = services.builds.trigger(alice, TEAM, PIPELINE, "run")
    services.secrets.set(alice, TEAM, PIPELINE, "TOKEN", "hunter22")
    services.accounts.set_role(alice, TEAM, "bob", Role.READ)
    services.resources.pin(alice, TEAM, PIPELINE, "made.repo", stage.version)
    found = {one.action: one for one in reversed(entries(stage))}
    assert found["build.trigger"].object == f"main/p/run#{build.name}"
    assert found["secret.set"].object == "main/p/TOKEN"
    assert (found["member.set"].object, found["member.set"].detail) == ("main/bob", {"role": "read"})
    assert found["resource.pin"].object == "main/p/made.repo"
    assert found["resource.pin"].detail == {"version_id": str(stage.version)}
    assert found["pipeline.set"].detail["added"] == "resource_type made, resource made.repo, job run, job ship"


def test_values_are_in_no_entry(stage: Stage) -> None:
    config = """
        variable "key" {
          type      = string
          sensitive = true
        }
        job "run" {
          input "note" {}
          task "t" {
            run "shell" { cmd = "echo ${var.key}" }
          }
        }
    """
    stage.services.pipelines.set(stage.alice, TEAM, "v", config, {"key": "s3cr3t-one"})
    stage.services.pipelines.set(stage.alice, TEAM, "v", config, {"key": "s3cr3t-two"})
    stage.services.builds.trigger(stage.alice, TEAM, "v", "run", values={"note": "s3cr3t-three"})
    stage.services.secrets.set(stage.alice, TEAM, "", "KEY", "s3cr3t-four")
    stage.services.accounts.create_user(stage.alice, "erin", "s3cr3t-five")
    token = stage.services.worker_tokens.create(stage.alice)[1]
    hook = stage.services.resources.rotate_webhook_token(stage.alice, TEAM, PIPELINE, "made.repo")
    text = repr(entries(stage))
    assert "s3cr3t" not in text
    assert token not in text
    assert hook not in text
    assert "note" in text


def test_setting_what_is_set_already_leaves_none(stage: Stage) -> None:
    stage.services.pipelines.set(stage.alice, TEAM, "v", PLAIN, {})
    known = len(entries(stage))
    stage.services.pipelines.set(stage.alice, TEAM, "v", PLAIN, {})
    assert len(entries(stage)) == known


def test_a_set_that_begins_again_leaves_one_entry_of_what_it_changed(store: Store) -> None:
    world = World(store)
    world.set(PLAIN)
    raced: list[str] = []

    def read(function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Before the first file is compared and saved, somebody else sets another."""
        answer = function(*args, **kwargs)
        if not raced:
            raced.append("now")
            world.set(PLAIN.replace('"run"', '"other"'))
        return answer

    services = build_services(store, world.publisher, world.clock, jwt_secret="s" * 32, read_pipeline=read)
    known = len(entries(world))
    services.pipelines.set(world.alice, TEAM, "p", PLAIN + TYPE, {})
    new = entries(world)[: len(entries(world)) - known]
    assert [one.detail for one in new] == [
        {"added": "resource_type made, resource made.repo, job run", "removed": "job other"},
        {"added": "job other", "removed": "job run"},
    ]


def test_entries_outlive_what_they_name(world: World) -> None:
    world.set(PLAIN)
    world.services.pipelines.delete(world.alice, TEAM, "p")
    while world.services.scheduling.delete_hidden():
        pass
    assert [one.action for one in entries(world, object="main/p")] == ["pipeline.delete", "pipeline.set"]


def test_a_request_that_comes_twice_leaves_one_entry(world: World) -> None:
    world.set(PLAIN)

    def pause() -> Answer:
        world.services.pipelines.pause(world.alice, TEAM, "p")
        return Answer(status=204)

    for _ in range(2):
        world.services.idempotency.run("scope", "key", "fingerprint", pause)
    assert [one.action for one in entries(world, action="pipeline.pause")] == ["pipeline.pause"]


def test_a_refusal_in_a_request_with_a_key_outlives_its_transaction(world: World) -> None:
    world.set(PLAIN)
    bob = Principal(user=replace(world.alice.require_user(), id=7, name="bob", is_admin=False), roles={TEAM: Role.READ})

    def change() -> Answer:
        with world.services.context.store.transaction():
            world.services.pipelines.pause(bob, TEAM, "p")
        return Answer(status=204)

    with pytest.raises(PermissionDeniedError):
        world.services.idempotency.run("scope", "key", "fingerprint", change)
    [refused] = entries(world, outcome="refused")
    assert (refused.actor, refused.action) == ("bob", "pipeline.pause")


def test_one_who_tries_on_and_on_leaves_two_entries_a_minute(world: World) -> None:
    hashed = bcrypt.hashpw(b"right", bcrypt.gensalt(4)).decode()
    world.services.accounts.ensure_users([f"dave:{hashed}"])
    for _ in range(40):
        with pytest.raises(PikociError):
            world.services.accounts.login("dave", "wrong", "192.0.2.7")
    assert [(one.count, one.outcome) for one in entries(world, actor="dave")] == [
        (1, "rate-limited"),
        (1, "unauthenticated"),
    ]
    world.clock.advance(WINDOW)
    world.services.scheduling.sweep()
    assert sum(one.count for one in entries(world, actor="dave")) == 40
    assert len(entries(world, actor="dave")) == 4


def test_a_name_that_is_no_users_is_not_kept(world: World) -> None:
    with pytest.raises(UnauthenticatedError):
        world.services.accounts.login("my-s3cr3t-password", "x", "192.0.2.7")
    [refused] = entries(world, action="login.refused")
    assert (refused.actor, refused.address) == ("", "192.0.2.7")
    assert "s3cr3t" not in repr(entries(world))


def test_many_addresses_and_many_attempts_leave_a_bounded_number(world: World) -> None:
    trail = world.services.context.audit
    trail.flush()
    for attempt in range(2 * MOST_OF_ONE):
        trail.count(AuditEntry(action="request.refused", object=f"GET /{attempt}", address="192.0.2.1", outcome="x"))
    own = entries(world, outcome="refused")
    assert len(own) == MOST_OF_ONE + 1
    assert (own[0].action, own[0].address) == ("log.more", "192.0.2.1")
    for number in range(3 * MOST):
        trail.count(AuditEntry(action="token.refused", address=f"198.51.{number // 256}.{number % 256}", outcome="x"))
    assert len(entries(world, outcome="refused")) == MOST + 1
    trail.flush()
    assert sum(one.count for one in entries(world, outcome="refused")) == 2 * MOST_OF_ONE + 3 * MOST


def test_what_cannot_be_written_of_a_refusal_changes_no_answer(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(_: object) -> None:
        raise UnavailableError("the database is away")

    monkeypatch.setattr(world.services.context.store.audit, "add", away)
    with pytest.raises(UnauthenticatedError):
        world.services.accounts.login("nobody", "wrong", "192.0.2.7")
    assert "cannot be written" in caplog.text


def test_logins_and_logouts(stage: Stage) -> None:
    stage.services.accounts.login("bob", "hunter22", "2001:db8::/64", "2001:db8::7")
    [begun] = entries(stage, action="login.")
    assert (begun.actor, begun.address, begun.action) == ("bob", "2001:db8::7", "login.begin")


def test_workers_join_once_for_each_process(world: World) -> None:
    world.register()
    assert len(entries(world, action="worker.join")) == 1
    world.clock.advance(WINDOW)
    world.register("i2")
    assert [(one.actor, one.object) for one in entries(world, action="worker.join")] == [("worker w", "w")] * 2


def test_deliveries_are_the_webhooks(world: World) -> None:
    world.set(TYPE)
    [state] = world.services.resources.list(world.alice, TEAM, "p")
    for _ in range(3):
        world.services.webhooks.deliver(state.resource.webhook_token, Delivery, "192.0.2.9")
    [received] = entries(world, actor="webhook")
    assert (received.object, received.address) == ("main/p/made.repo", "192.0.2.9")
    world.services.context.audit.flush()
    assert sum(one.count for one in entries(world, actor="webhook")) == 3


def test_what_the_servers_settings_make_is_the_systems(world: World) -> None:
    world.services.accounts.ensure_team("red")
    world.services.accounts.ensure_team("red")
    world.services.accounts.ensure_users(["dave:$2b$04$" + "a" * 53])
    assert [(one.action, one.object) for one in entries(world, actor="system")] == [
        ("user.create", "dave"),
        ("team.create", "red"),
    ]


def test_old_entries_are_deleted(store: Store) -> None:
    world = World(store, ServiceSettings(audit_retention=100.0, retention_batch=2))
    for number in range(5):
        world.services.accounts.ensure_team(f"team-{number}")
    world.clock.advance(101)
    world.services.accounts.ensure_team("red")
    world.services.scheduling.prune()
    assert [one.object for one in entries(world)] == ["red"]


def test_without_retention_they_stay(store: Store) -> None:
    world = World(store, ServiceSettings(audit_retention=None))
    world.services.accounts.ensure_team("red")
    world.clock.advance(1e9)
    world.services.scheduling.prune()
    assert len(entries(world)) == 1


def test_a_sink_is_given_what_is_committed(store: Store) -> None:
    world, seen = World(store), list[AuditEntry]()
    services = build_services(store, world.publisher, world.clock, jwt_secret="s" * 32, audit_sink=seen.append)
    services.accounts.ensure_team("red")
    with suppress(RuntimeError), services.context.store.transaction():
        services.accounts.ensure_team("blue")
        raise RuntimeError
    assert [(one.object, one.id > 0) for one in seen] == [("red", True)]
