"""What a call costs: counts where there are any, since they don't swing, and times beside them."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import gevent

from pikoci.internal.store.store import SqlStore

STEPS = 1000  # of SQLite's virtual machine, counted at once
FLUSH = "SELECT pg_stat_force_next_flush()"
PAGES = "SELECT blks_hit + blks_read FROM pg_stat_database WHERE datname = current_database()"


class Cost(NamedTuple):
    """`read` is pages of PostgreSQL, or thousands of steps of SQLite; times are in milliseconds.

    `processor` is this process's and the database's; `stand` is the longest stretch of processor time for which the
    hub did not come to others; `size` is what the call returned, if it returned a number.
    """

    statements: float
    read: float
    processor: float
    stand: float
    wall: float
    size: float


#: What goes unnoticed: below it a figure says nothing about growth.
FLOORS = Cost(statements=20, read=100, processor=4.0, stand=25.0, wall=4.0, size=20_000)


class Meter:
    """Measures calls on one store; `database_pid` is the PostgreSQL server's first process."""

    def __init__(self, store: SqlStore, database_pid: int | None) -> None:
        session: Any = store.session
        self._session, self._pid = session, database_pid
        self._statements = self._steps = 0
        self._execute, session._execute = session._execute, self._counted
        if database_pid is None:
            session.database.connection().set_progress_handler(self._step, STEPS)

    def median(self, call: Callable[[], Any], repeats: int) -> Cost:
        """The median of each figure; before several repeats the call is made once to fill caches."""
        if repeats > 1:
            call()
        found = [self.once(call) for _ in range(repeats)]
        return Cost(*(statistics.median(figures) for figures in zip(*found, strict=True)))

    def once(self, call: Callable[[], Any]) -> Cost:
        """One call."""
        gc.collect()
        read, statements, processor = self._read(), self._statements, self._processor()
        with _standing() as stands:
            began = time.perf_counter()
            answer = call()
            wall = time.perf_counter() - began
        return Cost(
            statements=self._statements - statements,
            processor=(self._processor() - processor) * 1000,
            read=self._read() - read,
            stand=max(stands) * 1000,
            wall=wall * 1000,
            size=answer if isinstance(answer, int) else 0,
        )

    def _counted(self, *arguments: Any) -> Any:
        self._statements += 1
        return self._execute(*arguments)

    def _step(self) -> int:
        self._steps += 1
        return 0

    def _processor(self) -> float:
        if self._pid is None:
            return time.process_time()
        children = Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split()
        return time.process_time() + sum(map(_processor_of, [str(self._pid), *children]))

    def _read(self) -> int:
        if self._pid is None:
            return self._steps
        with self._session.transaction():
            self._session.change(FLUSH)
        return int(self._session.row(PAGES)[0])


def _processor_of(pid: str) -> float:
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        return 0.0  # ended


@contextmanager
def _standing() -> Iterator[list[float]]:
    """The stretches of this thread's processor time between two turns of the hub, in seconds."""
    stands = [0.0]

    def tick() -> None:
        last = time.thread_time()
        while True:
            gevent.sleep(0)
            now = time.thread_time()
            stands.append(now - last)
            last = now
            gevent.sleep(0.001)

    ticker = gevent.spawn(tick)
    gevent.sleep(0)
    try:
        yield stands
        gevent.sleep(0.002)
    finally:
        ticker.kill()
