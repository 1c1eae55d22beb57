"""Who holds the hub is noticed and named."""

import os
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import gevent
import pytest
from structlog.testing import capture_logs

from pikoci.shared import hub_watch
from pikoci.shared.hub_watch import HubWatch


def _let_it_warn() -> None:
    """The turn ends, and whoever warns has one."""
    for _ in range(3):
        gevent.sleep(0.001)


@contextmanager
def watched() -> Iterator[list[float]]:
    stands: list[float] = []
    watch = HubWatch(stands.append)
    watch.start()
    gevent.sleep(0.001)  # the turn in which it was started does not count
    try:
        yield stands
        _let_it_warn()
    finally:
        watch.stop()


@pytest.fixture
def said() -> Generator[list[Any]]:
    """The warnings."""
    with capture_logs() as logs:
        yield logs


def hold_the_hub(seconds: float = 0.3) -> None:
    """Compute, for so long on a processor."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


def sleep_natively(seconds: float) -> bool:
    """Wait as a C function would that knows nothing of gevent."""
    hub_watch._sleep(seconds)
    return True


def test_who_computes_is_named(said: list[Any]) -> None:
    deadline = time.monotonic() + 60
    with watched() as stands:
        while not said and time.monotonic() < deadline:  # on a busy machine little of it is known to be our own time
            gevent.spawn(hold_the_hub).join()
            _let_it_warn()
    [warning] = said
    assert warning["event"] == "the hub stood still"
    assert warning["ran"].split(" < ")[0].endswith(" hold_the_hub")
    assert Path(__file__).name in warning["ran"]
    assert warning["seconds"] == pytest.approx(stands[-1], abs=0.001)


def test_who_waits_without_the_others_is_named_too(said: list[Any]) -> None:
    with watched():
        gevent.spawn(sleep_natively, 1.0).join()
    assert said[0]["ran"].split(" < ")[0].endswith(" sleep_natively")


def test_our_own_functions_are_named_whoever_they_call(said: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_watch, "_HERE", f"{Path(__file__).parent}/")
    with watched():
        gevent.spawn(lambda: list(filter(sleep_natively, [0.5, 0.5]))).join()
    names = [place.split()[-1] for place in said[0]["ran"].split(" < ")]
    assert names[0] == "sleep_natively"
    assert names[-1].endswith(".<lambda>")
    assert all(place.startswith(Path(__file__).name) for place in said[0]["ran"].split(" < "))


def test_greenlets_that_take_turns_hold_nobody(said: list[Any]) -> None:
    def take_turns() -> None:
        for _ in range(200):
            hold_the_hub(0.0005)
            gevent.sleep(0.0)

    with watched() as stands:
        gevent.joinall([gevent.spawn(take_turns) for _ in range(5)])
        gevent.sleep(0.2)  # idle is not standing
    assert said == []
    assert max(stands, default=0.0) < 0.1


def test_one_warning_is_enough_for_a_while(said: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    real = time.monotonic
    with watched() as stands:
        for _ in range(3):
            gevent.spawn(sleep_natively, 1.0).join()
            _let_it_warn()
        assert len(said) == 1
        assert len([stood for stood in stands if stood > 0.1]) == 3
        monkeypatch.setattr(time, "monotonic", lambda: real() + hub_watch.QUIET)
        gevent.spawn(sleep_natively, 1.0).join()
    assert [warning["unsaid"] for warning in said] == [0, 2]


def test_time_without_a_processor_does_not_count(said: list[Any]) -> None:
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(6)]
    mine = os.sched_getaffinity(0)
    try:
        place = {min(mine)}
        for other in others:
            os.sched_setaffinity(other.pid, place)
        with watched() as stands:
            os.sched_setaffinity(0, place)
            began = time.monotonic()
            gevent.spawn(hold_the_hub, 0.06).join()
            assert time.monotonic() - began > 0.15
    finally:
        os.sched_setaffinity(0, mine)
        for other in others:
            with suppress(ProcessLookupError):
                other.kill()
            other.wait()
    assert said == []
    assert max(stands, default=0.0) < 0.12


def test_a_watch_that_was_stopped_says_nothing(said: list[Any]) -> None:
    with watched() as stands:
        pass
    stands.clear()
    gevent.spawn(hold_the_hub, 0.15).join()
    _let_it_warn()
    assert stands == []
    assert said == []


def test_a_watch_that_ends_before_it_is_told_to_is_stopped_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = HubWatch(lambda stood: None)
    watch.start()
    gevent.sleep(0.001)
    ring = os.eventfd_write

    def ring_late(bell: int, value: int) -> None:
        deadline = time.monotonic() + 30
        while not watch._ended and time.monotonic() < deadline:
            sleep_natively(0.01)
        ring(bell, value)

    def stop_in_a_long_turn() -> None:
        sleep_natively(2 * hub_watch.LOOK)  # so that the thread looks, and does not wait for the bell
        monkeypatch.setattr(os, "eventfd_write", ring_late)
        watch.stop()

    stopping = gevent.spawn(stop_in_a_long_turn)
    stopping.get(timeout=60)
