"""Threads for what computes long: how many, how many wait, and what becomes of the rest."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import gevent
import pytest
from gevent.monkey import get_original

from pikoci.internal.domain.errors import UnavailableError
from pikoci.server.threads import BoundedThreads, Threads

PATIENCE = 30.0


@pytest.fixture
def threads() -> Iterator[BoundedThreads]:
    made = BoundedThreads("pipeline files", threads=1, waiting=1)
    yield made
    made.close()


def test_work_beyond_what_may_wait_is_refused_and_told_when_to_come_back(threads: BoundedThreads) -> None:
    go = get_original("threading", "Event")()
    running = gevent.spawn(threads, go.wait, PATIENCE)
    waiting = gevent.spawn(threads, int, "2")
    gevent.idle()

    with pytest.raises(UnavailableError, match=r"^2 pipeline files are being worked on") as refused:
        threads(int, "3")

    assert refused.value.retry_after > 0
    assert not waiting.ready()
    go.set()
    assert running.get(timeout=PATIENCE)
    assert waiting.get(timeout=PATIENCE) == 2
    assert threads(int, "4") == 4


def test_a_place_is_free_again_after_a_failure(threads: BoundedThreads) -> None:
    for _ in range(5):
        with pytest.raises(ValueError, match="invalid literal"):
            threads(int, "x")


def test_work_runs_in_a_thread_of_its_own(threads: BoundedThreads) -> None:
    assert threads(get_original("threading", "get_ident")) != threading.get_ident()


def test_one_room_of_threads_does_not_wait_for_another() -> None:
    full, free, release = Threads(1), Threads(1), get_original("threading", "Event")()
    waiting = [gevent.spawn(full.run, release.wait, PATIENCE) for _ in range(3)]
    try:
        with gevent.Timeout(PATIENCE):
            assert free.run(int, "7") == 7
        assert not any(one.ready() for one in waiting)
    finally:
        release.set()
        gevent.joinall(waiting, timeout=PATIENCE)


def test_what_is_raised_in_a_thread_is_raised_here() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        Threads(1).run(int, "nonsense")
