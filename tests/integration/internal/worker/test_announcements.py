"""Announcements on the worker: sent like other messages, in the slots of checks."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.domain.plan import Notification, NotificationType, NotifyStep
from pikoci.internal.domain.queues import announcement_message
from tests.services.receiver import Receiver, receiving
from tests.unit.internal.worker.bench_room import Room, sh, wait_until, worker_room

STEP = NotifyStep(id="approve/1", name="n", notification="own.n")
TEXT = "main/app/unit#3.1 waits for approval: release has 0 of 1 approvals"


@pytest.fixture
def room(tmp_path: Path) -> Generator[Room]:
    with worker_room(tmp_path, notify_pauses=(0.01, 0.01), notify_timeout=20.0) as found:
        yield found


def own(command: str, **more: Any) -> dict[str, Any]:
    """What a message by this command needs."""
    return {
        "notification_types": [NotificationType(name="own", notify=sh(command))],
        "notifications": [Notification(type="own", name="n", params={"room": "ops"})],
        **more,
    }


def builtin(address: str) -> dict[str, Any]:
    return {
        "notification_types": [NotificationType(name="webhook", builtin="webhook")],
        "notifications": [Notification(type="webhook", name="n", params={"url": address})],
    }


def to_webhook(**more: Any) -> NotifyStep:
    return NotifyStep(id="approve/1", name="n", notification="webhook.n", **more)


def test_a_command_sees_the_build_and_what_waits(room: Room, tmp_path: Path) -> None:
    told = tmp_path / "told"
    names = "NOTIFY_MESSAGE BUILD_STATUS BUILD_URL BUILD_NUMBER GET_REPO_REF param_room notify_color STAGE"
    script = f'for name in {names}; do eval "echo \\"\\$$name\\""; done > {told}'
    step = NotifyStep(id="approve/1", name="n", notification="own.n", params={"color": "red"})
    sent = room.announce(step, **own(script, inputs={"repo": {"ref": "abc"}}, env={"STAGE": "live"}))
    assert sent.error == ""
    assert told.read_text().splitlines() == [
        TEXT,
        "http://ci/b/1",
        "waiting",
        "http://ci/b/1",
        "3.1",
        "abc",
        "ops",
        "red",
        "live",
    ]


def test_a_message_of_its_own_wins(room: Room, tmp_path: Path) -> None:
    told = tmp_path / "told"
    step = NotifyStep(id="approve/1", name="n", notification="own.n", message="$BUILD_JOB_NAME is $BUILD_STATUS")
    assert room.announce(step, **own(f'printf "%s" "$NOTIFY_MESSAGE" > {told}')).error == ""
    assert told.read_text() == "unit is waiting"


def test_a_webhook_is_told_the_same_delivery_whoever_sends_it(room: Room) -> None:
    receiver = Receiver()
    with receiving(receiver) as address:
        for _ in range(2):
            assert room.announce(to_webhook(), **builtin(f"{address}/ok/")).error == ""
    bodies = [json.loads(request.body) for request in receiver.requests]
    assert [body["message"] for body in bodies] == [f"{TEXT}\nhttp://ci/b/1"] * 2
    assert [body["status"] for body in bodies] == ["waiting", "waiting"]
    assert len({request.headers["x-pikoci-delivery"] for request in receiver.requests}) == 1


def test_it_is_tried_three_times_and_then_says_why(room: Room) -> None:
    receiver = Receiver()
    with receiving(receiver) as address:
        told = room.announce(to_webhook(), **builtin(f"{address}/broken/a-secret-word"), masks=["a-secret-word"])
    assert len(receiver.requests) == 3
    assert told.error == "the server answered 500: [31mno luck with /broken/***"


def test_one_that_succeeds_at_last_is_sent(room: Room) -> None:
    with receiving(Receiver(failures=2)) as address:
        assert room.announce(to_webhook(), **builtin(f"{address}/flaky/")).error == ""


def test_a_command_that_fails_shows_its_last_words_without_secrets(room: Room) -> None:
    told = room.announce(STEP, **own("echo no way to hunter22 >&2; exit 3", masks=["hunter22"]))
    assert told.error.endswith(": no way to ***")
    assert "3" in told.error


def test_one_that_names_what_is_not_there_says_so(room: Room) -> None:
    assert "does not hold it" in room.announce(STEP).error


def test_a_silent_server_costs_a_bounded_time(tmp_path: Path) -> None:
    with (
        worker_room(tmp_path, notify_pauses=(0.01,), notify_timeout=0.1) as room,
        receiving(Receiver()) as address,
    ):
        assert "timed out" in room.announce(to_webhook(), **builtin(f"{address}/silent/")).error


def test_a_claim_that_is_lost_stops_it(room: Room, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    number = room.submit_announcement(STEP, **own(f"echo $$ > {begun}; exec sleep 600"))
    wait_until(lambda: begun.exists() and begun.read_text())
    room.gateway.lost_announcements = [ClaimRef(id=number, claim=3)]
    wait_until(lambda: not room.worker.health().checks)
    assert not Path("/proc", begun.read_text().strip()).exists()
    assert room.gateway.announced == {}


def test_while_it_runs_its_lease_is_renewed(room: Room, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    room.submit_announcement(STEP, **own(f"until test -e {gate}; do sleep 0.01; done"))
    wait_until(lambda: [ClaimRef(id=1, claim=3)] in [beat.announcements for beat in room.gateway.beats])
    assert room.worker.health().checks == 1
    room.checks.put(announcement_message(1))  # the same message twice
    gate.touch()
    wait_until(lambda: 1 in room.gateway.announced)
    assert room.gateway.announced[1].error == ""


def test_a_worker_that_ends_leaves_it_to_others(room: Room, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    room.submit_announcement(STEP, **own(f"touch {begun}; exec sleep 600"))
    wait_until(begun.exists)
    room.end()
    assert room.gateway.announced == {}
    assert not list((tmp_path / "work").glob("checks/announcement-*"))


@pytest.mark.parametrize("body", [b"announce:", b"announce:x", b"announce:-1", b"announce:" + b"9" * 20, b"tell:1"])
def test_what_is_no_message_is_set_aside(room: Room, body: bytes) -> None:
    room.checks.put(body)
    wait_until(lambda: body in room.checks.acknowledged)
    assert room.gateway.calls.get("claim_announcement", 0) == 0
