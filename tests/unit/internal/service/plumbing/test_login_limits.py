"""What keeps logins from being guessed, and from holding up everything else."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import pytest

from pikoci.internal.domain.errors import RateLimitedError
from pikoci.internal.service.plumbing.attempts import LoginLimits
from pikoci.internal.service.plumbing.password_queue import PasswordQueue
from tests.unit.internal.service.plumbing.test_tokens import FixedClock

P = ParamSpec("P")
T = TypeVar("T")


def make_limits(clock: FixedClock | None = None) -> LoginLimits:
    return LoginLimits(clock or FixedClock(), by_name=3, by_address=5, window=60.0)


def test_made_up_names_are_limited_by_their_address() -> None:
    clock = FixedClock()
    limits = make_limits(clock)
    for number in range(5):
        limits.begin(f"nobody{number}", "10.0.0.1")
    with pytest.raises(RateLimitedError) as caught:
        limits.begin("nobody5", "10.0.0.1")
    assert caught.value.retry_after == 60
    limits.begin("alice", "10.0.0.2")
    clock.time += 60
    limits.begin("alice", "10.0.0.1")


def test_strangers_do_not_lock_out_who_logged_in_from_there_before() -> None:
    limits = make_limits()
    limits.begin("alice", "proxy")
    limits.forget("alice", "proxy")
    for number in range(5):
        limits.begin(f"nobody{number}", "proxy")
    limits.begin("alice", "proxy")
    limits.forget("alice", "proxy")
    with pytest.raises(RateLimitedError):
        limits.begin("bob", "proxy")
    for _ in range(3):
        limits.begin("alice", "proxy")
    with pytest.raises(RateLimitedError):
        limits.begin("alice", "proxy")


def test_right_logins_do_not_use_up_the_limit_of_their_address() -> None:
    limits = make_limits()
    for number in range(20):
        limits.begin(f"user{number}", "office")
        limits.forget(f"user{number}", "office")


class Crowd:
    """A thread in whose place others come to the queue."""

    def __init__(self, comers: list[str]) -> None:
        self.comers = comers
        self.refused: list[str] = []
        self.queue = PasswordQueue(self, longest=4, share=2)

    def __call__(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        if self.comers:
            comer = self.comers.pop(0)
            try:
                self.queue.run(comer, str)
            except RateLimitedError:
                self.refused.append(comer)
                self(str)
        return function(*args, **kwargs)


def test_one_client_has_its_share_of_the_queue_and_no_more() -> None:
    crowd = Crowd(["a", "a", "a", "b", "c", "d"])
    assert crowd.queue.run("a", int, "7") == 7
    assert crowd.refused == ["a", "a", "d"]
    assert crowd.queue.run("a", int, "8") == 8
