"""When a cron resource makes its first version."""

from __future__ import annotations

import pytest

from tests.integration.internal.service.world import PLAIN, World


def cron(interval: str) -> str:
    return f'resource "cron" "c" {{\n  check_interval = "{interval}"\n}}\n{PLAIN}'


def due(world: World) -> list[int]:
    world.services.scheduling.dispatch_checks()
    return world.publisher.take("checks")


@pytest.mark.parametrize("interval", ["0 * * * *", "@hourly", "CRON_TZ=Europe/Berlin 0 * * * *"])
def test_a_time_of_the_day_is_first_due_when_it_comes(world: World, interval: str) -> None:
    world.set(cron(interval))
    state = world.resource("cron.c")
    assert state.next_check_at == (world.clock.now() // 3600 + 1) * 3600
    assert due(world) == []
    world.clock.advance(3600)
    assert due(world) == [state.id]
    assert due(world) == []


def test_a_distance_starts_at_once(world: World) -> None:
    world.set(cron("@every 1h"))
    assert due(world) == [world.resource("cron.c").id]


def test_setting_another_time_makes_no_version_either(world: World) -> None:
    world.set(cron("@every 1h"))
    due(world)
    world.set(cron("0 0 * * *"))
    assert due(world) == []
    world.set(PLAIN)
    world.set(cron("0 0 * * *"))
    assert due(world) == []
    assert world.resource("cron.c").next_check_at == (world.clock.now() // 86400 + 1) * 86400


def test_other_resources_are_checked_at_once(world: World) -> None:
    resource = 'resource "git" "c" {\n  check_interval = "0 * * * *"\n  params { url = "https://e.com/a.git" }\n}\n'
    world.set(resource + PLAIN)
    assert due(world) == [world.resource("git.c").id]
