"""Wake-ups between servers that share a PostgreSQL."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from functools import partial
from random import Random
from typing import Any

import gevent
import pytest
from psycopg2 import extensions

from pikoci.internal.service import EventBus
from pikoci.internal.service.plumbing.bus import CHECKS, SCHEDULE, Wakeup
from pikoci.internal.store import StoreSettings, connecting, open_store, relay
from pikoci.internal.store.pool import Connection
from pikoci.internal.store.relay import PostgresqlRelay
from pikoci.internal.store.store import SqlStore
from tests.contract.internal.store.conftest import settings_of
from tests.services.postgresql import PostgresqlServer
from tests.services.proxy import Proxy


@pytest.fixture
def settings(postgresql_settings: StoreSettings) -> StoreSettings:
    return postgresql_settings


class Server:
    """A server as its bus is concerned."""

    def __init__(self, settings: StoreSettings) -> None:
        self.store = open_store(settings)
        assert self.store.relay is not None
        self.relay = self.store.relay
        self.bus = EventBus(self.relay)

    def wait_until_it_works(self) -> None:
        wait_until(lambda: self.relay.works)

    def close(self) -> None:
        self.store.close()


@pytest.fixture
def servers(settings: StoreSettings) -> Iterator[tuple[Server, Server]]:
    with closing(Server(settings)) as one, closing(Server(settings)) as two:
        one.wait_until_it_works()
        two.wait_until_it_works()
        yield one, two


def wait_until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    with gevent.Timeout(seconds):
        while not condition():
            gevent.sleep(0.01)


def comes_through(sender: Server, wakeup: Wakeup, topic: str = "build/1") -> bool:
    sender.bus.notify(topic)
    return wakeup.wait(0.1)


def test_a_topic_wakes_those_who_wait_on_another_server(servers: tuple[Server, Server]) -> None:
    one, two = servers
    with one.bus.subscribe("build/1") as here, two.bus.subscribe("build/1") as there:
        with two.bus.subscribe("build/2") as elsewhere:
            one.bus.notify("build/1")
            assert here.wait(0)
            assert there.wait(10)
            assert not elsewhere.wait(0)
        two.bus.notify("build/1")
        assert here.wait(10)


def test_a_server_is_not_woken_by_what_it_sent_itself(servers: tuple[Server, Server]) -> None:
    one, two = servers
    with one.bus.subscribe("worker/w") as here, two.bus.subscribe("last") as there:
        one.bus.notify("worker/w")
        assert here.wait(0)
        one.bus.notify("last")
        assert there.wait(10)
        assert not here.wait(0)


def test_what_wakes_schedulers_stays_on_its_server(servers: tuple[Server, Server]) -> None:
    one, two = servers
    with two.bus.subscribe(SCHEDULE, CHECKS) as scheduler, two.bus.subscribe("last") as there:
        for topic in (SCHEDULE, CHECKS, "last"):
            one.bus.notify(topic)
        assert there.wait(10)
        assert not scheduler.wait(0)


def test_a_burst_arrives_whole(servers: tuple[Server, Server]) -> None:
    one, two = servers
    topics = [f"build/{number}" for number in range(500)]
    with ExitStack() as stack:
        waiting = [stack.enter_context(two.bus.subscribe(topic)) for topic in topics]
        for topic in topics:
            one.bus.notify(topic)
        assert all(wakeup.wait(10) for wakeup in waiting)


def test_a_change_that_is_rolled_back_wakes_nobody(servers: tuple[Server, Server]) -> None:
    one, two = servers
    with two.bus.subscribe("build/1") as there, two.bus.subscribe("last") as last:
        with suppress(ZeroDivisionError), one.store.transaction():
            one.store.after_commit(partial(one.bus.notify, "build/1"))
            raise ZeroDivisionError
        with one.store.transaction():
            one.store.after_commit(partial(one.bus.notify, "last"))
        assert last.wait(10)
        assert not there.wait(0)


def test_what_is_too_long_or_too_much_is_dropped(servers: tuple[Server, Server]) -> None:
    one, two = servers
    with two.bus.subscribe("x" * 9000) as long, two.bus.subscribe("build/9999") as late:
        one.bus.notify("x" * 9000)
        for number in range(10_000):
            one.bus.notify(f"build/{number}")
        with two.bus.subscribe("last") as last:
            wait_until(lambda: comes_through(one, last, "last"))
        assert not long.wait(0)
        assert not late.wait(0)


def test_a_lost_connection_is_made_again(servers: tuple[Server, Server]) -> None:
    one, two = servers
    with two.bus.subscribe("build/1") as there:
        # Of this database alone, and of none but the relays.
        with one.store.transaction():
            killed = one.store.session.rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND pid <> pg_backend_pid() AND query LIKE ?",
                ("%pg_notify('pikoci'%",),
            )
        assert len(killed) == 2
        wait_until(lambda: not one.relay.works and not two.relay.works)
        wait_until(lambda: comes_through(one, there))


def test_polling_goes_on_while_there_is_no_database(private_postgresql: PostgresqlServer) -> None:
    settings = settings_of(private_postgresql.admin)
    with closing(Server(settings)) as one, closing(Server(settings)) as two, two.bus.subscribe("build/1") as there:
        wait_until(lambda: comes_through(one, there))
        private_postgresql.stop()
        wait_until(lambda: not one.relay.works and not two.relay.works)
        one.bus.notify("build/1")
        assert not there.wait(0)
        private_postgresql.start()
        wait_until(lambda: comes_through(one, there))


def test_a_silent_network_stops_nobody(settings: StoreSettings) -> None:
    with closing(Proxy(settings.port)) as proxy, closing(Server(settings)) as one:
        broken = PostgresqlRelay(partial(_through, settings, proxy), Random(1))
        with closing(broken):
            bus = EventBus(broken)
            with bus.subscribe("build/1") as there:
                wait_until(lambda: comes_through(one, there))
                proxy.freeze()
                for number in range(2000):
                    bus.notify(f"build/{number}")
                assert there.wait(0)  # the one that lives here
                proxy.restore()
                wait_until(lambda: comes_through(one, there))


def _through(settings: StoreSettings, proxy: Proxy) -> Connection:
    changed = StoreSettings(
        system="postgresql",
        host=settings.host,
        port=proxy.port,
        user=settings.user,
        password=settings.password,
        name=settings.name,
    )
    return connecting._connect(changed)


class Deaf(extensions.cursor):
    """As behind a proxy that gives LISTEN to whichever connection is free."""

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 - the name is psycopg2's
        super().execute(query.replace("LISTEN pikoci", "SELECT 1") if isinstance(query, str) else query, vars)


def test_behind_a_proxy_without_listen_polling_goes_on(
    settings: StoreSettings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(relay, "PATIENCE", 0.1)
    monkeypatch.setattr(relay, "FIRST_PAUSE", 0.01)
    made: list[Connection] = []

    def connect() -> Connection:
        made.append(connecting._connect(settings))
        made[-1].cursor_factory = Deaf
        return made[-1]

    with closing(PostgresqlRelay(connect, Random(1))) as deaf:
        bus = EventBus(deaf)
        wait_until(lambda: len(made) >= 3)
        bus.notify("build/1")
        assert not deaf.works
    assert all(connection.closed for connection in made)
    warnings = [record.getMessage() for record in caplog.records if record.name == relay.__name__]
    assert len(warnings) == 1
    assert "polling goes on: the database, or a proxy in front of it, passes no notifications on" in warnings[0]


def test_a_pool_keeps_no_notifications(store: SqlStore) -> None:
    session = store.session
    with store.transaction():
        session.write("LISTEN pikoci")
    for _ in range(3):
        with store.transaction():
            session.rows("SELECT pg_notify('pikoci', 'x y')")
    with store.transaction():
        assert len(session.database.connection().notifies) <= 1
