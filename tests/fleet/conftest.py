"""Farms for the scenarios, each made once; where hosts can't be started, the tests skip or fail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fleet.builds import Builds
from tests.fleet.farm import Farm
from tests.fleet.fleet import Fleet
from tests.fleet.machine import FleetError, require_hosts
from tests.services.requirement import missing


@pytest.fixture(scope="session")
def able() -> None:
    """Make sure that hosts can be started here."""
    try:
        require_hosts()
    except FleetError as error:
        missing("fleet", str(error))


@pytest.fixture(scope="module")
def fleet(able: None) -> Iterator[Fleet]:
    """A network without hosts."""
    with Fleet() as made:
        yield made


@pytest.fixture(scope="session")
def small(able: None) -> Iterator[Farm]:
    """A server with NATS beside it and two workers, after the first `site.yml` on bare hosts."""
    groups = {"pikoci_servers": ["ci1"], "pikoci_nats": ["ci1"], "pikoci_workers": ["w1", "w2"]}
    common = {"drain_timeout": "1m"}  # a host that fails is noticed after so long
    jobs = {"name": "jobs", "queues": "jobs", "concurrency": 4, "tags": ["{{ inventory_hostname }}"], **common}
    checks = {"name": "checks", "queues": "checks", **common}
    with Fleet() as fleet:
        farm = Farm(fleet, groups, pikoci_worker_instances=[jobs, checks], pikoci_worker_start_limit="30s")
        farm.first = farm.play("site.yml", "-vvv", "--diff")
        yield farm


@pytest.fixture
def builds(small: Farm) -> Iterator[Builds]:
    """A user of the small farm; what its `held` builds wait for isn't there."""
    small.hold_builds()
    with small.builds() as user:
        yield user
    small.release_builds()
