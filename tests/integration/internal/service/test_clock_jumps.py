"""A clock that was ahead does not stop checks for as long as it was wrong."""

import pytest

from pikoci.internal.domain.gateway import CheckResult
from tests.integration.internal.service.test_checks import BUTTON, due
from tests.integration.internal.service.world import START, TYPE, World

YEAR = 365 * 24 * 3600.0
CRON = 'resource "made" "nightly" { check_interval = "0 3 * * *" }\n'
CONFIG = TYPE + CRON + BUTTON


@pytest.fixture
def ahead(world: World) -> World:
    """All was checked, and all due times stored, while the clock was a year ahead."""
    world.set(CONFIG)
    world.clock.jump(YEAR)
    world.services.scheduling.dispatch_checks()
    world.services.resources.check(world.alice, "main", "p", "trigger.button")
    for canonical in ("made.repo", "made.nightly"):
        state = world.resource(canonical)
        claim = world.services.gateway.claim_check(state.id, "w", "i1").claim
        world.services.gateway.finish_check(state.id, claim, CheckResult())
        assert (world.resource(canonical).next_check_at or 0) > START + YEAR
    world.publisher.take("checks")
    return world


def assert_on_time(world: World) -> None:
    repo, nightly = world.resource("made.repo"), world.resource("made.nightly")
    assert repo.next_check_at is not None
    assert nightly.next_check_at is not None
    assert START < repo.next_check_at <= START + 60
    assert START < nightly.next_check_at <= START + 24 * 3600
    assert nightly.next_check_at % (24 * 3600) == 3 * 3600


def test_due_times_follow_a_clock_that_is_set_back(ahead: World) -> None:
    ahead.clock.jump(-YEAR)
    assert due(ahead) == [ahead.resource("trigger.button").id]
    assert_on_time(ahead)
    ahead.clock.advance(60)
    assert due(ahead) == [ahead.resource("made.repo").id]


def test_due_times_are_put_right_when_a_server_starts(ahead: World) -> None:
    ahead.clock.time = START
    restarted = World(ahead.store)
    restarted.services.scheduling.recover()
    assert_on_time(restarted)
    assert restarted.services.scheduling.next_check_in() == 0.0


def test_a_clock_that_slips_back_bit_by_bit_is_noticed_too(ahead: World) -> None:
    ahead.clock.jump(-YEAR + 50)
    ahead.services.scheduling.dispatch_checks()
    stored = ahead.resource().next_check_at
    for _ in range(3):
        ahead.clock.jump(-25)
        ahead.services.scheduling.dispatch_checks()
    repaired = ahead.resource().next_check_at
    assert stored is not None
    assert repaired is not None
    assert repaired <= ahead.clock.now() + 60 < stored + 60


def test_a_small_correction_costs_nothing_and_changes_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.set(CONFIG)
    due(world)
    before = world.resource().next_check_at
    asked: list[float] = []
    monkeypatch.setattr(world.store.resources, "upcoming", asked.append)
    world.clock.jump(-59)
    due(world)
    assert world.resource().next_check_at == before
    assert asked == []


def test_due_times_that_are_right_stay_as_they_are(world: World) -> None:
    world.set(CONFIG)
    due(world)
    before = [world.resource(name) for name in ("made.repo", "made.nightly", "trigger.button")]
    world.services.scheduling.recover()
    after = [world.resource(name) for name in ("made.repo", "made.nightly", "trigger.button")]
    assert [state.next_check_at for state in after] == [state.next_check_at for state in before]


def test_checks_that_a_database_outage_kept_from_repair_are_repaired_after_it(
    ahead: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(now: float) -> list[tuple[int, str, float]]:
        raise ConnectionError

    ahead.clock.jump(-YEAR)
    with monkeypatch.context() as patch:
        patch.setattr(ahead.store.resources, "upcoming", away)
        with pytest.raises(ConnectionError):
            ahead.services.scheduling.dispatch_checks()
    ahead.services.scheduling.dispatch_checks()
    assert_on_time(ahead)
