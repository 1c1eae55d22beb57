"""Which worker may take what, and what work says that no worker could take."""

from collections.abc import Sequence

import pytest

from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.errors import ConflictError, NameTakenError
from pikoci.internal.domain.gateway import ClaimRef, Heartbeat, WorkerCommand, WorkerHello, WorkerTerms
from pikoci.internal.domain.repositories import Store
from pikoci.internal.domain.tags import queues_for
from pikoci.internal.service.plumbing.claimant import Claimant
from pikoci.internal.service.plumbing.tokens import WorkerClaims
from tests.integration.internal.service.world import PLAIN, TYPE, World

TAGGED = PLAIN.replace('job "run" {', 'job "run" {\n      tags = ["vpn", "gpu"]')
TAGGED_CHECK = TYPE.replace('resource "made" "repo" {', 'resource "made" "repo" {\n      tags = ["vpn"]')

GPU = "no worker has the tags gpu, vpn: start one with `pikoci worker --tags gpu,vpn`"
NOBODY = "no worker is connected: start one with `pikoci worker`"
FREE = "waits for a worker: w could take it, its 4 slots are free; 1st in line"


@pytest.fixture
def alone(store: Store) -> World:
    """A world without workers."""
    return World(store)


def connect(
    world: World,
    *tags: str,
    name: str = "w",
    instance: str = "i1",
    kinds: Sequence[str] = ("jobs", "checks"),
    exclusive: bool = False,
    opens: WorkerClaims | None = None,
    place: str = "here",
) -> WorkerTerms:
    team = opens.team if opens else ""
    queues = [queue for kind in kinds for queue in queues_for(kind, tags, exclusive, team)]
    hello = WorkerHello(
        name=name, instance=instance, version="1", queues=queues, concurrency=1, tags=list(tags), place=place
    )
    return world.services.gateway.opened_by(Claimant(name, instance, opens or WorkerClaims())).register(hello)


def reason(world: World, build: Build) -> str:
    return world.detail(build).build.reason


def beat(world: World, state: str, instance: str = "i1") -> list[str]:
    """A heartbeat; returns what is wanted of the worker."""
    sent = Heartbeat(name="w", instance=instance, state=state)  # type: ignore[arg-type] # one of the three
    return [command.kind for command in world.services.gateway.heartbeat(sent).commands]


def test_tagged_work_has_queues_of_its_own(world: World) -> None:
    world.set(TAGGED + TAGGED_CHECK)
    build = world.trigger()
    world.services.scheduling.dispatch_checks()
    assert (world.publisher.take("jobs"), world.publisher.take("checks")) == ([], [])
    assert world.publisher.take("jobs.gpu+vpn") == [build.id]
    assert world.publisher.take("checks.vpn") == [world.resource().id]
    assert {"jobs", "checks", "jobs.gpu+vpn", "checks.vpn"} <= world.services.monitoring.queues().keys()


def test_the_sweeper_publishes_tagged_checks_again_on_their_queue(world: World) -> None:
    world.set(PLAIN + TAGGED_CHECK)
    world.services.scheduling.dispatch_checks()
    world.set(PLAIN + TAGGED_CHECK.replace('"vpn"', '"gpu"'))
    world.publisher.messages.clear()
    world.clock.advance(16)
    world.services.scheduling.sweep()
    assert world.publisher.messages == [("checks.gpu", world.resource().id)]


@pytest.mark.parametrize("tags", [(), ("gpu",)])
def test_a_worker_without_the_tags_gets_neither_build_nor_check(alone: World, tags: Sequence[str]) -> None:
    alone.set(TAGGED + TAGGED_CHECK)
    connect(alone, *tags)
    build = alone.trigger()
    alone.services.scheduling.dispatch_checks()
    with pytest.raises(ConflictError, match="lacks the tags"):
        alone.claim(build)
    with pytest.raises(ConflictError, match="lacks the tags vpn"):
        alone.services.gateway.claim_check(alone.resource().id, "w", "i1")
    assert alone.build(build).claim == 0
    connect(alone, "gpu", "vpn", "more", instance="i2")
    assert alone.claim(build, "i2").claim == 1
    assert alone.services.gateway.claim_check(alone.resource().id, "w", "i2").claim == 1


