"""The same store on every database system."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pikoci.internal.store import StoreSettings, open_store
from pikoci.internal.store.store import SqlStore
from tests.contract.internal.store.world import World
from tests.services.postgresql import Database, DatabaseMaker
from tests.services.process import free_port

SYSTEMS = ("mem", "sqlite", "postgresql")


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
def postgresql_settings(postgresql_server: DatabaseMaker, migrated_postgresql: Database) -> Iterator[StoreSettings]:
    with postgresql_server.fresh(template=migrated_postgresql) as database:
        yield settings_of(database)


@pytest.fixture
def sqlite_settings(tmp_path: Path) -> StoreSettings:
    return StoreSettings(system="sqlite", name=str(tmp_path / "pikoci.db"))


@pytest.fixture(params=SYSTEMS)
def settings(request: pytest.FixtureRequest) -> StoreSettings:
    if request.param == "mem":
        return StoreSettings()
    found: StoreSettings = request.getfixturevalue(f"{request.param}_settings")
    return found


@pytest.fixture
def store(settings: StoreSettings) -> Iterator[SqlStore]:
    opened = open_store(settings)
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def world(store: SqlStore) -> World:
    return World(store)


@pytest.fixture
def free_tcp_port() -> int:
    return free_port()
