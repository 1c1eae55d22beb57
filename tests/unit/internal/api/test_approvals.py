"""Votes over HTTP."""

import pytest

from tests.unit.internal.api.scene import CONFIG, Scene

BUILD = "jobs/gate/builds/1"
GATE = 'job "gate" {\n approve "release" {\n approvals = 2\n timeout = "1h"\n }\n approve "legal" {}\n}\n'


@pytest.fixture
def gated(scene: Scene) -> Scene:
    assert scene.call("PUT", "", {"config": CONFIG + GATE}).status_code == 200
    assert scene.call("POST", "jobs/gate/builds").json["status"] == "waiting"
    return scene


def test_a_build_shows_what_it_waits_for_and_who_voted(gated: Scene) -> None:
    answer = gated.call("POST", f"{BUILD}/approve", {"label": "release", "reason": "seen"})
    assert (answer.status_code, answer.json["status"]) == (200, "waiting")
    shown = gated.call("GET", BUILD).json
    release, legal = shown["approvals"]
    assert (release["label"], release["approvals"], release["missing"]) == ("release", 2, 1)
    assert release["until"].endswith("Z")
    (vote,) = release["votes"]
    assert (vote["voter"], vote["approves"], vote["reason"]) == (shown["created_by"], True, "seen")
    assert legal == {"label": "legal", "approvals": 1, "missing": 1, "until": None, "votes": []}
    assert (shown["approved_at"], shown["announcements"]) == (None, [])
    assert gated.call("GET", "jobs/gate").json["status"] == {"last": None, "now": "waiting"}
    listed = gated.call("GET", "jobs/gate/builds?status=waiting").json["items"]
    assert [one["number"] for one in listed] == ["1"]


def test_a_rejected_build_says_by_whom_and_why(gated: Scene) -> None:
    answer = gated.call("POST", f"{BUILD}/reject", {"label": "legal", "reason": "no license"})
    assert (answer.status_code, answer.json["status"]) == (200, "failed")
    assert answer.json["reason"].endswith(": no license")
    again = gated.call("POST", f"{BUILD}/approve", {"label": "legal"})
    assert (again.status_code, again.json["detail"]) == (409, "build gate#1 has ended: it is failed")


@pytest.mark.parametrize(
    ("action", "body", "status"),
    [
        ("approve", {}, 409),
        ("approve", {"label": "other"}, 404),
        ("approve", {"label": "release", "who": "me"}, 400),
        ("approve", {"label": "release", "reason": "x" * 1001}, 400),
        ("approve", {"label": 1}, 400),
        ("reject", {"label": "release"}, 400),
        ("reject", {"label": "release", "reason": ""}, 400),
        ("reject", {"label": "release", "reason": " \n"}, 400),
    ],
)
def test_what_cannot_be_a_vote_changes_nothing(gated: Scene, action: str, body: dict[str, object], status: int) -> None:
    answer = gated.call("POST", f"{BUILD}/{action}", body)
    assert answer.status_code == status, answer.text
    assert gated.call("GET", BUILD).json["status"] == "waiting"


def test_a_key_is_answered_once(gated: Scene) -> None:
    body = {"label": "legal", "reason": "no"}
    first, second = (gated.call("POST", f"{BUILD}/reject", body, {"Idempotency-Key": "k1"}) for _ in range(2))
    assert first.json == second.json


def test_a_build_shows_whether_people_were_told(scene: Scene) -> None:
    told = 'notification "slack" "team" {\n params { webhook_url = "http://127.0.0.1:1/" }\n}\n'
    gate = GATE.replace('"legal" {}', '"legal" {\n notify "slack" "team" {}\n }')
    assert scene.call("PUT", "", {"config": CONFIG + told + gate}).status_code == 200
    scene.call("POST", "jobs/gate/builds")
    assert ("checks", b"announce:1") in scene.bells.rung
    (found,) = scene.call("GET", BUILD).json["announcements"]
    assert found["reason"].startswith("no worker")
    del found["reason"]
    assert found == {"label": "legal", "notification": "slack.team", "status": "pending", "at": None}
    scene.call("POST", f"{BUILD}/reject", {"label": "legal", "reason": "no"})
    scene.services.scheduling.sweep()
    (found,) = scene.call("GET", BUILD).json["announcements"]
    assert (found["status"], found["reason"], found["at"][-1]) == ("dropped", "decided before it was sent", "Z")