def test_an_exclusive_worker_gets_no_untagged_work(alone: World) -> None:
    alone.set(PLAIN)
    connect(alone, "gpu", exclusive=True)
    build = alone.trigger()
    assert reason(alone, build) == "no connected worker takes jobs without tags: start one with `pikoci worker`"
    with pytest.raises(ConflictError, match="for its tags only"):
        alone.claim(build)


def test_a_build_says_that_no_worker_could_run_it_until_one_comes(alone: World) -> None:
    alone.set(TAGGED)
    connect(alone, "gpu")
    build = alone.trigger()
    assert reason(alone, build) == GPU
    connect(alone, "gpu", name="another", instance="i5")
    assert reason(alone, build) == GPU
    connect(alone, "gpu", "vpn", kinds=["checks"], name="checker", instance="i6")
    assert reason(alone, build) == GPU
    connect(alone, "gpu", "vpn", instance="i2")
    assert reason(alone, build) == "waits for a worker: w could take it, its slot is free; 1st in line"
    alone.claim(build, "i2")
    assert reason(alone, build) == ""


def test_an_untagged_build_says_that_nobody_is_there(alone: World) -> None:
    alone.set(PLAIN)
    build = alone.trigger()
    assert build.reason == NOBODY
    connect(alone)
    assert reason(alone, build) == "waits for a worker: w could take it, its slot is free; 1st in line"


def test_a_build_behind_a_limit_says_so_too_once_it_goes(alone: World) -> None:
    alone.set(TAGGED.replace("tags", "concurrency = 1\n      tags"))
    assert reason(alone, alone.trigger()) == GPU


