"""A server's services over a seeded store, and what a call of them costs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pikoci.internal.store import StoreSettings, open_store
from pikoci.internal.store.store import SqlStore
from tests.bench.growth.seeding import Seeds
from tests.integration.internal.service.conftest import settings_of
from tests.integration.internal.service.world import World
from tests.services.postgresql import DatabaseMaker


class Site(World):
    """A server without HTTP over a real store, with a clock that stands still, and seeds to fill it."""

    def __init__(self, store: SqlStore) -> None:
        super().__init__(store)
        self.seeds = Seeds(store)
        self.register()

    def job(self, name: str, pipeline: str = "p") -> int:
        """The id of a job."""
        owner = self.store.pipelines.find(self.team, pipeline)
        found = self.store.jobs.find(owner.id, name) if owner else None
        assert found is not None
        return found.id


@contextmanager
def site(postgresql: DatabaseMaker | None) -> Iterator[Site]:
    """A site on a fresh database: of that server, else SQLite in a file."""
    if postgresql is None:
        with tempfile.TemporaryDirectory(prefix="pikoci-growth-") as folder:
            yield from _opened(StoreSettings(system="sqlite", name=str(Path(folder) / "pikoci.db")))
    else:
        with postgresql.fresh() as database:
            yield from _opened(settings_of(database))


def _opened(settings: StoreSettings) -> Iterator[Site]:
    store = open_store(settings)
    try:
        store.migrate()
        yield Site(store)
    finally:
        store.close()
