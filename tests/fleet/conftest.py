"""Farms for the scenarios, each made once; where hosts can't be started, the tests skip or fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.builds import Builds
from tests.fleet.farm import Farm, small_farm
from tests.fleet.fleet import Fleet
from tests.fleet.machine import FleetError, require_hosts
from tests.services.requirement import missing

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep together what shares hosts: a module, and all modules that use the small farm."""
    for item in items:
        if item.path.parent == HERE:
            shares_small = "small" in getattr(item, "fixturenames", ())
            item.add_marker(pytest.mark.xdist_group("small" if shares_small else item.path.stem))


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
    with Fleet() as fleet:
        farm = small_farm(fleet)
        farm.first = farm.play("site.yml", "-vvv", "--diff")
        yield farm


@pytest.fixture(scope="session")
def farm(small: Farm) -> Farm:
    """What `builds` uses: the small farm, where a module has none of its own."""
    return small


@pytest.fixture
def builds(farm: Farm) -> Iterator[Builds]:
    """A user of the farm; what its `held` builds wait for isn't there."""
    farm.hold_builds()
    with farm.builds() as user:
        yield user
    farm.release_builds()
