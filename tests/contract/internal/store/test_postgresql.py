"""What only a server with many connections can get wrong."""

import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from random import Random
from typing import Any

import gevent
import msgspec
import psycopg2
import pytest
from gevent.event import Event
from msgspec.structs import replace

from pikoci.internal.domain.accounts import Role
from pikoci.internal.domain.build import BuildStatus
from pikoci.internal.domain.errors import ConflictError, UnavailableError
from pikoci.internal.store import StoreSettings, open_store
from pikoci.internal.store.store import SqlStore
from tests.contract.internal.store.conftest import settings_of
from tests.contract.internal.store.world import World, claim_next, wished
from tests.services.postgresql import PostgresqlServer


@pytest.fixture
def settings(postgresql_settings: StoreSettings) -> StoreSettings:
    return postgresql_settings


@contextmanager
def opened(settings: StoreSettings, **changes: Any) -> Iterator[SqlStore]:
    store = open_store(replace(settings, **changes))
    try:
        yield store
    finally:
        store.close()


def together(*tasks: Callable[[], Any]) -> list[Any]:
    running = [gevent.spawn(task) for task in tasks]
    gevent.joinall(running, timeout=60, raise_error=True)
    return [task.get() for task in running]


def wait_until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    with gevent.Timeout(seconds):
        while not condition():
            gevent.sleep(0.01)


def waiting_for_locks(store: SqlStore) -> int:
    sql = "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    return int(store.session.rows(sql)[0][0])


def test_every_build_is_claimed_exactly_once(store: SqlStore, settings: StoreSettings, world: World) -> None:
    job = world.job()
    builds = [world.build(job, dispatched_at=4.0) for _ in range(200)]

    def claim_all(server: SqlStore, worker: str) -> list[int]:
        won = []
        for build in Random(worker).sample(builds, len(builds)):
            with server.transaction():
                if claimed := claim_next(server, build, worker, "i"):
                    won.append(claimed.id)
        return won

    with opened(settings) as other:
        won = together(*(partial(claim_all, (store, other)[n % 2], f"w{n}") for n in range(16)))
    assert sorted(itertools.chain(*won)) == [build.id for build in builds]
    assert sum(bool(some) for some in won) > 1


CLAIMER = """
from pikoci.cooperative import make_cooperative
make_cooperative()
import sys
import msgspec
from pikoci.internal.domain.build import Build
from pikoci.internal.store import StoreSettings, open_store
from tests.contract.internal.store.world import claim_next
settings, builds, worker = msgspec.json.decode(sys.stdin.read(), type=tuple[StoreSettings, list[Build], str])
store = open_store(settings)
won = []
for build in builds:
    with store.transaction():
        if claimed := claim_next(store, build, worker, "i"):
            won.append(claimed.id)
with store.transaction():
    due = [resource.id for resource in store.resources.take_due(1000.0, 20)]
    store.resources.mark_dispatched({resource_id: 2000.0 for resource_id in due}, 1000.0)
print(msgspec.json.encode((won, due)).decode())
"""


