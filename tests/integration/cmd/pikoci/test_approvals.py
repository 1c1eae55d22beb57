"""Builds that wait for approval, through the program: with a real server, and without one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.integration.cmd.pikoci.conftest import Program, read_until
from tests.integration.cmd.pikoci.test_terminal import Terminal

PIPELINE = """
notification_type "own" {
  notify "shell" { cmd = "true" }
}
notification "own" "team" {}
job "ship" {
  approve "release" {
    notify "own" "team" {}
  }
  approve "legal" {
    timeout = "1h"
  }
  task "go" {
    run "shell" { cmd = "echo gone" }
  }
}
"""


@pytest.fixture
def job(client: Program, pipeline: str) -> str:
    """A job that asks for two approvals."""
    (client.home / "ship.hcl").write_text(PIPELINE)
    done = client("client", "pipelines", "set", "-p", f"{pipeline}-ship", "ship.hcl")
    assert done.returncode == 0, done.stderr
    return f"{pipeline}-ship/ship"


def test_a_build_is_followed_while_it_is_approved(client: Program, job: str) -> None:
    assert client("client", "jobs", "trigger", job).returncode == 0
    following = client.start("client", "builds", "follow", f"{job}#1")
    read_until(following, "Waiting: needs approval: release has 0 of 1 approvals, legal has 0 of 1 approvals")
    done = client("client", "builds", "approve", f"{job}#1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "waits for several approvals" in done.stderr
    assert "release, legal" in done.stderr
    done = client("client", "builds", "approve", f"{job}#1", "--label", "legal", "--reason", "read it")
    assert done.stdout == f"You approve main/{job}#1; it needs approval: release has 0 of 1 approvals.\n"
    shown = client("client", "builds", "show", f"{job}#1").stdout
    assert [line.split() for line in shown.splitlines() if "of 1" in line and "needs" not in line] == [
        ["release", "0", "of", "1", "-", "-", "-"],
        ["legal", "1", "of", "1", "alice", "yes", "read", "it"],
    ]
    (told,) = [line.split() for line in shown.splitlines() if line.startswith("own.team")]
    assert told[:3] in (["own.team", "release", "sent"], ["own.team", "release", "pending"])
    done = client("client", "builds", "approve", f"{job}#1", "-l", "release", "--output", "json")
    assert json.loads(done.stdout)["status"] == "pending"
    lines = read_until(following, "gone")
    assert "Waiting: needs approval: release has 0 of 1 approvals" in lines
    assert following.wait(60) == 0, lines
    assert following.stdout is not None
    following.stdout.close()


def test_a_rejected_build_has_failed_for_who_follows_it(client: Program, job: str) -> None:
    client("client", "jobs", "trigger", job)
    done = client("client", "builds", "reject", f"{job}#1", "-l", "legal")
    assert done.returncode == 2
    assert "--reason" in done.stderr
    done = client("client", "builds", "reject", f"{job}#1", "-l", "legal", "--reason", "no license")
    assert done.stdout == f"main/{job}#1 is rejected, and has failed.\n"
    done = client("client", "builds", "follow", f"{job}#1")
    assert done.returncode == 1
    assert "legal was rejected by alice: no license" in done.stdout
    done = client("client", "builds", "approve", f"{job}#1", "-l", "legal")
    assert done.returncode == 1
    assert "has ended: it is failed" in done.stderr


@pytest.mark.parametrize("command", [["approve"], ["reject", "--reason", "no"]])
def test_a_vote_names_its_build(client: Program, job: str, command: list[str]) -> None:
    done = client("client", "builds", *command, job)
    assert done.returncode == 2
    assert "Say which build" in done.stderr


def test_without_a_server_and_a_terminal_the_flag_is_needed(program: Program) -> None:
    (program.home / "ship.hcl").write_text(PIPELINE)
    done = program("run", "-p", "ship.hcl", "-j", "ship")
    assert (done.returncode, done.stdout) == (1, "")
    assert "job ship needs approval: release, legal" in done.stderr
    assert "--approve" in done.stderr
    done = program("run", "-p", "ship.hcl", "-j", "ship", "--approve")
    assert done.returncode == 0, done.stderr
    assert "gone" in done.stdout.splitlines()


@pytest.fixture
def terminal(program: Program) -> Iterator[Terminal]:
    (program.home / "ship.hcl").write_text(PIPELINE)
    with closing(Terminal(program, "run", "-p", "ship.hcl", "-j", "ship")) as found:
        yield found


def test_at_a_terminal_each_approval_is_asked_for(terminal: Terminal) -> None:
    terminal.read_until(b"Approve release, and run job ship? [y/N]: ")
    terminal.type(b"y\n")
    terminal.read_until(b"Approve legal, and run job ship? [y/N]: ")
    terminal.type(b"y\n")
    terminal.read_until(b"gone")
    terminal.read_until(b"")
    assert terminal.process.wait(30) == 0


def test_who_says_no_runs_nothing(terminal: Terminal) -> None:
    terminal.read_until(b"Approve release, and run job ship? [y/N]: ")
    terminal.type(b"\n")
    terminal.read_until(b"job ship is not approved: release")
    terminal.read_until(b"")
    assert terminal.process.wait(30) == 1
    assert b"gone" not in terminal.seen
