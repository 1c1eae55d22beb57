"""Checks: due once, published once, one at a time, and their versions saved in order."""

import gevent
import pytest

from pikoci.internal.domain.errors import ConflictError, NotFoundError, StaleClaimError
from pikoci.internal.domain.gateway import CheckResult, ClaimRef
from pikoci.internal.domain.repositories import Store
from pikoci.internal.domain.webhooks.model import Delivery
from pikoci.internal.service import ServiceSettings
from tests.integration.internal.service.test_trigger import GATED
from tests.integration.internal.service.world import PLAIN, START, TYPE, World

TRIGGERED = GATED.replace('get "made" "repo" {}', 'get "made" "repo" { trigger = true }')
BUTTON = PLAIN + 'resource "trigger" "button" {}\n'


def due(world: World) -> list[int]:
    world.services.scheduling.dispatch_checks()
    return world.publisher.take("checks")


def test_a_new_resource_is_checked_at_once_and_then_at_its_interval(world: World) -> None:
    world.set(TYPE + PLAIN)
    state = world.resource()
    assert due(world) == [state.id]
    assert due(world) == []
    upcoming = world.resource().next_check_at
    assert upcoming is not None
    assert START < upcoming <= START + 60
    claim = world.services.gateway.claim_check(state.id, "w", "i1").claim
    world.services.gateway.finish_check(state.id, claim, CheckResult())
    world.clock.time = upcoming + 0.01
    assert due(world) == [state.id]


def test_the_loop_is_told_when_the_next_check_is_due(world: World) -> None:
    assert world.services.scheduling.next_check_in() is None
    world.set(TYPE + PLAIN)
    assert world.services.scheduling.next_check_in() == 0.0
    due(world)
    waiting = world.services.scheduling.next_check_in()
    assert waiting is None or 0 < waiting <= 60


def test_a_button_is_never_checked_by_itself(world: World) -> None:
    world.set(BUTTON)
    world.clock.advance(10_000)
    assert due(world) == []
    world.services.resources.check(world.alice, "main", "p", "trigger.button")
    assert due(world) == [world.resource("trigger.button").id]


def test_a_changed_interval_reschedules(world: World) -> None:
    world.set(TYPE + PLAIN)
    world.find_versions("1")
    world.clock.advance(1)
    world.set(TYPE.replace("1m", "12h") + PLAIN)
    assert world.resource().check_interval == "@every 12h"
    assert world.resource().next_check_at == world.clock.now()


def test_a_check_gets_the_newest_version_and_only_one_worker_gets_the_check(world: World) -> None:
    world.set(TYPE + PLAIN)
    world.find_versions("1", "2")
    world.services.resources.check(world.alice, "main", "p", "made.repo")
    due(world)
    assignment = world.services.gateway.claim_check(world.resource().id, "w", "i1")
    assert assignment.previous == {"v": "2"}
    assert assignment.resource.canonical == "made.repo"
    assert assignment.resource_type.name == "made"
    with pytest.raises(ConflictError):
        world.services.gateway.claim_check(world.resource().id, "other", "i2")


def test_the_first_check_has_no_previous_version(world: World) -> None:
    world.set(TYPE + PLAIN)
    due(world)
    assert world.services.gateway.claim_check(world.resource().id, "w", "i1").previous is None


def test_a_known_version_is_recorded_once(world: World) -> None:
    world.set(TYPE + PLAIN)
    world.find_versions("1", "2")
    world.find_versions("2", "3")
    page = world.services.resources.versions(world.alice, "main", "p", "made.repo")
    assert [version.version["v"] for version in page.items] == ["3", "2", "1"]


def test_each_new_version_starts_one_build(world: World) -> None:
    world.set(TRIGGERED)
    world.find_versions("1")
    world.find_versions("1", "2", "3")
    assert [world.taken(build)["repo"] for build in world.builds()] == ["1", "2", "3"]
    assert world.publisher.take() == [build.id for build in world.builds()]
    assert [build.created_by for build in world.builds()] == ["", "", ""]


def test_more_new_versions_than_one_turn_handles_start_a_build_each(world: World) -> None:
    world.set(TRIGGERED)
    world.find_versions("0")
    world.find_versions(*(str(number) for number in range(45)))
    assert [world.taken(build)["repo"] for build in world.builds()] == [str(number) for number in range(45)]


def test_a_second_delivery_is_ignored_and_an_old_claim_refused(world: World) -> None:
    world.set(TRIGGERED)
    due(world)
    resource_id = world.resource().id
    claim = world.services.gateway.claim_check(resource_id, "w", "i1").claim
    for _ in range(2):
        world.services.gateway.finish_check(resource_id, claim, CheckResult(versions=[{"v": "1"}]))
    world.schedule()
    assert len(world.builds()) == 1
    with pytest.raises(StaleClaimError):
        world.services.gateway.finish_check(resource_id, claim - 1, CheckResult())
    with pytest.raises(StaleClaimError):
        world.services.gateway.finish_check(999, 1, CheckResult())


