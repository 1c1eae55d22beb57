"""The same server behind both gateways: called directly, and over TCP with gevent's server or gunicorn."""

from collections.abc import Iterator

import gevent
import pytest

from pikoci.internal.domain.clock import SystemClock
from pikoci.internal.service import ServiceSettings
from tests.contract.internal.gateway.site import Direct, Http, Site, World
from tests.services.memory_store import memory_store

SETTINGS = ServiceSettings(heartbeat_interval=0.2, max_artifact_size=8 * 1024 * 1024)


@pytest.fixture
def world() -> Iterator[World]:
    store = memory_store("a key of thirty-two bytes or more than that")
    made = World(store, SystemClock(), SETTINGS)
    yield made
    made.services.context.bus.close()
    gevent.sleep(0)
    store.close()


@pytest.fixture(params=[Direct, Http], ids=["direct", "http"])
def site(request: pytest.FixtureRequest, world: World) -> Iterator[Site]:
    with request.param(world) as made:
        yield made


@pytest.fixture
def http(world: World) -> Iterator[Http]:
    with Http(world) as made:
        yield made
