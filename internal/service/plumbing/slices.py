"""Work for long, a short transaction at a time, so that nobody notices."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import gevent

from pikoci.internal.domain.repositories import Store


class Slices:
    """Transactions with pauses between them, each pause as long as the transaction before it took.

    So others have at least half of the hub's time, and with SQLite half of the database's.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @contextmanager
    def next(self) -> Iterator[None]:
        """A transaction, and the pause after it."""
        began = time.perf_counter()
        with self._store.transaction():
            yield
        gevent.sleep(time.perf_counter() - began)
