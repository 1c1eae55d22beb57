"""The messages about a new version, on the worker: before all else, and never in the way."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pikoci.internal.domain.events import StepStarted
from pikoci.internal.domain.plan import Notification, NotificationType, NotifyStep
from pikoci.internal.worker.plan import notices
from tests.unit.internal.worker.bench_room import Room, sh, task, wait_until, worker_room


@pytest.fixture
def room(tmp_path: Path) -> Generator[Room]:
    with worker_room(tmp_path, notify_pauses=(0.01,), notify_timeout=20.0) as found:
        yield found


def saying(message: str, command: str, **more: Any) -> dict[str, Any]:
    """A plan that says it by this command."""
    step = NotifyStep(id="on_trigger/1", name="n", notification="own.n", message=message)
    kind = NotificationType(name="own", notify=sh(command))
    return {
        "on_trigger": [step],
        "notifications": [Notification(type="own", name="n")],
        "notification_types": [kind],
        **more,
    }


def test_it_is_sent_before_the_first_step_and_knows_the_version(room: Room) -> None:
    plan = saying("$GET_REPO_REF of $BUILD_JOB_NAME", 'printf "%s" "$NOTIFY_MESSAGE"', inputs={"repo": {"ref": "abc"}})
    record = room.run_job(task("echo on", id="1"), **plan)
    assert record.log("on_trigger/1") == b"abc of unit"
    assert [event.step for event in record.events if isinstance(event, StepStarted)] == ["on_trigger/1", "1"]


def test_what_the_steps_see_is_not_changed_by_it(room: Room) -> None:
    record = room.run_job(
        task("echo \"'$GET_REPO_REF'\"", id="1"), **saying("x", "true", inputs={"repo": {"ref": "a"}})
    )
    assert record.log("1") == b"''\n"


def test_one_that_cannot_be_sent_is_tried_again_and_stops_nothing(room: Room) -> None:
    record = room.run_job(task("echo on", id="1"), **saying("x", "exit 3"))
    assert record.end.status == "succeeded"
    assert record.steps() == {"on_trigger/1": "failed", "1": "succeeded"}
    assert b"attempt 2/2" in record.log("on_trigger/1")


def test_one_that_hangs_holds_the_build_up_for_a_bounded_time(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notices, "_TOGETHER", 0.3)
    record = room.run_job(task("echo on", id="1"), **saying("x", "sleep 600"))
    assert record.end.status == "succeeded"
    assert record.steps() == {"on_trigger/1": "failed", "1": "succeeded"}


def test_a_cancellation_ends_it_and_the_build(room: Room) -> None:
    record = room.submit(task("echo on", id="1"), **saying("x", "echo begun; sleep 600"))
    wait_until(lambda: b"begun" in record.log("on_trigger/1"))
    room.worker._builds.cancel_all("enough", 30.0)
    wait_until(lambda: record.ended)
    assert record.end.status == "cancelled"
    assert record.steps()["1"] == "skipped"
