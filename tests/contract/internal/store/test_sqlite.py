"""What is special about one file, one connection and one writer."""

import os
import sqlite3
import subprocess
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path

import gevent
import pytest
from msgspec.structs import replace

from pikoci.internal.domain.build import BuildStatus, LogChunk
from pikoci.internal.domain.errors import ConflictError, InvalidError, UnavailableError
from pikoci.internal.store import StoreSettings, open_store
from pikoci.internal.store.store import SqlStore
from tests.contract.internal.store.world import World

MIB = 1024 * 1024


@pytest.fixture
def settings(sqlite_settings: StoreSettings) -> StoreSettings:
    return replace(sqlite_settings, busy_timeout=0.5)


def test_everything_is_there_after_closing_and_opening(store: SqlStore, settings: StoreSettings, world: World) -> None:
    build = world.claimed()
    store.close()
    again = open_store(settings)
    assert again.migrate() == []
    assert again.builds.get(build.id) == build
    again.close()


def test_a_commit_survives_the_death_of_the_process(settings: StoreSettings) -> None:
    code = (
        "from pikoci.cooperative import make_cooperative; make_cooperative()\n"
        "import os, signal\n"
        "from pikoci.internal.store import *\n"
        f"store = open_store(StoreSettings(system='sqlite', name={settings.name!r}))\n"
        "store.migrate()\n"
        "for number in range(100):\n"
        "    with store.transaction(): store.accounts.create_team(f'kept-{number}')\n"
        "with store.transaction():\n"
        "    store.accounts.create_team('lost')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    store = open_store(settings)
    assert {team.name for team in store.accounts.list_teams()} == {"main", *(f"kept-{n}" for n in range(100))}
    store.close()


def test_waiting_inside_a_transaction_is_found_out(store: SqlStore, world: World) -> None:
    build = world.build()
    failures: list[str] = []

    def intrude(action: object) -> None:
        try:
            if action == "read":
                store.builds.get(build.id)
            else:
                with store.transaction():
                    pass
        except RuntimeError as error:
            failures.append(str(error))

    with store.transaction():
        gevent.joinall([gevent.spawn(intrude, action) for action in ("read", "write")])
    assert len(failures) == 2
    assert all("another greenlet's transaction is open" in failure for failure in failures)
    assert store.builds.get(build.id) == build


def test_a_change_needs_a_transaction(store: SqlStore, world: World) -> None:
    build = world.build()
    with pytest.raises(RuntimeError, match="outside a transaction"):
        store.builds.save(build)
    with pytest.raises(RuntimeError, match="outside a transaction"):
        store.builds.lock(build.id)


def test_an_error_rolls_everything_back(store: SqlStore, world: World) -> None:
    build = world.build()
    with world.rolled_back():
        store.builds.save(replace(build, reason="outer"))
        with store.transaction():
            store.builds.save(replace(build, reason="inner"))
    assert store.builds.get(build.id) == build


def test_a_swallowed_error_cannot_pass_for_a_commit(store: SqlStore, world: World) -> None:
    build = world.build()

    def swallow() -> None:
        with suppress(ConflictError):
            store.session.write("INSERT INTO teams (name) VALUES ('main')")

    with pytest.raises(RuntimeError, match="swallowed"):
        world.transact(lambda: store.builds.save(replace(build, reason="lost")), swallow)
    assert store.builds.get(build.id) == build
    world.saved(build, reason="kept")


def test_a_foreign_writer_is_waited_for_beside_the_hub(store: SqlStore, settings: StoreSettings, world: World) -> None:
    build = world.build()
    foreign = sqlite3.connect(settings.name, isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    writing = gevent.spawn(world.saved, build, reason="late")
    gevent.sleep(0.05)
    assert store.builds.get(build.id) == build
    foreign.execute("COMMIT")
    writing.get(timeout=30)
    found = store.builds.get(build.id)
    assert found
    assert found.reason == "late"
    foreign.close()


def test_a_foreign_writer_is_not_waited_for_for_ever(store: SqlStore, settings: StoreSettings, world: World) -> None:
    build = world.build()
    foreign = sqlite3.connect(settings.name, isolation_level=None)
    foreign.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnavailableError, match="locked"):
        world.saved(build, reason="never")
    foreign.close()
    world.saved(build, reason="now")


def test_a_full_disk_is_unavailable_and_breaks_nothing(store: SqlStore, world: World) -> None:
    build = world.build()
    pages = store.session.rows("PRAGMA page_count")[0][0]
    store.session.rows(f"PRAGMA max_page_count = {pages + 8}")
    chunk = LogChunk(offset=0, step="", claim=1, at=1.0, data=os.urandom(MIB))
    save = partial(store.builds.save, replace(build, reason="lost"))
    with pytest.raises(UnavailableError, match="full"):
        world.transact(save, lambda: store.logs.append(build.id, [chunk]))
    store.session.rows("PRAGMA max_page_count = 1000000")
    assert store.builds.get(build.id) == build
    world.saved(build, status=BuildStatus.ERRORED)


def test_the_write_ahead_log_stays_bounded(store: SqlStore, settings: StoreSettings, world: World) -> None:
    build = world.build()
    wal = Path(f"{settings.name}-wal")
    longest = 0
    for number in range(800):
        with store.transaction():
            data = os.urandom(256 * 1024)
            store.logs.append(build.id, [LogChunk(offset=number * len(data), step="", claim=1, at=1.0, data=data)])
        longest = max(longest, wal.stat().st_size)
        gevent.sleep(0.002)
    assert longest < 150 * MIB


def test_what_was_committed_reaches_the_file_soon(store: SqlStore, settings: StoreSettings, world: World) -> None:
    before = Path(settings.name).stat().st_mtime_ns
    world.build()
    with gevent.Timeout(30):
        while Path(settings.name).stat().st_mtime_ns == before:
            gevent.sleep(0.02)


def test_closing_in_a_transaction_is_a_mistake(store: SqlStore) -> None:
    with pytest.raises(RuntimeError, match="closed inside"), store.transaction():
        store.close()


def test_a_store_is_opened_twice_by_nobody_in_one_process(store: SqlStore, settings: StoreSettings) -> None:
    with pytest.raises(InvalidError, match="another pikoci process"):
        open_store(settings)
    store.check_health()


def test_nobody_else_may_read_the_files(store: SqlStore, settings: StoreSettings, world: World) -> None:
    world.build()
    files = list(Path(settings.name).parent.glob("pikoci.db*"))
    assert {file.name for file in files} >= {"pikoci.db", "pikoci.db-wal", "pikoci.db.lock"}
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert store.pending_migrations() == []


def test_times_are_floats_everywhere(store: SqlStore, world: World) -> None:
    claimed = world.claimed(lease_until=35)
    assert isinstance(claimed.lease_expires_at, float)
    assert isinstance(claimed.created_at, float)


def test_a_full_disk_is_not_ready(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    store.check_health()
    monkeypatch.setattr("pikoci.internal.store.sqlite.LEAST_ROOM", 2**62)
    with pytest.raises(UnavailableError, match=r"the disk of .*pikoci.db is full"):
        store.check_health()


def test_a_write_to_a_full_or_read_only_database_says_so(store: SqlStore) -> None:
    pages = store.session.rows("PRAGMA page_count")[0][0]
    store.session.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(UnavailableError, match="its disk is full"), store.transaction():
        store.settings.put_if_absent("large", "x" * MIB)
    store.session.rows("PRAGMA query_only = 1")
    with pytest.raises(UnavailableError, match="takes no changes: attempt to write a readonly"), store.transaction():
        store.accounts.create_team("blue")