def test_processes_share_builds_and_checks(store: SqlStore, settings: StoreSettings, world: World) -> None:
    builds = [world.build(world.job(), dispatched_at=4.0) for _ in range(50)]
    resources = world.resources(*(wished(f"git.r{number}") for number in range(40)))
    children = [
        subprocess.Popen([sys.executable, "-c", CLAIMER], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for number, child in enumerate(children):
        assert child.stdin
        child.stdin.write(msgspec.json.encode((settings, builds, f"w{number}")))
        child.stdin.close()
    found = []
    for child in children:
        assert child.stdout
        found.append(msgspec.json.decode(child.stdout.read(), type=tuple[list[int], list[int]]))
        child.stdout.close()
        assert child.wait(timeout=30) == 0
    assert sorted(itertools.chain(*(won for won, _ in found))) == [build.id for build in builds]
    assert sorted(itertools.chain(*(due for _, due in found))) == [resource.id for resource in resources]
    with store.transaction():
        assert store.resources.take_due(1000.0, 100) == []


def test_numbers_have_no_gaps_and_no_doubles(store: SqlStore, world: World) -> None:
    job = world.job()
    made = together(*([lambda: world.build(job)] * 30), *([lambda: world.build(job, number=1)] * 10))
    assert sorted(build.number for build in made if not build.retry) == list(range(1, 31))
    assert sorted(build.retry for build in made if build.retry) == list(range(1, 11))


def test_a_rolled_back_build_leaves_no_gap(store: SqlStore, world: World) -> None:
    job = world.job()
    draft = replace(world.build(job), id=0, number=0)
    with world.rolled_back():
        store.builds.create(draft)
    assert world.build(job).number == 2


def test_taken_rows_are_skipped_by_others_until_the_end(store: SqlStore, world: World) -> None:
    build = world.claimed(lease_until=10.0)
    stale = world.build(dispatched_at=1.0)
    due = world.resource()
    with store.transaction():
        store.jobs.request_scheduling([build.job_id])

    def take() -> list[int]:
        with store.transaction():
            return [
                len(store.builds.take_expired(50.0, 9)),
                len(store.builds.take_stale(50.0, 9)),
                len(store.resources.take_due(500.0, 9)),
                len(store.jobs.take_scheduling_requests(9)),
            ]

    with world.rolled_back():
        assert [store.builds.take_expired(50.0, 9)[0].id, store.builds.take_stale(50.0, 9)[0].id] == [
            build.id,
            stale.id,
        ]
        assert store.resources.take_due(500.0, 9) == [due]
        assert store.jobs.take_scheduling_requests(9)
        assert together(take) == [[0, 0, 0, 0]]
    assert take() == [1, 1, 1, 1]


def test_asking_for_scheduling_never_waits_for_the_scheduler(store: SqlStore, world: World) -> None:
    job = world.job()

    def ask() -> None:
        with store.transaction():
            store.jobs.request_scheduling([job.id])

    ask()
    with store.transaction():
        assert store.jobs.take_scheduling_requests(9) == [job]
        together(ask)
    with store.transaction():
        assert store.jobs.take_scheduling_requests(9) == [job]


def test_versions_found_by_two_servers_are_in_one_order(store: SqlStore, world: World) -> None:
    resource = world.resource().id

    def save(start: int) -> None:
        with store.transaction():
            store.versions.save(resource, [{"n": number} for number in range(start, start + 20)], now=1.0)

    together(*[(lambda start=start: save(start)) for start in (0, 10, 20, 30)])
    numbers = [version.version["n"] for version in store.versions.list(resource, limit=99, cursor=None).items]
    assert sorted(numbers, key=str) == sorted(range(50), key=str)


def test_a_deadlock_is_something_to_try_again(store: SqlStore, world: World) -> None:
    one, two = world.build(), world.build()
    locked = [Event(), Event()]

    def cross(mine: int, first: int, second: int) -> str:
        try:
            with store.transaction():
                store.builds.lock(first)
                locked[mine].set()
                assert locked[1 - mine].wait(10)
                store.builds.lock(second)
        except UnavailableError as error:
            return error.message
        return ""

    done = sorted(together(lambda: cross(0, one.id, two.id), lambda: cross(1, two.id, one.id)))
    assert done == ["", "the database did not answer: deadlock detected"]


def test_a_snapshot_does_not_see_what_others_commit(store: SqlStore, world: World) -> None:
    version = world.versions("a")[0]
    history = store.history(world.pipeline().id)
    with store.transaction(snapshot=True):
        assert history.newest("git.repo") == version.id
        together(lambda: world.versions("b"))
        assert history.newest("git.repo") == version.id
    assert history.newest("git.repo") != version.id


def test_changing_what_changed_since_the_snapshot_is_something_to_try_again(store: SqlStore, world: World) -> None:
    build = world.build()
    steps = (
        lambda: store.builds.get(build.id),
        lambda: together(lambda: world.saved(build, reason="other")),
        lambda: store.builds.save(build),
    )
    with pytest.raises(UnavailableError, match="concurrent update"):
        world.transact(*steps, snapshot=True)


def test_a_swallowed_error_cannot_pass_for_a_commit(store: SqlStore, world: World) -> None:
    build = world.build()

    def swallow() -> None:
        with suppress(ConflictError):
            store.accounts.set_role(1, 999, Role.READ)

    with pytest.raises(RuntimeError, match="swallowed"):
        world.transact(lambda: store.builds.save(replace(build, reason="lost")), swallow)
    assert store.builds.get(build.id) == build


def test_a_thousand_greenlets_share_eight_connections(settings: StoreSettings) -> None:
    with opened(settings, pool_timeout=60.0) as store:
        build = World(store).build()
        together(*([lambda: store.builds.get(build.id)] * 1000))
        pool = store.session.database.pool
        assert len(pool._idle) <= 8
        assert pool._slots.counter == 8


def test_a_connection_is_used_again(store: SqlStore) -> None:
    assert len({store.session.rows("SELECT pg_backend_pid()")[0][0] for _ in range(9)}) == 1


def test_waiting_for_a_connection_is_bounded(settings: StoreSettings) -> None:
    with opened(settings, pool_size=1, pool_timeout=0.1) as store:
        with store.transaction(), pytest.raises(UnavailableError, match=r"all 1 connections .* 0.1 s"):
            together(store.check_health)
        store.check_health()


def test_a_statement_is_bounded(settings: StoreSettings) -> None:
    with opened(settings, statement_timeout=0.2) as store:
        with pytest.raises(UnavailableError, match="statement timeout"):
            store.session.rows("SELECT pg_sleep(30)")
        store.check_health()


def test_a_silent_server_is_given_up(settings: StoreSettings) -> None:
    with opened(settings, pool_size=1) as store:
        store.session.database.pool._idle[0].wait_seconds = 0.2
        with pytest.raises(UnavailableError, match="timed out"):
            store.session.rows("SELECT pg_sleep(3)")
        store.check_health()


def test_the_hub_runs_on_while_a_query_does(store: SqlStore) -> None:
    ticks = 0

    def tick() -> None:
        nonlocal ticks
        while True:
            gevent.sleep(0.01)
            ticks += 1

    ticking = gevent.spawn(tick)
    store.session.rows("SELECT pg_sleep(0.3)")
    ticking.kill()
    assert ticks > 5


def test_a_greenlet_killed_in_a_query_costs_its_connection_only(store: SqlStore, world: World) -> None:
    build = world.build()

    def hang() -> None:
        with store.transaction():
            store.builds.save(replace(build, reason="never"))
            store.session.rows("SELECT pg_sleep(30)")

    hanging = gevent.spawn(hang)
    busy = "FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)' AND datname = current_database()"
    wait_until(lambda: store.session.rows(f"SELECT COUNT(*) {busy}")[0][0] == 1)
    hanging.kill()
    pool = store.session.database.pool
    assert pool._slots.counter == 8
    assert not any(connection.closed for connection in pool._idle)
    store.session.rows(f"SELECT pg_terminate_backend(pid) {busy}")
    assert store.builds.get(build.id) == build


def test_a_connection_that_the_server_closed_is_replaced_unnoticed(store: SqlStore) -> None:
    together(*([store.check_health] * 8))
    others = "pid <> pg_backend_pid() AND datname = current_database()"
    store.session.rows(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
    for _ in range(8):
        store.check_health()


def test_a_connection_lost_in_a_transaction_is_something_to_try_again(store: SqlStore, world: World) -> None:
    build = world.build()

    def cut() -> None:
        pid = store.session.rows("SELECT pg_backend_pid()")[0][0]
        together(lambda: store.session.rows("SELECT pg_terminate_backend(?)", (pid,)))

    save = partial(store.builds.save, replace(build, status=BuildStatus.ERRORED))
    with pytest.raises(UnavailableError) as caught:
        world.transact(save, cut, lambda: store.builds.get(build.id))
    assert caught.value.__cause__
    assert store.builds.get(build.id) == build


def test_a_restarted_server_is_found_again(private_postgresql: PostgresqlServer) -> None:
    with opened(settings_of(private_postgresql.admin), connect_timeout=2.0) as store:
        store.migrate()
        build = World(store).build()
        private_postgresql.stop()
        for _ in range(3):
            with pytest.raises(UnavailableError, match=r"--db-host"):
                store.check_health()
        private_postgresql.start()
        assert store.builds.get(build.id) == build


def test_a_server_stopped_in_a_transaction_is_something_to_try_again(private_postgresql: PostgresqlServer) -> None:
    with opened(settings_of(private_postgresql.admin), connect_timeout=2.0) as store:
        store.migrate()
        world = World(store)
        build = world.build()
        with pytest.raises(UnavailableError):
            world.transact(lambda: store.builds.save(replace(build, reason="lost")), private_postgresql.stop)
        private_postgresql.start()
        assert store.builds.get(build.id) == build


def test_servers_that_start_together_migrate_once(postgresql_server: Any) -> None:
    with postgresql_server.fresh() as database:
        stores = [open_store(settings_of(database)) for _ in range(4)]
        wanted = stores[0].pending_migrations()
        done = together(*[store.migrate for store in stores])
        assert wanted
        assert sorted(itertools.chain(*done)) == wanted
        for store in stores:
            assert store.pending_migrations() == []
            store.close()


def test_a_migrating_server_is_waited_for_beyond_the_statement_timeout(settings: StoreSettings) -> None:
    with opened(settings, statement_timeout=0.2) as store, store.session.transaction(patient=True):
        store.session.rows("SELECT pg_sleep(0.5)")


def test_a_driver_error_keeps_its_cause(store: SqlStore, world: World) -> None:
    with pytest.raises(ConflictError) as caught, store.transaction():
        store.session.write("INSERT INTO teams (name) VALUES ('main')")
    cause = caught.value.__cause__
    assert cause
    assert isinstance(cause.__context__, psycopg2.errors.UniqueViolation)


def test_a_read_only_database_is_not_ready(store: SqlStore, settings: StoreSettings) -> None:
    store.check_health()
    with store.transaction():
        store.session.write(f"ALTER DATABASE {settings.name} SET default_transaction_read_only = on")
    with opened(settings) as reader:
        with pytest.raises(UnavailableError, match="takes no changes: its transactions are read-only") as caught:
            reader.check_health()
        assert "default_transaction_read_only" in caught.value.hint
        with pytest.raises(UnavailableError, match="takes no changes: cannot execute INSERT"), reader.transaction():
            reader.accounts.create_team("blue")
