"""A loop: at once while there is work, patient otherwise, and immortal."""

import gevent
import pytest
from structlog.testing import capture_logs

from pikoci.internal.domain.errors import UnavailableError
from pikoci.internal.scheduler.loop import Loop
from pikoci.internal.service.plumbing.bus import Wakeup


class Work:
    """An action that does, in turn, what it is told; then nothing."""

    def __init__(self, *turns: int | Exception) -> None:
        self.turns = list(turns)
        self.count = 0

    def __call__(self) -> int:
        self.count += 1
        turn = self.turns.pop(0) if self.turns else 0
        if isinstance(turn, Exception):
            raise turn
        return turn


def test_it_goes_on_at_once_while_there_is_work() -> None:
    loop = Loop("test", Work(3, 1, 0), 7.0, Wakeup())
    assert [loop.turn(), loop.turn(), loop.turn()] == [0.0, 0.0, 7.0]


def test_others_have_their_turn_between_full_batches() -> None:
    """Those too that wait for a timer or a socket: the hub looks at them only when callbacks leave it the time."""
    work = Work(*[1] * 60)
    loop = Loop("test", work, 30.0, Wakeup())

    gevent.spawn_later(0.0, loop.stop)
    loop.run()
    assert work.count < 5


def test_the_wait_can_be_told_each_time() -> None:
    waits = iter([1.0, 2.0])
    loop = Loop("test", Work(), lambda: next(waits), Wakeup())
    assert [loop.turn(), loop.turn()] == [1.0, 2.0]


def test_errors_are_logged_and_pauses_grow_until_it_works_again() -> None:
    loop = Loop("test", Work(*(ValueError("bug") for _ in range(9))), 7.0, Wakeup())
    with capture_logs() as logs:
        pauses = [loop.turn() for _ in range(9)]
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    assert [log["log_level"] for log in logs] == ["error"] * 9
    assert loop.turn() == 7.0
    assert loop.turn() == 7.0


def test_a_database_that_is_away_is_logged_once_and_once_when_it_is_back() -> None:
    away = [UnavailableError("the database is away") for _ in range(5)]
    loop = Loop("test", Work(*away, 1), 7.0, Wakeup())
    with capture_logs() as logs:
        for _ in range(7):
            loop.turn()
    assert [log["log_level"] for log in logs] == ["warning", "info"]
    assert logs[0]["error"] == "the database is away"


def test_an_error_in_telling_the_wait_does_not_end_it() -> None:
    def fail() -> float:
        raise UnavailableError("the database is away")

    assert Loop("test", Work(), fail, Wakeup()).turn() == 0.5


@pytest.mark.parametrize("turns", [(), (1,), (ValueError("bug"),)])
def test_a_wake_up_ends_the_wait_and_stopping_ends_the_loop(turns: tuple[int | Exception, ...]) -> None:
    wakeup, work = Wakeup(), Work(*turns)
    loop = Loop("test", work, 3600.0, wakeup)
    with capture_logs():
        running = gevent.spawn(loop.run)
        gevent.sleep(0.01)
        before = work.count
        wakeup.set()
        gevent.sleep(0.01)
        assert work.count > before
        loop.stop()
        running.join(timeout=30)
    assert running.ready()


def test_busy_turns_let_others_run() -> None:
    loop = Loop("test", lambda: 1, 3600.0, Wakeup())
    running = gevent.spawn(loop.run)
    for _ in range(5):
        gevent.sleep(0)
    loop.stop()
    running.join(timeout=30)
    assert running.ready()
