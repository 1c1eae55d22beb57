"""Farms for the scenarios, each made once; where hosts can't be started, the tests skip or fail."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

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
