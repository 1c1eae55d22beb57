"""Pauses grow to a limit, and differ."""

from random import Random

from pikoci.pkg.queue.backoff import Backoff


def test_pauses_double_up_to_a_limit_and_start_again_after_a_success() -> None:
    backoff = Backoff(Random(1))
    for longest in (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0):
        assert longest / 2 <= backoff.pause() <= longest
    backoff.reset()
    assert backoff.pause() <= 0.1


def test_two_clients_do_not_come_back_in_step() -> None:
    one, other = Backoff(), Backoff()
    assert [one.pause() for _ in range(9)] != [other.pause() for _ in range(9)]
