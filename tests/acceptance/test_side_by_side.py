"""Steps side by side and conditions, with a real server: as the API, the page and the command line show them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.pikoci import PASSWORD, PIKOCI, USER, PikociServer, running_server

PIPELINE = """
variable "gate" { type = string }

resource "trigger" "go" {}
resource "artifact" "one" {}

job "make" {
  in_parallel {
    get "trigger" "go" { trigger = true }
    task "one" {
      run "shell" { cmd = "echo from one; mkdir d; echo 1 > d/f; echo SIZE=12 >> $PIKOCI_OUTPUT" }
    }
    task "two" {
      run "shell" { cmd = "echo from two; until test -e '${var.gate}'; do sleep 0.05; done; echo end of two" }
    }
  }

  if "large" {
    condition = "$TASK_ONE_SIZE > 9 && !($GET_GO_DATE contains 'never')"
    put "artifact" "one" { dir = "d" }
  }
  else {
    task "nothing" {
      run "shell" { cmd = "exit 1" }
    }
  }
}

job "use" {
  in_parallel {
    fail_fast = true
    get "artifact" "one" {
      trigger = true
      passed  = ["make"]
    }
    get "trigger" "go" { passed = ["make"] }
  }
  task "look" {
    run "shell" { cmd = "cat one/f" }
  }
}
"""


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    return tmp_path / "gate"


@pytest.fixture
def server(tmp_path: Path, gate: Path) -> Iterator[PikociServer]:
    (tmp_path / "pipeline.hcl").write_text(PIPELINE)
    (tmp_path / "vars.json").write_text(json.dumps({"gate": str(gate)}))
    flags = [
        "--pipeline-name=app",
        f"--pipeline-config={tmp_path / 'pipeline.hcl'}",
        f"--vars={tmp_path / 'vars.json'}",
    ]
    with running_server(tmp_path, ["--db-system=sqlite", f"--db-name={tmp_path / 'pikoci.db'}", *flags]) as started:
        started.post("/teams/main/pipelines/app/resources/trigger.go/check")
        yield started


def wait_for_log(server: PikociServer) -> None:
    server.wait_for_build("app", "make", "1", "started")
    server.wait_for(lambda: "from two" in server.build_log("app", "make", "1"), "the log while it runs")


def client(server: PikociServer, tmp_path: Path, *arguments: str, text: str = "") -> str:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PIKOCI_URL": server.url}
    done = subprocess.run(
        [PIKOCI, "client", *arguments], env=env, input=text, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_version_goes_through_blocks_and_branches(server: PikociServer, gate: Path, tmp_path: Path) -> None:
    wait_for_log(server)
    running = {step["id"]: step["status"] for step in server.build("app", "make", "1")["steps"]}
    assert running["1"] == running["1/3"] == "started"
    gate.touch()
    made = server.wait_for_build("app", "make", "1", "succeeded", "failed", "errored")
    assert made["status"] == "succeeded", server.build_log("app", "make", "1")
    assert [(step["id"], step["kind"], step["name"], step["status"]) for step in made["steps"]] == [
        ("1", "in_parallel", "3 steps", "succeeded"),
        ("1/1", "get", "go", "succeeded"),
        ("1/2", "task", "one", "succeeded"),
        ("1/3", "task", "two", "succeeded"),
        ("2", "if", "large", "succeeded"),
        ("2/1", "put", "one", "succeeded"),
        ("3", "else", "", "skipped"),
        ("3/1", "task", "nothing", "skipped"),
    ]
    assert [one["get"] for one in made["inputs"]] == ["go"]
    assert [one["put"] for one in made["outputs"]] == ["one"]
    used = server.wait_for_build("app", "use", "1", "succeeded", "failed", "errored")
    assert used["status"] == "succeeded", server.build_log("app", "use", "1")
    assert {one["get"]: one["version"] for one in used["inputs"]}["go"] == made["inputs"][0]["version"]

    client(server, tmp_path, "login", "--user", USER, text=f"{PASSWORD}\n")
    lines = client(server, tmp_path, "builds", "follow", "app/make#1").splitlines()
    assert "task one | from one" in lines
    assert "task two | end of two" in lines
    assert "--- else: skipped: a branch before it was taken" in lines
    table = client(server, tmp_path, "builds", "show", "app/make#1").splitlines()
    assert any(line.startswith("  task") and " two " in line for line in table)
    page = server.http.get("/teams/main/pipelines/app/jobs/make/builds/1").text
    assert 'class="step in1" id="step-1:1/2"' in page
    assert page.index("step-1:1/2") < page.index("from one") < page.index("step-1:1/3") < page.index("from two")


def test_a_killed_server_takes_a_block_up_again(server: PikociServer, gate: Path, tmp_path: Path) -> None:
    wait_for_log(server)
    server.kill()
    server.start()
    gate.touch()
    build = server.wait_for_build("app", "make", "1", "succeeded", "failed", "errored")
    assert (build["status"], build["attempt"]) == ("succeeded", 2)
    assert {step["status"] for step in build["steps"] if step["attempt"] == 2} == {"succeeded", "skipped"}
    assert not list((tmp_path / "worker" / "builds").glob("1-*"))


def test_cancelling_ends_all_steps_of_a_block(server: PikociServer) -> None:
    wait_for_log(server)
    server.post("/teams/main/pipelines/app/jobs/make/builds/1/cancel")
    build = server.wait_for_build("app", "make", "1", "cancelled", "succeeded", "failed", "errored")
    assert build["status"] == "cancelled"
    found = {step["id"]: step["status"] for step in build["steps"]}
    assert found["1"] == found["1/3"] == "cancelled"
    assert found["1/2"] == "succeeded"
    assert found["2/1"] == found["3/1"] == "skipped"
