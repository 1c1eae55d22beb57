"""Workers of older releases beside new ones: who is given what, and what becomes of the messages."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import gevent
import httpx
import msgspec
import pytest
from gevent.pywsgi import WSGIServer

from pikoci.internal.api import ApiSettings, create_app
from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.domain.events import BuildEvent
from pikoci.internal.domain.levels import LEVEL, UNSAID
from pikoci.internal.domain.repositories import Store
from pikoci.internal.domain.wire import INSTANCE_HEADER, MSGPACK, WORKER_HEADER
from pikoci.internal.service import ServiceSettings
from tests.integration.internal.service.world import PLAIN, World

NEWER = """
job "newer" {
  in_parallel {
    task "a" {
      run "exec" { path = "true" }
    }
  }
}
"""
CHECKED = """
resource_type "made" {
  check "docker" {
    image = "alpine"
    cmd   = "true"
  }
}
resource "made" "repo" {
  check_interval = "@every 1h"
}
"""
MIXED = PLAIN + NEWER


@pytest.fixture
def world(store: Store) -> World:
    """Workers `old`, of the release before, and `w`."""
    made = World(store, ServiceSettings(old_worker_pause=0.0))
    made.register("o1", "old", "there", UNSAID)
    made.register()
    made.set(MIXED)
    return made


def claim_by_old(world: World, build: Build) -> Build:
    return world.build_of(world.services.gateway.claim_build(build.id, "old", "o1").build.id)


def test_an_old_worker_leaves_a_newer_plan_to_others(world: World) -> None:
    build = world.trigger("newer")
    assert world.publisher.take() == [build.id]
    for _ in range(2):
        with pytest.raises(ConflictError, match="needs a newer worker than old"):
            claim_by_old(world, build)
        assert world.publisher.take() == [build.id]
    assert world.build(build).status is BuildStatus.PENDING
    assert world.claim(build).build.id == build.id


def test_an_old_worker_is_given_the_next_build_that_it_can_run(world: World) -> None:
    newer, older = world.trigger("newer"), world.trigger()
    assert claim_by_old(world, newer).id == older.id
    assert world.claim(older).build.id == newer.id


def test_an_old_worker_passes_on_what_waits_behind_a_message_that_is_done_with(world: World) -> None:
    older, newer = world.trigger(), world.trigger("newer")
    world.publisher.take()
    world.services.builds.cancel(world.alice, "main", "p", "run", older.name)
    with pytest.raises(ConflictError):
        claim_by_old(world, older)
    assert world.publisher.take() == [newer.id]


def test_a_worker_may_ask_again_with_a_message_that_was_passed_on(world: World) -> None:
    first, second = world.trigger("newer"), world.trigger("newer")
    taken = world.claim(second)
    assert taken.build.id == first.id
    world.services.gateway.report(first.id, taken.claim, 1, world.events()[:1])
    world.clock.advance(1)
    with pytest.raises(ConflictError):
        claim_by_old(world, second)
    assert world.claim(second).build.id == second.id


def test_the_old_worker_waits_while_the_message_goes_round(store: Store) -> None:
    world = World(store, ServiceSettings(old_worker_pause=3600.0))
    world.register("o1", "old", "there", UNSAID)
    world.register()
    world.set(MIXED)
    build = world.trigger("newer")
    world.publisher.take()
    with gevent.Timeout(30):
        claim = gevent.spawn(claim_by_old, world, build)
        while not world.publisher.messages:
            gevent.sleep(0.001)
    assert not claim.ready()
    claim.kill()
    assert world.claim(build).build.id == build.id


def test_without_a_new_worker_the_build_says_so_and_nothing_goes_round(store: Store) -> None:
    world = World(store, ServiceSettings(old_worker_pause=3600.0))
    world.register("o1", "old", "there", UNSAID)
    world.set(MIXED)
    build = world.trigger("newer")
    world.publisher.take()
    with gevent.Timeout(30), pytest.raises(ConflictError):
        claim_by_old(world, build)
    assert world.publisher.take() == []
    reason = world.reason(build)
    assert reason.startswith("no connected worker is new enough: needs in_parallel; old has pikoci 1: upgrade one")
    assert "new enough" not in world.reason(world.trigger())
    world.register()
    world.clock.advance(16)
    world.services.scheduling.sweep()
    assert build.id in world.publisher.take()
    assert "w could take it, its 4 slots are free" in world.reason(build)


def test_a_new_worker_that_takes_nothing_is_named(world: World) -> None:
    world.services.workers.cordon(world.alice, "w")
    assert "no worker takes work now: w is cordoned" in world.reason(world.trigger("newer"))


def test_a_plan_that_became_newer_after_its_dispatch_is_not_given_to_an_old_worker(world: World) -> None:
    build = world.trigger()
    world.set(NEWER.replace('"newer"', '"run"'))
    for _ in range(2):
        with pytest.raises(ConflictError):
            claim_by_old(world, build)
        world.schedule()
    assert world.claim(build).build.id == build.id


def test_builds_from_before_levels_are_looked_at_once_more(world: World) -> None:
    build = world.trigger("newer")
    with world.store.transaction():
        world.store.builds.save(msgspec.structs.replace(world.build(build), level=UNSAID))
    with pytest.raises(ConflictError, match="asks more of a worker"):
        claim_by_old(world, build)
    world.schedule()
    assert world.build(build).level == LEVEL
    assert world.claim(build).build.id == build.id


def test_checks_are_passed_on_as_well(world: World) -> None:
    world.set(CHECKED)
    state = world.resource()
    world.services.scheduling.dispatch_checks()
    assert world.publisher.take("checks") == [state.id]
    with pytest.raises(ConflictError, match="needs runner docker, which is newer than worker old"):
        world.services.gateway.claim_check(state.id, "old", "o1")
    assert world.publisher.take("checks") == [state.id]
    assert world.services.gateway.claim_check(state.id, "w", "i1").resource_id == state.id


def test_a_check_that_no_worker_can_run_says_so(store: Store) -> None:
    world = World(store, ServiceSettings(old_worker_pause=3600.0))
    world.register("o1", "old", "there", UNSAID)
    world.set(CHECKED)
    state = world.resource()
    world.services.scheduling.dispatch_checks()
    world.publisher.take("checks")
    with gevent.Timeout(30), pytest.raises(ConflictError):
        world.services.gateway.claim_check(state.id, "old", "o1")
    assert world.publisher.take("checks") == []
    shown = world.services.resources.get(world.alice, "main", "p", "made.repo").waiting_reason
    assert shown.startswith("no connected worker is new enough: needs runner docker")


class OldWorker:
    """A worker of the release before, as it speaks to the server: its greeting says nothing of levels."""

    def __init__(self, url: str, token: str) -> None:
        identity = {
            "Authorization": f"Bearer {token}",
            WORKER_HEADER: "far",
            INSTANCE_HEADER: "0123456789abcdef.s1",
            "Content-Type": MSGPACK,
        }
        self._http = httpx.Client(base_url=f"{url}/api/v1/worker", headers=identity, timeout=30.0)
        greeting = {"name": "far", "instance": identity[INSTANCE_HEADER], "version": "0.0.9", "tags": []}
        more = {"queues": ["jobs", "checks"], "concurrency": 2, "place": "there"}
        self._post("/register", {**greeting, **more}).raise_for_status()

    def claim(self, build_id: int) -> dict[str, Any] | None:
        """The answer to a claim, None for a conflict."""
        answer = self._post(f"/builds/{build_id}/claim")
        assert answer.status_code in {200, 409}, answer.text
        return msgspec.msgpack.decode(answer.content) if answer.status_code == 200 else None

    def finish(self, taken: dict[str, Any], events: list[BuildEvent]) -> None:
        """Report all of a build."""
        claim = f"/builds/{taken['build']['id']}/claims/{taken['claim']}"
        self._post(f"{claim}/events", {"first": 1, "events": events}).raise_for_status()

    def close(self) -> None:
        self._http.close()

    def _post(self, path: str, body: object = None) -> httpx.Response:
        return self._http.post(path, content=b"" if body is None else msgspec.msgpack.encode(body))


@pytest.fixture
def far(world: World) -> Iterator[OldWorker]:
    server = WSGIServer(
        ("127.0.0.1", 0), create_app(world.services, ApiSettings(version="1")), log=None, error_log=None
    )
    server.start()
    with closing(OldWorker(f"http://127.0.0.1:{server.server_port}", world.services.tokens.worker_token())) as made:
        yield made
    server.stop(timeout=0)


def test_in_a_rolling_upgrade_nothing_is_lost_and_no_plan_comes_to_the_wrong_worker(
    world: World, far: OldWorker
) -> None:
    chance = random.Random(14)
    builds = [world.trigger(chance.choice(["run", "newer"])) for _ in range(24)]
    waiting: list[int] = []
    ran: dict[str, set[str]] = {"far": set(), "w": set()}
    for _ in range(600):
        waiting += world.publisher.take()
        if not waiting:
            break
        message = waiting.pop(chance.randrange(len(waiting)))
        world.clock.advance(0.1)
        if chance.random() < 0.5:
            if (answer := far.claim(message)) is not None:
                ran["far"].add(answer["job"]["name"])
                far.finish(answer, world.events())
        else:
            with suppress(ConflictError):
                taken = world.services.gateway.claim_build(message, "w", "i1")
                ran["w"].add(taken.job.name)
                world.finish(taken)
    assert {world.build(build).status for build in builds} == {BuildStatus.SUCCEEDED}
    assert ran == {"far": {"run"}, "w": {"run", "newer"}}