def test_a_failed_check_says_so_on_the_resource_until_one_succeeds(world: World) -> None:
    world.set(TYPE + PLAIN)
    due(world)
    resource_id = world.resource().id
    claim = world.services.gateway.claim_check(resource_id, "w", "i1").claim
    world.services.gateway.finish_check(resource_id, claim, CheckResult(error="it printed garbage"))
    assert world.resource().check_error == "it printed garbage"
    world.find_versions("1")
    assert world.resource().check_error == ""
    assert world.resource().last_checked_at == world.clock.now()


@pytest.mark.parametrize(
    ("versions", "error"),
    [
        ([{"v": str(number)} for number in range(100_000)], "found 100,000 versions; at most 10,000"),
        ([{"v": "1"}, {}], "at least one key"),
        ([{"v": "x" * 70_000}], "more than 65536 bytes"),
    ],
)
def test_versions_that_cannot_be_are_reported_and_none_is_taken(
    world: World, versions: list[dict[str, object]], error: str
) -> None:
    world.set(TYPE + PLAIN)
    due(world)
    resource_id = world.resource().id
    claim = world.services.gateway.claim_check(resource_id, "w", "i1").claim
    world.services.gateway.finish_check(resource_id, claim, CheckResult(versions=versions))
    assert error in world.resource().check_error
    assert world.services.resources.versions(world.alice, "main", "p", "made.repo").items == []


def test_many_versions_keep_their_order(world: World) -> None:
    world.set(TYPE + PLAIN)
    names = [str(number) for number in range(1000)]
    world.find_versions(*names)
    page = world.services.resources.versions(world.alice, "main", "p", "made.repo", limit=1000)
    assert [version.version["v"] for version in page.items[::-1]] == names


def test_others_have_their_turn_while_many_versions_are_saved(store: Store) -> None:
    world = World(store, ServiceSettings(version_batch=1))
    world.register()
    world.set(TRIGGERED)
    seen: list[int] = []

    def look() -> None:
        page = world.services.resources.versions(world.alice, "main", "p", "made.repo")
        seen.append(len(page.items))

    gevent.spawn_later(0.0, look)
    world.find_versions(*map(str, range(30)))
    gevent.sleep(0.01)
    assert 0 <= seen[0] < 30


def test_a_check_that_dies_half_way_is_done_again_and_nothing_is_twice(world: World) -> None:
    world.set(TRIGGERED)
    due(world)
    resource_id = world.resource().id
    world.services.gateway.claim_check(resource_id, "w", "i1")
    with world.store.transaction():  # what the first batches of a killed server left
        world.store.versions.save(resource_id, [{"v": "1"}, {"v": "2"}], world.clock.now())
    world.clock.advance(31)
    world.services.scheduling.sweep()
    assert due(world) == [resource_id]
    claim = world.services.gateway.claim_check(resource_id, "w", "i1").claim
    result = CheckResult(versions=[{"v": name} for name in ("1", "2", "3")])
    world.services.gateway.finish_check(resource_id, claim, result)
    world.schedule()
    page = world.services.resources.versions(world.alice, "main", "p", "made.repo")
    assert [version.version["v"] for version in page.items] == ["3", "2", "1"]
    assert len(world.builds()) == 1


def test_a_lost_message_is_sent_again(world: World) -> None:
    world.set(TYPE + PLAIN)
    world.publisher.away = True
    assert due(world) == []
    world.publisher.away = False
    world.clock.advance(16)
    world.services.scheduling.sweep()
    assert world.publisher.take("checks") == [world.resource().id]


def test_a_lost_check_is_due_again(world: World) -> None:
    world.set(TYPE.replace("1m", "12h") + PLAIN)
    due(world)
    resource_id = world.resource().id
    claim = world.services.gateway.claim_check(resource_id, "w", "i1").claim
    world.clock.advance(31)
    world.services.scheduling.sweep()
    assert due(world) == [resource_id]
    assert world.beat(checks=[ClaimRef(id=resource_id, claim=claim)]) != []
    world.services.gateway.finish_check(resource_id, claim, CheckResult(versions=[{"v": "late"}]))
    assert world.services.resources.versions(world.alice, "main", "p", "made.repo").items == []


def test_a_worker_that_starts_again_gives_up_its_checks_at_once(world: World) -> None:
    world.set(TYPE.replace("1m", "12h") + PLAIN)
    due(world)
    world.services.gateway.claim_check(world.resource().id, "w", "i1")
    world.register("i2")
    assert due(world) == [world.resource().id]


