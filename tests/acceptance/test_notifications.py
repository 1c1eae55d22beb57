"""A server's builds tell what they do: at steps, in hooks, and at their end."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.pikoci import PASSWORD, PIKOCI, USER, PikociServer, running_server
from tests.services.receiver import Receiver, receiving

BUILD = "/teams/main/pipelines/app/jobs/unit/builds/1"
FLAGS = ["--db-system=sqlite", "--db-name=pikoci.db"]
CONFIG = """
variable "chat" {
  sensitive = true
}
variable "hook" {
  sensitive = true
}
variable "gate" {}

notification_type "file" {
  params = ["path"]
  notify "shell" { cmd = "echo \\"$notify_color $NOTIFY_MESSAGE\\" >> \\"$param_path\\"; echo written" }
}
notification "file" "note" {
  params { path = "${var.gate}.note" }
}
notification "slack" "chat" {
  params { webhook_url = var.chat }
  message = "$BUILD_JOB_NAME is $BUILD_STATUS: $TASK_TEST_FOUND"
  on      = ["failure", "cancel"]
}
notification "webhook" "down" {
  params { url = var.hook }
  on = ["all"]
}

job "unit" {
  notify "file" "note" {
    message = "begins"
    color   = "red"
  }
  notify "webhook" "down" {}
  task "test" {
    run "shell" { cmd = "echo FOUND=2 >> $PIKOCI_OUTPUT; until test -e ${var.gate}; do sleep 0.05; done" }
  }
  task "fail" {
    run "shell" { cmd = "exit 1" }
  }
  ensure {
    notify "file" "note" { message = "$BUILD_STATUS" }
  }
}
"""


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def server(receiver: Receiver, tmp_path: Path) -> Iterator[PikociServer]:
    with receiving(receiver) as address, running_server(tmp_path, FLAGS) as started:
        variables = {
            "chat": f"{address}/ok/T00/B00/a-secret-word",
            "hook": f"{address}/broken/another-secret",
            "gate": str(tmp_path / "gate"),
        }
        answer = started.http.put("/api/v1/teams/main/pipelines/app", json={"config": CONFIG, "vars": variables})
        assert answer.is_success, answer.text
        started.post("/teams/main/pipelines/app/jobs/unit/builds", {})
        yield started


def chats(receiver: Receiver) -> list[object]:
    return [json.loads(request.body) for request in receiver.requests if request.path.startswith("/ok/")]


def test_a_failed_build_tells_so_and_shows_what_it_told(
    server: PikociServer, receiver: Receiver, tmp_path: Path
) -> None:
    (tmp_path / "gate").touch()
    build = server.wait_for_build("app", "unit", "1", "failed", "succeeded", "errored")
    assert (build["status"], build["reason"]) == ("failed", 'task "fail": exit status 1')
    assert (tmp_path / "gate.note").read_text() == "red begins\n failed\n"
    steps = {step["id"]: (step["kind"], step["name"], step["status"]) for step in build["steps"]}
    assert steps["1"] == ("notify", "note", "succeeded")
    assert steps["2"] == ("notify", "down", "failed")
    assert steps["3"] == ("task", "test", "succeeded")
    assert steps["ensure/1/1"] == ("notify", "note", "succeeded")
    assert steps["notify/1"] == ("notify", "chat", "succeeded")
    assert steps["notify/2"] == ("notify", "down", "failed")
    assert chats(receiver) == [{"text": "unit is failed: 2"}]
    assert sum(request.path.startswith("/broken/") for request in receiver.requests) == 4
    told = server.build_log("app", "unit", "1") + json.dumps(build)
    assert "attempt 3/3" in told
    assert "not sent, which changes nothing else: the server answered 500" in told
    assert "secret" not in told

    login = [PIKOCI, "client", "login", "--url", server.url, "--user", USER]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    subprocess.run(login, input=f"{PASSWORD}\n", text=True, check=True, env=environment, capture_output=True)
    shown = subprocess.run(
        [PIKOCI, "client", "builds", "log", "-p", "app", "-j", "unit", "1", "--follow"],
        text=True,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert "notify chat" in shown.stdout, shown.stderr
    assert "secret" not in shown.stdout


def test_a_cancelled_build_tells_so(server: PikociServer, receiver: Receiver) -> None:
    server.wait_for(lambda: "written" in server.build_log("app", "unit", "1"), "the build to begin")
    server.post(f"{BUILD}/cancel")
    server.wait_for_build("app", "unit", "1", "cancelled")
    assert chats(receiver) == [{"text": "unit is cancelled: "}]


def test_a_build_whose_server_was_killed_while_it_told_runs_again(
    server: PikociServer, receiver: Receiver, tmp_path: Path
) -> None:
    (tmp_path / "gate").touch()
    server.wait_for(lambda: chats(receiver), "the message")
    assert server.build("app", "unit", "1")["status"] == "started"
    server.kill()
    server.start()
    build = server.wait_for_build("app", "unit", "1", "failed", "succeeded", "errored")
    assert (build["status"], build["reason"]) == ("failed", 'task "fail": exit status 1')
    assert chats(receiver) == [{"text": "unit is failed: 2"}] * 2
