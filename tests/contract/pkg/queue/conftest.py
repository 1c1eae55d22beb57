"""The same queues on every broker: each test has names of its own there, an outage test a broker of its own."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from pikoci.pkg.queue import Backend, QueueSettings
from tests.contract.pkg.queue.site import BROKERS, REMOTE, SYSTEMS, Outage, Site, settings_for
from tests.services.broker import Broker


@pytest.fixture
def resources() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def _site(request: pytest.FixtureRequest, system: str, resources: ExitStack) -> Site:
    prefix = f"test-{secrets.token_hex(4)}"
    if system == "mem":
        return Site(system, QueueSettings(prefix=prefix), resources)
    address: str = request.getfixturevalue(f"{BROKERS[system].service}_address")
    return Site(system, settings_for(system, address, prefix), resources)


@pytest.fixture(params=SYSTEMS)
def site(request: pytest.FixtureRequest, resources: ExitStack) -> Site:
    return _site(request, request.param, resources)


@pytest.fixture(params=REMOTE)
def remote_site(request: pytest.FixtureRequest, resources: ExitStack) -> Site:
    """A site that several processes may share."""
    return _site(request, request.param, resources)


@pytest.fixture
def backend(site: Site) -> Backend:
    return site.open()


@pytest.fixture(scope="module", params=REMOTE)
def private_broker(request: pytest.FixtureRequest) -> Iterator[tuple[str, Broker]]:
    with BROKERS[request.param]() as broker:
        yield request.param, broker


@pytest.fixture
def outage(private_broker: tuple[str, Broker], resources: ExitStack) -> Outage:
    """A site with a broker that the test may stop; it runs at the start."""
    system, broker = private_broker
    broker.start()
    prefix = f"test-{secrets.token_hex(4)}"
    return Outage(system, settings_for(system, broker.address, prefix), resources, broker)
