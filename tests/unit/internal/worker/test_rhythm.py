"""Workers that begin at one moment do not go on so."""

from random import Random

import pytest

from pikoci.internal.worker.rhythm import Rhythm

WORKERS = 1000
INTERVAL = 5.0


@pytest.fixture
def workers() -> list[Rhythm]:
    random = Random(1)
    return [Rhythm(random) for _ in range(WORKERS)]


def busiest(times: list[float]) -> int:
    """The most heartbeats within a tenth of an interval, of which each has its share of all in an even spread."""
    return max(sum(begin <= time < begin + INTERVAL / 10 for time in times) for begin in times)


def test_the_round_after_a_start_is_spread_over_an_interval_and_stays_so(workers: list[Rhythm]) -> None:
    times = [worker.answered(INTERVAL) for worker in workers]
    assert busiest(times) < WORKERS / 10 * 1.5
    for _ in range(20):
        times = [time + worker.answered(INTERVAL) for time, worker in zip(times, workers, strict=True)]
        assert busiest(times) < WORKERS / 10 * 1.5


def test_so_is_the_round_after_an_outage(workers: list[Rhythm]) -> None:
    for worker in workers:
        worker.answered(INTERVAL)
        worker.failed(INTERVAL, 0.0)
    assert busiest([worker.answered(INTERVAL) for worker in workers]) < WORKERS / 10 * 1.5


def test_no_pause_is_longer_than_the_interval_whatever_the_server_asks_for(workers: list[Rhythm]) -> None:
    for worker in workers:
        assert 0.0 <= worker.answered(INTERVAL) <= INTERVAL
        assert INTERVAL * 0.9 <= worker.answered(INTERVAL) <= INTERVAL
        assert INTERVAL / 6 <= worker.failed(INTERVAL, 0.0) <= INTERVAL / 3
        assert 3.0 <= worker.failed(INTERVAL, 3.0) <= 4.5
        assert worker.failed(INTERVAL, 60.0) == INTERVAL
