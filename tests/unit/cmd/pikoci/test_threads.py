"""Native threads for what computes long."""

from threading import Event

import gevent
import pytest

from pikoci.threads import Threads


def test_one_room_of_threads_does_not_wait_for_another() -> None:
    full, free, release = Threads(1), Threads(1), Event()
    waiting = [gevent.spawn(full.run, release.wait, 20) for _ in range(3)]
    try:
        with gevent.Timeout(10):
            assert free.run(int, "7") == 7
        assert not any(one.ready() for one in waiting)
    finally:
        release.set()
        gevent.joinall(waiting, timeout=10)


def test_what_is_raised_in_a_thread_is_raised_here() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        Threads(1).run(int, "nonsense")
