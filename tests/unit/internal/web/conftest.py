"""Pages over services in memory."""

from collections.abc import Iterator

import pytest

from pikoci.internal.store import StoreSettings, open_store
from tests.integration.internal.service.world import World
from tests.unit.internal.web.site import Site


@pytest.fixture
def world() -> Iterator[World]:
    store = open_store(StoreSettings())
    store.migrate()
    made = World(store)
    made.register()
    yield made
    store.close()


@pytest.fixture
def site(world: World) -> Site:
    """The site as the administrator sees it."""
    return Site(world)
