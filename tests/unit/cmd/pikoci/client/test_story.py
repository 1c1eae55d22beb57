from __future__ import annotations

import base64
import io
from typing import Any, Literal

import gevent
import pytest

from pikoci.client.story import BuildStory
from pikoci.pkg.client import BuildEvent
from pikoci.shared.build_display import BuildDisplay


class Told:
    """A story told to a buffer."""

    def __init__(self) -> None:
        self._out = io.BytesIO()
        self._story = BuildStory(BuildDisplay(self._out, lambda: 0.0, terminal=False, colors=False))
        self._size = 0

    def take(self, kind: Literal["status", "steps", "log", "end"], data: Any) -> None:
        self._story.take(BuildEvent(kind, data, 0))

    def log(self, step: str, text: bytes, attempt: int = 1) -> None:
        encoded = base64.b64encode(text).decode()
        self.take("log", {"offset": self._size, "step": step, "attempt": attempt, "base64": encoded})
        self._size += len(text)

    def lines(self) -> list[str]:
        return self._out.getvalue().decode().splitlines()


@pytest.fixture
def told() -> Told:
    return Told()


def at(second: float) -> str:
    return f"2026-01-01T00:00:{second:06.3f}Z"


def step(number: int, started: float, finished: float | None = None, **more: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "name": f"s{number}",
        "kind": "task",
        "status": "started" if finished is None else "succeeded",
        "attempt": 1,
        "try_number": 1,
        "exit_code": None,
        "reason": "",
        "started_at": at(started),
        "finished_at": None if finished is None else at(finished),
        **more,
    }


def build(status: str, reason: str = "") -> dict[str, Any]:
    return {
        "name": "main/app/test#3",
        "number": "3",
        "job": "test",
        "status": status,
        "reason": reason,
        "started_at": at(1),
        "finished_at": at(3.5) if status == "succeeded" else None,
    }


def test_the_log_stands_below_its_own_step_although_the_steps_are_ahead(told: Told) -> None:
    told.take("status", build("started"))
    told.take("steps", [step(1, 1, 2), step(2, 2, 3), step(3, 3)])
    told.log("1", b"one\n")
    told.log("2", b"two\n")
    told.log("3", b"three\n")
    told.take("steps", [step(1, 1, 2), step(2, 2, 3), step(3, 3, 3.5)])
    told.take("end", build("succeeded"))
    assert told.lines() == [
        "=== task s1",
        "one",
        "--- task s1: succeeded in 1.0s",
        "=== task s2",
        "two",
        "--- task s2: succeeded in 1.0s",
        "=== task s3",
        "three",
        "--- task s3: succeeded in 0.5s",
        "main/app/test#3 succeeded in 2.5s",
    ]


def test_a_silent_step_is_told_when_the_stream_is_quiet(told: Told) -> None:
    told.take("steps", [step(1, 1, 2), step(2, 2)])
    with gevent.Timeout(30):
        while not told.lines():
            gevent.sleep(0.01)
    assert told.lines() == ["=== task s1", "--- task s1: succeeded in 1.0s", "=== task s2"]


def test_what_a_new_connection_repeats_is_told_once(told: Told) -> None:
    for _ in range(2):
        told.take("status", build("started"))
        told.take("steps", [step(1, 1, 2)])
    told.take("end", build("succeeded"))
    assert [line for line in told.lines() if "s1" in line] == ["=== task s1", "--- task s1: succeeded in 1.0s"]


def test_a_further_try_is_no_new_step_and_the_result_comes_once(told: Told) -> None:
    told.take("steps", [step(1, 1)])
    told.log("1", b"first\n")
    told.take("steps", [step(1, 2, try_number=2)])
    told.log("1", b"second\n")
    told.take("steps", [step(1, 2, 3, try_number=2)])
    told.take("end", build("succeeded"))
    assert told.lines()[:4] == ["=== task s1", "first", "second", "--- task s1: succeeded in 1.0s"]


def test_a_new_attempt_is_announced_and_starts_from_the_first_step(told: Told) -> None:
    told.take("steps", [step(1, 1)])
    told.log("1", b"lost\n")
    told.take("steps", [step(1, 1), step(1, 5, attempt=2)])
    told.log("1", b"again\n", attempt=2)
    told.take("end", build("succeeded"))
    assert told.lines()[:5] == [
        "=== task s1",
        "lost",
        "The build starts again: attempt 2",
        "=== task s1",
        "again",
    ]


def test_skipped_steps_are_told_once(told: Told) -> None:
    steps = [step(1, 1, 2), step(2, 2, 2, status="skipped", started_at=None, reason="an earlier step did not succeed")]
    told.take("steps", steps)
    told.take("steps", steps)
    told.take("end", build("failed", "exit status 1"))
    assert [line for line in told.lines() if "s2" in line] == ["--- task s2: skipped: an earlier step did not succeed"]
    assert told.lines()[-1] == "main/app/test#3 failed: exit status 1"


def test_the_reason_to_wait_is_told(told: Told) -> None:
    told.take("status", build("pending", "the job runs already"))
    assert told.lines() == ["Waiting: the job runs already"]


def test_steps_side_by_side_are_told_with_their_names(told: Told) -> None:
    block = step(1, 1, None, kind="in_parallel", name="2 steps")
    one, two = step(1, 1.1, None, id="1/1", name="a"), step(1, 1.1, None, id="1/2", name="b")
    told.take("steps", [block, one, two])
    told.log("1/2", b"two\n")
    told.log("1/1", b"one\n")
    done = {"status": "succeeded", "finished_at": at(2)}
    told.take("steps", [{**block, **done, "finished_at": at(3)}, {**one, **done}, {**two, **done}])
    told.take("end", build("succeeded"))
    assert told.lines() == [
        "=== in_parallel 2 steps",
        "=== task a",
        "=== task b",
        "task b | two",
        "task a | one",
        "--- task a: succeeded in 0.9s",
        "--- task b: succeeded in 0.9s",
        "--- in_parallel 2 steps: succeeded in 2.0s",
        "main/app/test#3 succeeded in 2.5s",
    ]
