"""Waiting for a worker that drains, against answers that a server gives one after the other."""

from __future__ import annotations

from typing import Any, cast

import pytest

from pikoci.client.draining import wait_drained
from pikoci.internal.domain.errors import PikociError
from pikoci.pkg.client import ApiError, Client, ServerUnreachableError

BEFORE = {
    "name": "w",
    "registered_at": "2024-01-01T00:00:00Z",
    "state": "running",
    "wanted": "",
    "builds": [{"id": 1}],
    "checks": 0,
}
DRAINING = {**BEFORE, "state": "draining", "wanted": "draining"}


class Server:
    """Gives these answers, the last one for ever; half a second passes with each wait."""

    def __init__(self, *answers: Any) -> None:
        self.workers = self
        self.time = 0.0
        self._answers = list(answers)

    def get(self, name: str) -> Any:
        assert name == "w"
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def wait(server: Server, timeout: float = 60.0) -> str:
    return wait_drained(cast("Client", server), BEFORE, timeout, lambda: server.time, server.sleep)


@pytest.mark.parametrize(
    ("last", "end"),
    [
        ({**DRAINING, "builds": []}, "has drained"),
        ({**DRAINING, "state": "stalled"}, "is gone"),
        (ApiError(404, {}), "is gone"),
        (BEFORE | {"registered_at": "2024-01-01T00:01:00Z"}, "has drained and was started again"),
    ],
)
def test_it_waits_until_nothing_runs(last: Any, end: str) -> None:
    server = Server(BEFORE, DRAINING, last)
    assert wait(server) == end
    assert server.time == pytest.approx(1.0)


def test_checks_count_too() -> None:
    server = Server({**DRAINING, "builds": [], "checks": 2}, {**DRAINING, "builds": []})
    assert wait(server) == "has drained"
    assert server.time > 0


def test_a_server_that_is_away_is_asked_again() -> None:
    away = ServerUnreachableError("away")
    assert wait(Server(away, ApiError(503, {}), away, {**DRAINING, "builds": []})) == "has drained"


def test_a_refusal_ends_the_wait() -> None:
    with pytest.raises(ApiError):
        wait(Server(ApiError(401, {})))


def test_the_wait_is_bounded_and_says_what_still_runs() -> None:
    server = Server(DRAINING)
    with pytest.raises(PikociError, match="in time: it is draining and runs 1 builds and 0 checks"):
        wait(server, timeout=3.2)
    assert server.time == pytest.approx(3.2)
    with pytest.raises(PikociError, match="the server is away"):
        wait(Server(ServerUnreachableError("away")), timeout=0)
