"""Pages over services in memory."""

from collections.abc import Iterator

import pytest

from tests.integration.internal.service.world import World
from tests.services.memory_store import memory_store
from tests.unit.internal.web.site import Site


@pytest.fixture
def world() -> Iterator[World]:
    store = memory_store()
    made = World(store)
    made.register()
    yield made
    store.close()


@pytest.fixture
def site(world: World) -> Site:
    """The site as the administrator sees it."""
    return Site(world)
