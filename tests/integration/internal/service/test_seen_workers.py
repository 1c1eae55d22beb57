"""What a login sees of the fleet: names and states, and the work of its own teams."""

import pytest

from pikoci.internal.domain.accounts import Principal, Role, User
from pikoci.internal.domain.errors import NotFoundError
from pikoci.internal.domain.gateway import WorkerHello
from pikoci.internal.domain.tags import queues_for
from pikoci.internal.service.plumbing.claimant import Claimant
from pikoci.internal.service.plumbing.tokens import WorkerClaims
from tests.integration.internal.service.world import PLAIN, World


def member_of(team: str) -> Principal:
    return Principal(user=User(id=99, name="lena", password_hash=""), roles={team: Role.READ})


@pytest.fixture
def shared(world: World) -> World:
    """Worker `w` runs a build of team `main` and one of team `blue`; worker `bound` is for `blue` alone."""
    with world.store.transaction():
        world.store.accounts.create_team("blue")
    world.set(PLAIN)
    world.services.pipelines.set(world.alice, "blue", "p", PLAIN, {})
    for build in (world.trigger(), world.services.builds.trigger(world.alice, "blue", "p", "run")):
        world.claim(build)
    queues = queues_for("jobs", [], team="blue")
    hello = WorkerHello(name="bound", instance="b1", version="1", queues=queues, concurrency=1)
    opens = WorkerClaims(id="t1", team="blue")
    world.services.gateway.opened_by(Claimant("bound", "b1", opens)).register(hello)
    world.services.builds.trigger(world.alice, "blue", "p", "run")
    return world


def teams(world: World, principal: Principal) -> dict[str, tuple[int, int]]:
    """Of each worker that is seen, how many builds are shown, and how many it runs."""
    found = world.services.workers.list(principal)
    assert [world.services.workers.get(principal, view.worker.name) for view in found] == found
    return {view.worker.name: (len(view.builds), view.busy) for view in found}


def test_a_member_sees_its_teams_builds_and_workers(shared: World) -> None:
    assert teams(shared, shared.alice) == {"bound": (0, 0), "w": (2, 2)}
    assert teams(shared, member_of("blue")) == {"bound": (0, 0), "w": (1, 2)}
    assert teams(shared, member_of("main")) == {"w": (1, 2)}
    assert teams(shared, member_of("green")) == {"w": (0, 2)}
    with pytest.raises(NotFoundError, match="there is no worker bound"):
        shared.services.workers.get(member_of("main"), "bound")


def test_a_teams_queue_is_seen_by_its_members_and_named_in_no_metric(shared: World) -> None:
    monitoring = shared.services.monitoring
    assert "jobs.team=blue" in monitoring.queues_of(member_of("blue"))
    assert "jobs.team=blue" not in monitoring.queues_of(member_of("main"))
    shared.publisher.known_depth = 2
    shared.clock.advance(2)
    sums = monitoring.common_queues()
    assert not [name for name in sums if "blue" in name]
    assert sums["jobs"] is not None
    assert sums["jobs"].waiting == 4
