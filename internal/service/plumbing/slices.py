"""Work for long, a short transaction at a time, so that nobody notices."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import gevent

from pikoci.internal.domain.repositories import Store

_NEXT_LOOK = 1e-9  # seconds: due when the hub looks at its timers


def give_way() -> None:
    """Let all others have their turn, those too that wait for a timer or a socket.

    `gevent.sleep(0)` is not enough where there is much to do: the hub goes round fifty times between what waits in
    that way before it looks at anything else.
    """
    gevent.sleep(_NEXT_LOOK)


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

    def give_back_space(self) -> None:
        """Give the space that was freed back to the file system, with such pauses as well."""
        more = True
        while more:
            began = time.perf_counter()
            more = self._store.give_back_space()
            gevent.sleep(time.perf_counter() - began)
