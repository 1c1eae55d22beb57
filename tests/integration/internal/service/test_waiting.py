"""What a build says that waits for a worker, to whom, and wherever it is shown."""

import pytest

from pikoci.internal.domain.accounts import Principal, Role, User
from pikoci.internal.domain.build import Build
from pikoci.internal.domain.gateway import WorkerHello
from pikoci.internal.domain.repositories import Store
from tests.integration.internal.service.world import PLAIN, World

TWO = PLAIN + PLAIN.replace('"run"', '"lint"', 1)
FULL = (
    "waits for a worker: 2 could take it (v, w), their 2 slots are busy with"
    " 1 build of blue/p/run and 1 of main/p/lint; 2nd in line"
)


@pytest.fixture
def full(store: Store) -> World:
    """Two workers with a slot each; one runs a build of this team, the other one of the team blue."""
    world = World(store)
    with store.transaction():
        store.accounts.create_team("blue")
    for name in ("v", "w"):
        hello = WorkerHello(name=name, instance="i1", version="1", queues=["jobs"], concurrency=1)
        world.services.gateway.register(hello)
    world.set(TWO)
    world.services.pipelines.set(world.alice, "blue", "p", PLAIN, {})
    world.services.gateway.claim_build(world.trigger("lint").id, "v", "i1")
    theirs = world.services.builds.trigger(world.alice, "blue", "p", "run")
    world.services.gateway.claim_build(theirs.id, "w", "i1")
    return world


def waiting(world: World) -> Build:
    """The second build in the line."""
    world.trigger()
    world.clock.advance(1)
    return world.trigger()


def user(**roles: Role) -> Principal:
    return Principal(user=User(id=9, name="bob", password_hash=""), roles=roles)


def test_it_says_who_could_take_it_what_they_run_and_its_place(full: World) -> None:
    build = waiting(full)
    assert build.reason == FULL
    assert full.detail(build).build.reason == FULL
    assert full.builds()[-1].reason == FULL
    assert next(full.services.builds.follow(full.alice, build.id)).build.reason == FULL  # type: ignore[union-attr]
    job = full.services.jobs.get(full.alice, "main", "p", "run")
    assert job.latest is not None
    assert job.latest.reason == FULL
    assert full.services.jobs.list(full.alice, "main", "p")[0] == job
    assert full.services.pipelines.get(full.alice, "main", "p").jobs[0] == job
    listed = full.services.pipelines.list(full.alice, "main").items
    assert [one.jobs[0] for one in listed] == [job]


def test_it_is_kept_nowhere(full: World) -> None:
    assert full.build(waiting(full)).reason == ""


def test_it_names_no_job_that_the_reader_may_not_see(full: World) -> None:
    build = waiting(full)
    shown = full.services.builds.get(user(main=Role.READ), "main", "p", "run", build.name).build.reason
    assert "busy with 1 build of main/p/lint and 1 of other teams; 2nd in line" in shown
    full.services.pipelines.publish(full.alice, "blue", "p")
    full.clock.advance(1)
    assert full.services.builds.get(user(main=Role.READ), "main", "p", "run", build.name).build.reason == FULL


def test_strangers_learn_nothing_about_workers(full: World) -> None:
    build = waiting(full)
    full.services.pipelines.publish(full.alice, "main", "p")
    for stranger in (Principal(), user(blue=Role.ADMIN)):
        found = full.services.builds.get(stranger, "main", "p", "run", build.name).build
        assert found.reason == "waits for a worker"


def test_the_line_has_only_what_the_same_workers_could_take(full: World) -> None:
    full.set(TWO + PLAIN.replace('"run" {', '"gpu" {\n      tags = ["gpu"]', 1))
    full.trigger("gpu")
    full.services.builds.trigger(full.alice, "blue", "p", "run")
    full.trigger()
    full.clock.advance(1)
    assert full.trigger().reason.endswith("3rd in line")
