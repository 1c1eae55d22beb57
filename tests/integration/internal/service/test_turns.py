"""Whose build a free slot gets: by turns of teams, then pipelines, then by priority and age."""

from collections.abc import Sequence

import pytest

from pikoci.internal.domain.build import Build, BuildStatus
from pikoci.internal.domain.errors import ConflictError
from pikoci.internal.domain.gateway import BuildAssignment
from pikoci.internal.domain.repositories import Store
from pikoci.internal.service import ServiceSettings
from pikoci.internal.service.plumbing.claimant import Claimant
from pikoci.internal.service.plumbing.tokens import WorkerClaims
from tests.integration.internal.service.test_fleet import connect
from tests.integration.internal.service.world import PLAIN, World

MANY = 30


@pytest.fixture
def farm(store: Store) -> World:
    """Teams main, blue and green with a pipeline p each; blue weighs 3."""
    made = World(store, ServiceSettings(team_weights={"blue": 3}))
    made.register()
    with store.transaction():
        for team in ("blue", "green"):
            store.accounts.create_team(team)
    for team in ("main", "blue", "green"):
        made.services.pipelines.set(made.alice, team, "p", PLAIN, {})
    return made


def start(world: World, team: str = "main", pipeline: str = "p", job: str = "run", count: int = 1) -> list[Build]:
    return [world.services.builds.trigger(world.alice, team, pipeline, job) for _ in range(count)]


def ring(world: World, build: Build, worker: str = "w", instance: str = "i1") -> BuildAssignment:
    return world.services.gateway.claim_build(build.id, worker, instance)


def served(world: World, messages: Sequence[Build]) -> list[str]:
    """The teams whose builds the messages are answered with, one slot after the other."""
    return [run(world, build).build.team for build in messages]


def run(world: World, message: Build) -> BuildAssignment:
    assignment = ring(world, message)
    world.services.gateway.report(assignment.build.id, assignment.claim, 1, world.events())
    return assignment


def test_a_newcomers_build_is_next_however_many_another_team_has(farm: World) -> None:
    crowd = start(farm, count=MANY)
    served(farm, crowd[:5])
    (newcomer,) = start(farm, "green")
    assert run(farm, crowd[5]).build.id == newcomer.id
    assert served(farm, [*crowd[6:], newcomer]) == ["main"] * (MANY - 5)


def test_each_build_runs_once_in_the_order_of_its_line(farm: World) -> None:
    crowd = start(farm, count=3) + start(farm, "green", count=3)
    ids = [run(farm, build).build.id for build in crowd]
    assert ids == [crowd[place].id for place in (0, 3, 1, 4, 2, 5)]
    for build in crowd:
        assert farm.build(build).status is BuildStatus.SUCCEEDED
        with pytest.raises(ConflictError, match="does not wait for a worker, nor does another"):
            ring(farm, build)


def test_teams_have_turns_by_their_weights(farm: World) -> None:
    messages = start(farm, count=MANY) + start(farm, "blue", count=MANY) + start(farm, "green", count=MANY)
    teams = served(farm, messages[:20])
    assert [teams.count(team) for team in ("main", "blue", "green")] == [4, 12, 4]
    assert set(teams[:5]) == {"main", "blue", "green"}


def test_pipelines_take_turns_within_a_team_which_gets_no_more_for_having_many(farm: World) -> None:
    for name in ("q", "r"):
        farm.set(PLAIN, name)
    crowd = start(farm, count=MANY)
    others = start(farm, pipeline="q", count=2) + start(farm, pipeline="r", count=2) + start(farm, "green", count=3)
    got = [run(farm, build).build for build in crowd[:6] + others[:1]]
    assert [one.team for one in got].count("green") == 3
    assert sorted(one.pipeline for one in got if one.team == "main") == ["p", "p", "q", "r"]


def test_a_higher_priority_goes_first_in_its_pipeline_alone(farm: World) -> None:
    farm.set(PLAIN + PLAIN.replace('"run" {', '"urgent" {\n      priority = 5', 1))
    plain, (other,) = start(farm, count=3), start(farm, "green")
    urgent = start(farm, job="urgent", count=2)
    got = [run(farm, build).build.id for build in [*plain, other, *urgent]]
    assert got == [other.id, *(build.id for build in [*urgent, *plain])]


