"""What webhooks ask for, and how often it is done."""

from __future__ import annotations

from collections.abc import Callable

import gevent
import msgspec
import pytest

from pikoci.internal.domain.clock import SystemClock
from pikoci.internal.domain.errors import NotFoundError
from pikoci.internal.domain.gateway import CheckResult
from pikoci.internal.domain.repositories import Store
from pikoci.internal.domain.webhooks.model import Delivery
from pikoci.internal.service import ServiceSettings, build_services
from tests.integration.internal.service.world import PLAIN, TYPE, RecordingPublisher, World

SIGNED = TYPE.replace("1m", "12h").replace('"@every 12h"', '"@every 12h"\n      webhook_secret = "s3cret"') + PLAIN


def ready(world: World, config: str = TYPE.replace("1m", "12h") + PLAIN) -> str:
    """Set a pipeline whose resource was checked once, long ago; the token of its webhook."""
    world.set(config)
    world.find_versions("1")
    world.publisher.take("checks")
    world.clock.advance(60)
    return world.resource().webhook_token


def dispatched(world: World) -> int:
    """How many checks are published now."""
    world.services.scheduling.dispatch_checks()
    return len(world.publisher.take("checks"))


def claim(world: World) -> int:
    return world.services.gateway.claim_check(world.resource().id, "w", "i1").claim


def finish(world: World, taken: int) -> None:
    world.services.gateway.finish_check(world.resource().id, taken, CheckResult())


def test_a_burst_causes_one_check_and_then_one_more_however_fast_checks_are(world: World) -> None:
    token = ready(world)
    checks = 0
    for _ in range(200):
        world.services.webhooks.deliver(token, Delivery)
        if dispatched(world):
            checks += 1
            finish(world, claim(world))
        world.clock.advance(0.02)
    assert checks == 1
    world.clock.advance(5)
    assert dispatched(world) == 1
    finish(world, claim(world))
    world.clock.advance(600)
    assert dispatched(world) == 0


def test_one_that_comes_while_a_check_runs_or_waits_is_followed_by_another(world: World) -> None:
    token = ready(world)
    world.services.webhooks.deliver(token, Delivery)
    assert dispatched(world) == 1
    world.services.webhooks.deliver(token, Delivery)
    world.clock.advance(10)
    assert dispatched(world) == 0  # the first one waits for a worker
    taken = claim(world)
    assert dispatched(world) == 0
    finish(world, taken)
    assert dispatched(world) == 1


def test_the_mark_outlives_the_server_that_made_it(world: World, store: Store) -> None:
    token = ready(world)
    world.services.webhooks.deliver(token, Delivery)
    publisher = RecordingPublisher()
    other = build_services(store, publisher, world.clock, jwt_secret="s" * 32)
    other.scheduling.dispatch_checks()
    assert publisher.take("checks") == [world.resource().id]


def test_a_check_by_hand_does_not_wait(world: World) -> None:
    token = ready(world)
    world.services.webhooks.deliver(token, Delivery)
    assert dispatched(world) == 1
    finish(world, claim(world))
    world.services.resources.check(world.alice, "main", "p", "made.repo")
    assert dispatched(world) == 1


def test_two_servers_that_take_a_burst_at_once_check_once(open_shared_store: Callable[[], Store]) -> None:
    first = World(open_shared_store(), ServiceSettings(webhook_gap=600.0))
    first.register()
    token = ready(first)
    both = [build_services(open_shared_store(), first.publisher, first.clock, jwt_secret="s" * 32) for _ in range(2)]
    for services in both:
        runs = [gevent.spawn(services.webhooks.deliver, token, Delivery) for _ in range(100)]
        dispatching = [gevent.spawn(one.scheduling.dispatch_checks) for one in both]
        gevent.joinall(dispatching, timeout=60, raise_error=True)
        gevent.joinall(runs, timeout=60, raise_error=True)
    for services in both:
        services.scheduling.dispatch_checks()
    assert len(first.publisher.take("checks")) == 1
    due = first.resource().next_check_at
    assert due is not None
    assert due <= first.clock.now() + 600


def test_a_worker_is_not_given_the_secret_but_to_mask_it(world: World) -> None:
    token = ready(world, SIGNED)
    world.services.resources.check(world.alice, "main", "p", "made.repo")
    assert dispatched(world) == 1
    assignment = world.services.gateway.claim_check(world.resource().id, "w", "i1")
    assert assignment.masks == ["s3cret"]
    assert b"s3cret" not in msgspec.json.encode(msgspec.structs.replace(assignment, masks=[]))
    assert token


def test_what_was_deleted_or_left_the_file_has_no_webhook(world: World) -> None:
    token = ready(world)
    world.set(PLAIN)
    with pytest.raises(NotFoundError):
        world.services.webhooks.deliver(token, pytest.fail)
    world.set(TYPE + PLAIN)
    token = world.resource().webhook_token
    world.services.pipelines.delete(world.alice, "main", "p")
    with pytest.raises(NotFoundError):
        world.services.webhooks.deliver(token, pytest.fail)


def test_clocks_of_two_servers_need_not_agree(world: World, store: Store) -> None:
    token = ready(world)
    world.services.webhooks.deliver(token, Delivery)
    assert dispatched(world) == 1
    finish(world, claim(world))
    other = build_services(store, world.publisher, SystemClock(), jwt_secret="s" * 32)
    other.webhooks.deliver(token, Delivery)
    other.scheduling.dispatch_checks()
    assert len(world.publisher.take("checks")) == 1
