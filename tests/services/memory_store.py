"""Stores in memory, each a copy of one whose migrations ran."""

from functools import cache

from pikoci.internal.store import StoreSettings, open_store
from pikoci.internal.store.sqlite import SqliteSession
from pikoci.internal.store.store import SqlStore


def memory_store(*keys: str) -> SqlStore:
    """A migrated store in memory; the texts of the `keys` encrypt its secrets."""
    store = open_store(StoreSettings(secret_keys=keys))
    _session(_migrated()).database.connection().backup(_session(store).database.connection())
    return store


@cache
def _migrated() -> SqlStore:
    store = open_store(StoreSettings())
    store.migrate()
    return store


def _session(store: SqlStore) -> SqliteSession:
    assert isinstance(store.session, SqliteSession)
    return store.session
