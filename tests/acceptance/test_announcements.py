"""A build that waits for approval is announced: a real server, real workers, and what is sent to."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.farm import Farm
from tests.services.pikoci import PikociServer, running_server
from tests.services.receiver import Receiver, receiving

CONFIG = """
variable "address" {}
variable "folder" {}
variable "token" {
  secret "pikoci" { key = "TOKEN" }
}

notification_type "file" {
  params = ["token"]
  notify "shell" {
    cmd = "echo $NOTIFY_MESSAGE, $BUILD_STATUS, $param_token >> ${var.folder}/told"
  }
}
notification "file" "told" {
  params { token = var.token }
}
notification "webhook" "team" {
  params { url = "${var.address}/ok/" }
}
notification "webhook" "down" {
  params { url = "${var.address}/broken/" }
}

job "deploy" {
  concurrency = 1
  approve "release" {
    notify "file" "told" {}
    notify "webhook" "team" { message = "$BUILD_URL asks for you" }
    notify "webhook" "down" {}
  }
  task "deploy" {
    run "shell" { cmd = "until test -e ${var.folder}/gate; do sleep 0.05; done" }
  }
}
"""
SLOW = """
variable "folder" {}
notification_type "slow" {
  notify "shell" {
    cmd = "echo $NOTIFY_MESSAGE >> ${var.folder}/told; until test -e ${var.folder}/gate; do sleep 0.05; done"
  }
}
notification "slow" "team" {}
job "deploy" {
  approve "release" {
    notify "slow" "team" {}
  }
  task "deploy" {
    run "shell" { cmd = "true" }
  }
}
"""
DEPLOY = "/teams/main/pipelines/app/jobs/deploy/builds"


def settled(server: PikociServer, number: str) -> list[dict[str, Any]]:
    """The announcements of a build, when none is to be sent any more."""

    def found() -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = server.get(f"{DEPLOY}/{number}")["announcements"]
        return told if all(one["status"] != "pending" for one in told) else []

    return server.wait_for(found, f"the announcements of build {number}")


def said(server: PikociServer, number: int) -> str:
    """What is said of a build where no message is given, in one line."""
    address = f"{server.url}/teams/main/pipelines/app/jobs/deploy/builds/{number}"
    return f"main/app/deploy#{number} waits for approval: release has 0 of 1 approvals {address}"


def lines(folder: Path) -> list[str]:
    told = folder / "told"
    return told.read_text().splitlines() if told.exists() else []


def test_people_hear_of_each_build_that_waits_also_while_another_has_the_slot(tmp_path: Path) -> None:
    receiver = Receiver()
    flags = ["--db-system=sqlite", f"--db-name={tmp_path / 'pikoci.db'}", "--secret-key=" + "k" * 40]
    with receiving(receiver) as address, running_server(tmp_path, flags) as server:
        variables = {"address": address, "folder": str(tmp_path)}
        server.http.put("/api/v1/teams/main/secrets/TOKEN", json={"value": "hunter22"}).raise_for_status()
        server.http.put(
            "/api/v1/teams/main/pipelines/app", json={"config": CONFIG, "vars": variables}
        ).raise_for_status()
        server.post(DEPLOY)
        told = settled(server, "1")
        assert [(one["notification"], one["label"], one["status"]) for one in told] == [
            ("file.told", "release", "sent"),
            ("webhook.team", "release", "sent"),
            ("webhook.down", "release", "failed"),
        ]
        assert told[2]["reason"].startswith("the server answered 500")
        assert server.get(f"{DEPLOY}/1")["status"] == "waiting"
        server.post(f"{DEPLOY}/1/approve", {})
        server.wait_for_build("app", "deploy", "1", "started")
        server.post(DEPLOY)
        assert [one["status"] for one in settled(server, "2")] == ["sent", "sent", "failed"]
        page = server.http.get("/teams/main/pipelines/app/jobs/deploy/builds/2", follow_redirects=True).text
        (tmp_path / "gate").touch()
        server.wait_for_build("app", "deploy", "1", "succeeded")
    assert lines(tmp_path) == [f"{said(server, number)}, waiting, hunter22" for number in (1, 2)]
    messages = [json.loads(one.body)["message"] for one in receiver.requests if one.path == "/ok/"]
    assert [message.rpartition("/")[2] for message in messages] == ["1 asks for you", "2 asks for you"]
    assert len([one for one in receiver.requests if one.path == "/broken/"]) == 6
    assert "hunter22" not in server.log.read_text() + page


@pytest.fixture
def farm(tmp_path: Path, nats_address: str) -> Iterator[Farm]:
    made = Farm(tmp_path, "nats", nats_address)
    try:
        made.server.start()
        yield made
    finally:
        made.stop()
    assert made.leftovers() == []


def test_a_worker_that_is_killed_in_between_has_it_sent_again(farm: Farm, tmp_path: Path) -> None:
    first = farm.worker("first")
    farm.set_pipeline("app", SLOW, {"folder": str(tmp_path)})
    farm.server.post(DEPLOY)
    farm.server.wait_for(lambda: lines(tmp_path), "the first worker to send")
    first.signal(signal.SIGKILL)
    farm.worker("second")
    farm.server.wait_for(lambda: len(lines(tmp_path)) == 2, "the second worker to send")
    (tmp_path / "gate").touch()
    (told,) = settled(farm.server, "1")
    assert told["status"] == "sent"
    assert lines(tmp_path) == [said(farm.server, 1)] * 2
    assert farm.server.get(f"{DEPLOY}/1")["status"] == "waiting"


def test_a_build_that_was_decided_before_a_worker_came_is_announced_to_nobody(farm: Farm, tmp_path: Path) -> None:
    farm.set_pipeline("app", SLOW, {"folder": str(tmp_path)})
    farm.server.post(DEPLOY)
    farm.server.post(DEPLOY)
    farm.server.post(f"{DEPLOY}/1/reject", {"reason": "not today"})
    (tmp_path / "gate").touch()
    farm.worker("late")
    assert [one["status"] for one in settled(farm.server, "2")] == ["sent"]
    assert [(one["status"], one["reason"]) for one in settled(farm.server, "1")] == [
        ("dropped", "decided before it was sent")
    ]
    assert lines(tmp_path) == [said(farm.server, 2)]


def test_a_server_that_was_killed_after_it_began_to_wait_sends_it_later(tmp_path: Path) -> None:
    flags = ["--db-system=sqlite", f"--db-name={tmp_path / 'pikoci.db'}"]
    with running_server(tmp_path, flags) as server:
        body = {"config": SLOW, "vars": {"folder": str(tmp_path)}}
        server.http.put("/api/v1/teams/main/pipelines/app", json=body).raise_for_status()
        server.post(DEPLOY)
        server.wait_for(lambda: lines(tmp_path), "the message")
        server.kill()
        (tmp_path / "gate").touch()
        server.start()
        assert [one["status"] for one in settled(server, "1")] == ["sent"]