def test_a_build_says_that_the_last_worker_went_and_that_one_is_back(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    assert build.reason == FREE
    world.clock.advance(31)
    assert reason(world, build) == ("no worker takes work now: w sends no heartbeat; start one with `pikoci worker`")
    world.beat()
    world.clock.advance(2)
    assert reason(world, build) == FREE


def test_a_claim_takes_the_reason_away(alone: World) -> None:
    alone.set(PLAIN)
    build = alone.trigger()
    assert build.reason
    connect(alone)
    alone.claim(build)
    assert reason(alone, build) == ""


def test_a_build_says_that_all_its_workers_are_cordoned_or_drain(world: World) -> None:
    world.set(PLAIN)
    world.services.workers.cordon(world.alice, "w")
    assert world.trigger().reason == (
        "no worker takes work now: w is cordoned; `pikoci client workers uncordon w` lets it"
    )
    world.services.workers.drain(world.alice, "w")
    assert world.trigger().reason == "no worker takes work now: w is draining; start one with `pikoci worker`"


def test_a_resource_says_why_its_check_waits(alone: World) -> None:
    alone.set(PLAIN + TAGGED_CHECK)

    def waits() -> str:
        return alone.services.resources.get(alone.alice, "main", "p", "made.repo").waiting_reason

    assert waits() == ""  # nothing was published yet
    alone.services.scheduling.dispatch_checks()
    assert waits() == "no worker has the tags vpn: start one with `pikoci worker --tags vpn`"
    connect(alone, "vpn")
    assert waits() == ""


def test_a_teams_worker_counts_for_its_team_alone(alone: World) -> None:
    alone.set(PLAIN)
    with alone.store.transaction():
        alone.store.accounts.create_team("blue")
    alone.services.pipelines.set(alone.alice, "blue", "p", PLAIN, {})
    theirs = alone.services.builds.trigger(alone.alice, "blue", "p", "run")
    ours = alone.trigger()
    connect(alone, opens=WorkerClaims(id="t1", team="blue"))
    shown = alone.services.builds.get(alone.alice, "blue", "p", "run", theirs.name).build.reason
    assert shown == "waits for a worker: w could take it, its slot is free; 1st in line"
    assert reason(alone, ours) == "no connected worker takes jobs without tags: start one with `pikoci worker`"
    opens = WorkerClaims(id="t1", team="blue")
    remote = alone.services.gateway.opened_by(Claimant("w", "i1", opens))
    with pytest.raises(ConflictError, match="team blue alone"):
        remote.claim_build(ours.id, "w", "i1")
    assert remote.claim_build(theirs.id, "w", "i1").build.team == "blue"


def test_a_teams_token_cannot_displace_another_teams_worker(alone: World) -> None:
    connect(alone, instance="key1.1")
    with pytest.raises(NameTakenError, match="another process is connected as worker w"):
        connect(alone, instance="key2.1", opens=WorkerClaims(id="t1", team="blue"))
    connect(alone, instance="key1.2", opens=WorkerClaims(id="t1", team="blue"))
    alone.clock.advance(31)
    connect(alone, instance="key3.1")
    assert [(state.team, state.token_id) for state in alone.store.workers.list()] == [("", "")]


def test_a_late_message_of_a_killed_worker_does_not_displace_the_one_started_since(alone: World) -> None:
    alone.set(PLAIN)
    connect(alone, instance="key.s2")
    build = alone.trigger()
    alone.claim(build, "key.s2")
    with pytest.raises(ConflictError, match="worker w was started again since"):
        connect(alone, instance="key.s1")
    assert beat(alone, "running", "key.s2") == []
    assert alone.build(build).status is BuildStatus.STARTED
    connect(alone, instance="key.s2")
    connect(alone, instance="key.s3")
    assert alone.build(build).status is BuildStatus.PENDING


def test_a_worker_whose_start_was_set_back_is_taken_once_the_later_one_is_gone(alone: World) -> None:
    connect(alone, instance="key.s7")
    with pytest.raises(ConflictError):
        connect(alone, instance="key.s3")
    alone.clock.advance(31)
    connect(alone, instance="key.s3")
    assert beat(alone, "running", "key.s3") == []


def test_workers_of_the_last_release_come_and_go(alone: World) -> None:
    for instance in ("key.5f3a0001", "key.s1", "key.00000000", "key.12345678", "key.s2"):
        connect(alone, instance=instance)
        assert beat(alone, "running", instance) == []


def test_work_goes_to_the_queues_of_those_who_could_take_it(alone: World) -> None:
    alone.set(TAGGED + TAGGED_CHECK)
    blue, main = WorkerClaims(id="t1", team="blue"), WorkerClaims(id="t2", team="main")

    def published() -> set[str]:
        alone.publisher.messages.clear()
        alone.clock.advance(16)
        alone.services.scheduling.sweep()
        return {queue for queue, _ in alone.publisher.messages}

    alone.publisher.known_depth = 0
    alone.trigger()
    alone.services.scheduling.dispatch_checks()
    assert published() == {"jobs.gpu+vpn", "checks.vpn"}
    connect(alone, "gpu", "vpn", name="blue", instance="b1", opens=blue)
    assert published() == {"jobs.gpu+vpn", "checks.vpn"}  # it is no business of theirs
    connect(alone, "gpu", "vpn", name="main", instance="m1", opens=main)
    assert published() == {"jobs.team=main+gpu+vpn", "checks.team=main+vpn"}
    connect(alone, "gpu", "vpn", name="main", instance="m1", opens=main)
    connect(alone, "gpu", "vpn", name="all", instance="a1", kinds=["jobs"])
    assert published() == {"jobs.team=main+gpu+vpn", "jobs.gpu+vpn", "checks.team=main+vpn"}


def test_what_waited_for_a_teams_worker_is_published_on_its_queue(alone: World) -> None:
    alone.set(PLAIN)
    build = alone.trigger()
    alone.publisher.messages.clear()
    alone.publisher.known_depth = 0
    connect(alone, opens=WorkerClaims(id="t1", team="main"))
    alone.clock.advance(16)
    alone.services.scheduling.sweep()
    assert alone.publisher.messages == [("jobs.team=main", build.id)]


def test_a_machine_that_booted_again_has_its_name_back_once_the_old_process_is_silent(alone: World) -> None:
    alone.set(PLAIN)
    connect(alone, instance="key.s1", place="before")
    build = alone.trigger()
    alone.claim(build, "key.s1")
    with pytest.raises(NameTakenError) as raised:
        connect(alone, instance="key.s2", place="after")
    alone.clock.advance(raised.value.retry_after)
    connect(alone, instance="key.s2", place="after")
    assert alone.build(build).status is BuildStatus.STARTED  # its lease tells when nobody can run it any more
    alone.services.scheduling.sweep()
    assert alone.build(build).status is BuildStatus.PENDING


def test_a_copy_that_is_heard_of_first_keeps_the_name_and_the_loser_confirms(alone: World) -> None:
    alone.set(PLAIN)
    connect(alone, instance="key.s1xa", place="machine")
    build = alone.trigger()
    alone.claim(build, "key.s1xa")
    alone.clock.advance(29)
    lease = [ClaimRef(id=build.id, claim=1)]
    alone.services.gateway.heartbeat(Heartbeat(name="w", instance="key.s1xa", state="running", builds=lease))
    alone.clock.advance(2)
    with pytest.raises(NameTakenError):
        connect(alone, instance="key.s2xb", place="clone")
    alone.clock.advance(29)  # the machine is cut off, and silent for a lease
    connect(alone, instance="key.s2xb", place="clone")
    assert alone.build(build).status is BuildStatus.STARTED
    with pytest.raises(ConflictError, match="another process registered"):
        beat(alone, "running", "key.s1xa")
    alone.services.gateway.heartbeat(Heartbeat(name="w", instance="key.s1xa", state="ended"))
    assert alone.build(build).status is BuildStatus.PENDING
    assert alone.store.workers.get("w") is not None
    assert beat(alone, "running", "key.s2xb") == []


def test_a_worker_of_the_last_release_keeps_its_builds_until_their_leases_end(alone: World) -> None:
    alone.set(PLAIN)
    connect(alone, instance="key.s1", place="")
    build = alone.trigger()
    alone.claim(build, "key.s1")
    connect(alone, instance="key.s2", place="here")
    assert alone.build(build).status is BuildStatus.STARTED


def test_a_cordon_outlives_the_worker_and_the_server(world: World) -> None:
    world.services.workers.cordon(world.alice, "w")
    assert beat(world, "running") == ["cordon"]
    assert beat(world, "cordoned") == []
    assert connect(world, instance="i2").cordoned
    again = World(world.store)
    assert beat(again, "running", "i2") == ["cordon"]
    again.services.workers.uncordon(again.alice, "w")
    assert beat(again, "cordoned", "i2") == ["uncordon"]
    assert beat(again, "running", "i2") == []
    assert not connect(again, instance="i3").cordoned


def test_a_drain_is_wanted_until_the_process_ended(world: World) -> None:
    world.services.workers.cordon(world.alice, "w")
    world.services.workers.drain(world.alice, "w")
    again = World(world.store)  # the server was started again meanwhile
    assert beat(again, "running") == ["drain"]
    assert beat(again, "draining") == []
    world.services.workers.uncordon(world.alice, "w")
    world.services.workers.cordon(world.alice, "w")
    assert beat(again, "running") == ["drain"]
    connect(world, instance="i2")
    assert beat(world, "running", "i2") == ["cordon"]  # which was there before the drain


def test_a_cordon_taken_back_at_once_is_pushed_too(world: World) -> None:
    stream = world.services.gateway.commands("w", "i1")
    world.services.workers.cordon(world.alice, "w")
    assert next(stream) == WorkerCommand(kind="cordon")
    world.services.workers.uncordon(world.alice, "w")
    assert next(stream) == WorkerCommand(kind="uncordon")
    stream.close()


def test_the_fleet_is_measured(world: World) -> None:
    world.set(PLAIN)
    build = world.trigger()
    world.clock.advance(0.2)
    claim = world.claim(build).claim
    world.claim(build)  # asked again: counted once
    measures = world.services.monitoring.measures()
    assert measures.dispatch.sum == pytest.approx(0.2)
    assert measures.dispatch.cumulated()[-1] == ("+Inf", 1.0)
    assert dict(measures.dispatch.cumulated())["0.1"] == 0.0
    assert world.services.monitoring.workers()["running"] == 1
    world.clock.advance(31)
    world.services.scheduling.sweep()
    assert measures.leases_taken_back["build"] == 1
    assert world.services.monitoring.workers()["stalled"] == 1
    assert world.beat([ClaimRef(id=build.id, claim=claim)])


def test_a_worker_is_shown_with_its_checks(world: World) -> None:
    world.set(PLAIN + TYPE)
    world.services.scheduling.dispatch_checks()
    world.services.gateway.claim_check(world.resource().id, "w", "i1")
    assert world.services.workers.get(world.alice, "w").checks == 1
    assert [view.checks for view in world.services.workers.list(world.alice)] == [1]
