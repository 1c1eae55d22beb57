"""When a queue counts as silent, and what does not stop a worker from listening."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random

import gevent
from gevent.event import Event

from pikoci.internal.worker.backoff import Backoff
from pikoci.internal.worker.pool import WorkPool
from pikoci.internal.worker.users import Loan, OwnUser
from pikoci.pkg.queue.backend import Delivery, QueueClosedError, QueueUnavailableError, Subscription
from tests.unit.internal.worker.test_claims import ManualClock


class Note(Delivery):
    """A message."""

    queue, body = "jobs", b"1"

    def acknowledge(self) -> None:
        """Nobody looks."""

    def reject(self, delay: float = 0.0) -> None:
        """Nobody looks."""


class Told(Subscription):
    """Answers as it is told."""

    def __init__(self, *answers: Delivery | Exception | None) -> None:
        self._answers = list(answers)
        self.received = 0
        self._closed = Event()

    def receive(self, timeout: float) -> Delivery | None:
        gevent.sleep(0)
        if self._closed.is_set():
            raise QueueClosedError("closed")
        self.received += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        self._closed.set()


@contextmanager
def running(
    told: Told, clock: ManualClock, handle: Callable[[Delivery, Loan], None] = lambda *_: None
) -> Iterator[WorkPool]:
    pool = WorkPool("jobs", told, 1, OwnUser(), handle, clock, Backoff(0.001, 0.001, Random(1)), 0.01)
    consumer = gevent.spawn(pool.run)
    yield pool
    pool.stop()
    consumer.join(timeout=30)
    assert consumer.successful()


def until(condition: Callable[[], object]) -> None:
    with gevent.Timeout(30, AssertionError("it did not happen")):
        while not condition():
            gevent.sleep(0.001)


def test_a_broker_that_is_away_makes_the_queue_silent_until_it_answers() -> None:
    clock = ManualClock()
    told = Told(*[QueueUnavailableError("away")] * 5, None)
    with running(told, clock) as pool:
        until(lambda: told.received == 3)
        assert pool.asking_since is not None
        assert pool.last_poll is None
        until(lambda: pool.last_poll is not None)


def test_a_busy_worker_is_not_silent() -> None:
    done = Event()

    def work(_: Delivery, __: Loan) -> None:
        done.wait()

    with running(Told(Note()), ManualClock(), work) as pool:
        until(lambda: pool.busy)
        until(lambda: pool.asking_since is None)
        done.set()


def test_a_cordoned_worker_is_not_silent() -> None:
    with running(Told(None), ManualClock()) as pool:
        until(lambda: pool.last_poll is not None)
        pool.pause()
        until(lambda: pool.asking_since is None)


def test_a_backend_that_breaks_does_not_end_the_consumer() -> None:
    told = Told(RuntimeError("a mistake of the backend"), None)
    with running(told, ManualClock()) as pool:
        until(lambda: pool.last_poll is not None)
