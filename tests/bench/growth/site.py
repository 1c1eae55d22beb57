"""A server's services over a seeded store, and its API and pages without a network."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gevent
from falcon.testing import TestClient

from pikoci.internal.api import ApiSettings, create_app
from pikoci.internal.api.authentication import COOKIE
from pikoci.internal.service import ServiceSettings, build_services, give_way
from pikoci.internal.store import StoreSettings, open_store
from pikoci.internal.store.store import SqlStore
from pikoci.internal.web import add_pages
from pikoci.server.threads import READERS, Threads
from tests.bench.growth.seeding import Seeds
from tests.integration.internal.service.conftest import settings_of
from tests.integration.internal.service.world import World
from tests.services.postgresql import DatabaseMaker


class Site(World):
    """A server over a real store, with a clock that stands still, threads as the program has, and seeds to fill it."""

    store: SqlStore

    def __init__(self, store: SqlStore) -> None:
        super().__init__(store)
        self.configure(ServiceSettings())
        self.seeds = Seeds(store)
        self.register()

    def configure(self, settings: ServiceSettings) -> None:
        """Start the services anew, with these settings."""
        run = Threads(READERS).run
        self.services = build_services(
            self.store, self.publisher, self.clock, settings, jwt_secret="s" * 32, run_in_thread=run
        )

    def browser(self) -> Callable[[str], int]:
        """What gets an address, in the administrator's session, and returns how long the answer was."""
        app = create_app(self.services, ApiSettings(version="0"))
        add_pages(app, self.services)
        assert self.alice.user is not None
        token = self.services.tokens.user_token(self.alice.user)
        client = TestClient(app, headers={"Cookie": f"{COOKIE}={token}"})

        def get(address: str) -> int:
            answer = client.simulate_get(address)
            assert answer.status_code == 200, answer.text
            return len(answer.content)

        return get

    def job(self, name: str = "run", pipeline: str = "p") -> int:
        """The id of a job."""
        owner = self.store.pipelines.find(self.team, pipeline)
        found = self.store.jobs.find(owner.id, name) if owner else None
        assert found is not None
        return found.id

    def schedule(self) -> None:
        """Let the scheduler do all there is to do; others run between two turns, as in its loop."""
        while self.services.scheduling.schedule_jobs():
            give_way()

    def make(self, config: str, name: str = "p") -> None:
        """Set a pipeline, and let the scheduler look at it."""
        self.set(config, name)
        self.schedule()

    def unpause(self) -> None:
        """Have the scheduler look at every job of pipeline `p`."""
        self.services.pipelines.unpause(self.alice, self.team, "p")
        self.schedule()


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
        made = Site(store)
        yield made
        made.services.context.bus.close()
        gevent.sleep(0.1)  # who follows a build has to end before its database does
    finally:
        store.close()