def test_a_heartbeat_keeps_a_long_check(world: World) -> None:
    world.set(TYPE.replace("1m", "12h") + PLAIN)
    due(world)
    resource_id = world.resource().id
    claim = world.services.gateway.claim_check(resource_id, "w", "i1").claim
    for _ in range(5):
        world.clock.advance(20)
        assert world.beat(checks=[ClaimRef(id=resource_id, claim=claim)]) == []
        world.services.scheduling.sweep()
    assert due(world) == []


def test_a_request_during_a_check_is_not_swallowed(world: World) -> None:
    world.set(TYPE.replace("1m", "12h") + PLAIN)
    due(world)
    resource_id = world.resource().id
    claim = world.services.gateway.claim_check(resource_id, "w", "i1").claim
    world.services.resources.check(world.alice, "main", "p", "made.repo")
    assert due(world) == []
    world.services.gateway.finish_check(resource_id, claim, CheckResult())
    assert due(world) == [resource_id]


def test_checks_go_on_while_the_pipeline_is_paused_but_start_nothing(world: World) -> None:
    world.set(TRIGGERED)
    world.services.pipelines.pause(world.alice, "main", "p")
    world.find_versions("1")
    assert world.builds() == []
    world.services.pipelines.unpause(world.alice, "main", "p")
    world.schedule()
    assert len(world.builds()) == 1


def test_a_pinned_resource_offers_only_its_pin(world: World) -> None:
    world.set(TRIGGERED)
    (old,) = world.find_versions("1")
    world.services.resources.pin(world.alice, "main", "p", "made.repo", old.id)
    world.find_versions("2")
    assert len(world.builds()) == 1
    assert world.taken(world.trigger()) == {"repo": "1"}
    world.services.resources.unpin(world.alice, "main", "p", "made.repo")
    world.schedule()
    assert world.taken(world.builds()[-1]) == {"repo": "2"}


def test_a_disabled_version_is_not_given(world: World) -> None:
    world.set(GATED)
    _, newest = world.find_versions("1", "2")
    world.services.resources.set_version_enabled(world.alice, "main", "p", "made.repo", newest.id, enabled=False)
    assert world.taken(world.trigger()) == {"repo": "1"}
    world.services.resources.set_version_enabled(world.alice, "main", "p", "made.repo", newest.id, enabled=True)
    assert world.taken(world.trigger()) == {"repo": "2"}


def test_a_version_can_be_triggered_by_hand(world: World) -> None:
    world.set(TRIGGERED)
    old, _ = world.find_versions("1", "2")
    builds = world.services.resources.trigger_version(world.alice, "main", "p", "made.repo", old.id)
    assert [world.taken(build) for build in builds] == [{"repo": "1"}]
    world.set(GATED)
    with pytest.raises(ConflictError, match="no job gets"):
        world.services.resources.trigger_version(world.alice, "main", "p", "made.repo", old.id)


def test_a_webhook_checks_at_once_and_its_token_can_be_changed(world: World) -> None:
    world.set(TYPE.replace("1m", "12h") + PLAIN)
    world.find_versions("1")
    world.publisher.take("checks")
    old = world.resource().webhook_token
    world.services.webhooks.deliver(old, Delivery)
    assert due(world) == [world.resource().id]
    new = world.services.resources.rotate_webhook_token(world.alice, "main", "p", "made.repo")
    assert world.services.webhooks.deliver(new, Delivery).resource.canonical == "made.repo"
    for token in (old, "", "\0", "é", "x" * 1000):
        with pytest.raises(NotFoundError):
            world.services.webhooks.deliver(token, pytest.fail)


def test_a_resource_that_left_the_file_is_checked_no_more(world: World) -> None:
    world.set(TYPE + PLAIN)
    due(world)
    resource_id = world.resource().id
    world.set(PLAIN)
    with pytest.raises(ConflictError):
        world.services.gateway.claim_check(resource_id, "w", "i1")
    world.clock.advance(10_000)
    world.services.scheduling.sweep()
    assert due(world) == []


def test_the_default_interval_applies_where_the_file_gives_none(world: World) -> None:
    world.set(TYPE.replace('check_interval = "@every 1m"', "") + PLAIN)
    assert world.resource().check_interval == ServiceSettings().default_check_interval


def test_what_a_check_tells_of_versions_is_tidied_and_kept(store: Store) -> None:
    world = World(store, ServiceSettings(version_batch=3))
    world.register()
    world.set(TYPE + PLAIN)
    due(world)
    state = world.resource()
    claim = world.services.gateway.claim_check(state.id, "w", "i1").claim
    told = [{"author": f"A\n{number}", "url": "javascript:x"} for number in range(2, 8)]
    result = CheckResult(versions=[{"v": str(number)} for number in range(8)], metadata=told)
    world.services.gateway.finish_check(state.id, claim, result)
    found = world.services.resources.versions(world.alice, "main", "p", "made.repo").items[::-1]
    assert [version.metadata for version in found] == [None] * 2 + [{"author": f"A {n}"} for n in range(2, 8)]
