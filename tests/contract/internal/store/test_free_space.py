"""A SQLite file shrinks when much was deleted, a little at a time."""

import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from pikoci.internal.store import StoreSettings, open_store
from pikoci.internal.store.free_space import KEPT, STEP
from pikoci.internal.store.store import SqlStore


@pytest.fixture
def settings(sqlite_settings: StoreSettings) -> StoreSettings:
    return replace(sqlite_settings, busy_timeout=0.5)


def fill(store: SqlStore, pages: int) -> None:
    with store.transaction():
        for sequence in range(pages // 64):
            store.artifacts.append("u", sequence, bytes(64 * 4096), 1.0)


def pages(store: SqlStore, pragma: str = "page_count") -> int:
    return int(store.session.rows(f"PRAGMA {pragma}")[0][0])


def test_free_pages_are_given_back_step_by_step_but_for_a_reserve(store: SqlStore) -> None:
    fill(store, KEPT + 4 * STEP)
    full = pages(store)
    with store.transaction():
        store.artifacts.discard("u")
    assert pages(store) == full
    assert store.give_back_space()
    assert full - STEP - 2 <= pages(store) <= full - STEP  # a page that says where others are goes along
    while store.give_back_space():
        pass
    assert KEPT - STEP <= pages(store, "freelist_count") <= KEPT
    assert store.session.rows("PRAGMA integrity_check") == [("ok",)]


def test_space_is_given_back_outside_of_transactions(store: SqlStore) -> None:
    with store.transaction(), pytest.raises(RuntimeError):
        store.give_back_space()


def test_another_programs_lock_is_no_error(store: SqlStore, settings: StoreSettings) -> None:
    fill(store, KEPT + 4 * STEP)
    with store.transaction():
        store.artifacts.discard("u")
    other = sqlite3.connect(settings.name, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert not store.give_back_space()
    other.close()
    assert store.give_back_space()


def test_a_file_of_an_earlier_release_keeps_its_size_until_it_is_converted(sqlite_settings: StoreSettings) -> None:
    old = sqlite3.connect(sqlite_settings.name, isolation_level=None)
    old.execute("CREATE TABLE old (x)")
    old.close()
    store = open_store(sqlite_settings)
    store.migrate()
    fill(store, KEPT + 4 * STEP)
    full = pages(store)
    with store.transaction():
        store.artifacts.discard("u")
    assert not store.give_back_space()
    assert pages(store) == full
    store.close()
    converted = sqlite3.connect(sqlite_settings.name, isolation_level=None)
    converted.executescript("PRAGMA auto_vacuum = INCREMENTAL; VACUUM")
    converted.close()
    assert Path(sqlite_settings.name).stat().st_size < full * 4096 / 10
    store = open_store(sqlite_settings)
    assert pages(store, "auto_vacuum") == 2
    store.close()