def test_a_message_of_a_build_that_is_gone_is_answered_with_another(farm: World) -> None:
    gone, *rest = start(farm, count=2)
    farm.services.builds.cancel(farm.alice, "main", "p", "run", gone.name)
    assert run(farm, gone).build.id == rest[0].id
    (other,) = start(farm, "green")
    farm.services.pipelines.delete(farm.alice, "main", "p")
    assert run(farm, rest[0]).build.id == other.id


def test_a_message_is_answered_from_its_own_queue(farm: World) -> None:
    farm.set(PLAIN + PLAIN.replace('"run" {', '"gpu" {\n      tags = ["gpu"]', 1))
    connect(farm, "gpu", name="able")
    (plain,), (tagged,) = start(farm), start(farm, job="gpu")
    with pytest.raises(ConflictError, match="lacks the tags gpu"):
        ring(farm, tagged)
    assert ring(farm, tagged, "able").build.id == tagged.id
    assert ring(farm, plain).build.id == plain.id


def test_a_token_of_a_team_opens_no_other_teams_turn(farm: World) -> None:
    crowd, (theirs,) = start(farm, count=3), start(farm, "green")
    opens = WorkerClaims(id="t", team="green")
    connect(farm, name="green", instance="k.1", opens=opens)
    remote = farm.services.gateway.opened_by(Claimant("green", "k.1", opens))
    with pytest.raises(ConflictError, match="team green alone"):
        remote.claim_build(crowd[1].id, "green", "k.1")
    assert ring(farm, crowd[1]).build.id == crowd[0].id
    assert remote.claim_build(crowd[0].id, "green", "k.1").build.id == theirs.id
    with pytest.raises(ConflictError, match="team green alone"):
        remote.claim_build(crowd[0].id + 1_000, "green", "k.1")


def test_a_repeated_claim_starts_no_second_build(farm: World) -> None:
    crowd, (other,) = start(farm, count=3), start(farm, "green")
    served(farm, crowd[:1])
    first = ring(farm, crowd[1])
    assert first.build.id == other.id
    assert ring(farm, crowd[1]) == first
    farm.services.gateway.report(other.id, first.claim, 1, farm.events()[:1])
    with pytest.raises(ConflictError):
        ring(farm, crowd[1])  # the same message once more: its build runs
    farm.register(name="v")
    assert ring(farm, crowd[1], "v").build.id == crowd[1].id


def test_a_message_that_was_published_anew_is_a_message_of_its_own(farm: World) -> None:
    served(farm, start(farm))
    (mine,), (other,) = start(farm), start(farm, "green")
    first = ring(farm, mine)
    assert first.build.id == other.id
    farm.services.gateway.report(other.id, first.claim, 1, farm.events()[:1])
    farm.clock.advance(16)
    farm.services.scheduling.sweep()
    assert ring(farm, mine).build.id == mine.id


def test_a_pipeline_whose_builds_cannot_be_had_holds_nobody_up(farm: World) -> None:
    (stuck,), (other,) = start(farm), start(farm, "green")
    farm.set(PLAIN.replace('"run" {', '"run" {\n      tags = ["gpu"]', 1))
    with pytest.raises(ConflictError, match="tags of job run changed"):
        ring(farm, stuck)
    assert ring(farm, other).build.id == other.id
    farm.publisher.take()
    farm.schedule()
    assert farm.publisher.take("jobs.gpu") == [stuck.id]


def test_a_build_whose_tags_changed_reaches_a_worker_that_listens_for_them_alone(farm: World) -> None:
    (build,) = start(farm)
    farm.set(PLAIN.replace('"run" {', '"run" {\n      tags = ["gpu"]', 1))
    connect(farm, "gpu", name="able", exclusive=True)
    with pytest.raises(ConflictError, match="for its tags only"):
        ring(farm, build, "able")
    farm.clock.advance(16)
    farm.services.scheduling.sweep()
    assert farm.publisher.take("jobs.gpu") == [build.id]
    assert ring(farm, build, "able").build.id == build.id
