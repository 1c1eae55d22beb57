"""Services over a real store."""

from collections.abc import Callable, Iterator

import pytest

from pikoci.internal.domain.repositories import Store
from pikoci.internal.service import ServiceSettings
from pikoci.internal.store import StoreSettings, open_store
from tests.integration.internal.service.world import World
from tests.services.memory_store import memory_store
from tests.services.postgresql import Database, DatabaseMaker

OpenStore = Callable[[], Store]


def settings_of(database: Database) -> StoreSettings:
    return StoreSettings(
        system="postgresql",
        host=database.host,
        port=database.port,
        user=database.user,
        password=database.password,
        name=database.dbname,
        pool_size=8,
    )


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_server: DatabaseMaker) -> Iterator[Database]:
    """A template, so that each test need not run the migrations."""
    with postgresql_server.fresh() as database:
        store = open_store(settings_of(database))
        store.migrate()
        store.close()
        yield database


@pytest.fixture
def open_shared_store(postgresql_server: DatabaseMaker, migrated_postgresql: Database) -> Iterator[OpenStore]:
    """Opens one PostgreSQL database again and again, as several servers would."""
    with postgresql_server.fresh(template=migrated_postgresql) as database:
        opened: list[Store] = []

        def open_once_more() -> Store:
            opened.append(open_store(settings_of(database)))
            return opened[-1]

        yield open_once_more
        for store in opened:
            store.close()


@pytest.fixture(params=["mem", "postgresql"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "postgresql":
        yield request.getfixturevalue("open_shared_store")()
        return
    opened = memory_store()
    yield opened
    opened.close()


@pytest.fixture
def world(store: Store) -> World:
    made = World(store)
    made.register()
    return made


@pytest.fixture
def impatient(store: Store) -> World:
    """A world where a build that loses its worker gets one more chance only."""
    made = World(store, ServiceSettings(max_requeues=1))
    made.register()
    return made
