"""Both forms of what commands print. In this process, because there are many; the server is a real one."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from pikoci.cli import cli
from tests.integration.cmd.pikoci.conftest import Program

LISTS = [
    "pipelines list",
    "jobs list -p {0}",
    "builds list -p {0} -j broken",
    "resources list -p {0}",
    "resources versions -p {0} -r trigger.start",
    "workers list",
    "queues list",
    "users list",
    "teams list",
    "teams members",
]
OBJECTS = [
    "whoami",
    "version",
    "pipelines badge -p {0}",
    "pipelines show -p {0}",
    "pipelines source -p {0}",
    "pipelines graph -p {0}",
    "pipelines pause -p {0}",
    "pipelines unpause -p {0}",
    "pipelines publish -p {0}",
    "pipelines unpublish -p {0}",
    "jobs show -p {0} -j quick",
    "jobs pause -p {0} -j quick",
    "jobs unpause -p {0} -j quick",
    "builds show -p {0} -j broken",
    "builds log -p {0} -j broken",
    "resources show -p {0} -r trigger.start",
    "resources webhook-token -p {0} -r trigger.start",
]


def test_every_command_prints_text_and_one_json_document(client: Program, pipeline: str) -> None:
    runner = CliRunner(env={"PIKOCI_URL": None, "PIKOCI_TOKEN": None, **client.environment})
    runner.invoke(cli, ["client", "jobs", "trigger", "-p", pipeline, "-j", "broken", "-f"])
    for template in (*LISTS, *OBJECTS):
        arguments = ["client", *template.format(pipeline).split()]
        text = runner.invoke(cli, arguments, catch_exceptions=False)
        assert (text.exit_code, text.stderr) == (0, ""), template
        assert text.stdout.endswith("\n")
        assert "\x1b" not in text.stdout
        document = json.loads(runner.invoke(cli, [*arguments, "--output", "json"], catch_exceptions=False).stdout)
        assert isinstance(document, dict)
        assert isinstance(document.get("items", []), list)
        assert ("items" in document) is (template in LISTS)


@pytest.mark.parametrize("setting", ["", "1"])
def test_colours_are_for_terminals_without_no_color(client: Program, pipeline: str, setting: str) -> None:
    runner = CliRunner(env={"PIKOCI_URL": None, "PIKOCI_TOKEN": None, "NO_COLOR": setting, **client.environment})
    shown = runner.invoke(cli, ["client", "jobs", "list", "-p", pipeline], color=True, catch_exceptions=False)
    assert ("\x1b" in shown.stdout) is (setting == "")


def test_people_teams_and_workers_are_changed(client: Program) -> None:
    runner = CliRunner(env={"PIKOCI_URL": None, "PIKOCI_TOKEN": None, **client.environment})

    def run(arguments: str, text: str = "") -> str:
        done = runner.invoke(cli, ["client", *arguments.split()], input=text, catch_exceptions=False)
        assert (done.exit_code, done.stderr) == (0, ""), arguments
        return done.stdout

    assert run("teams create mobile") == "Made the team mobile.\n"
    assert run("users create carol", "a good password\n") == "Made the user carol.\n"
    run("teams add-member carol --team mobile --role maintain")
    assert "carol  maintain" in run("teams members --team mobile")
    run("teams remove-member carol --team mobile")
    assert run("teams members --team mobile") == "The team mobile has no members.\n"
    worker = json.loads(run("workers list --output json"))["items"][0]["name"]
    assert run(f"workers cordon {worker}") == f"{worker} is told to take nothing new.\n"
    assert json.loads(run("workers list --output json"))["items"][0]["wanted"] == "cordoned"
    assert run(f"workers uncordon {worker} --output json") == "{}\n"


def test_worker_tokens_are_made_and_revoked(client: Program) -> None:
    runner = CliRunner(env={"PIKOCI_URL": None, "PIKOCI_TOKEN": None, **client.environment})

    def run(arguments: str, text: str = "", status: int = 0) -> str:
        done = runner.invoke(cli, ["client", "worker-tokens", *arguments.split()], input=text)
        assert done.exit_code == status, (arguments, done.output)
        return done.stdout

    token = run("create").strip()
    made = json.loads(run("create --team main --output json"))
    listed = run("list")
    assert made["id"] in listed
    assert token not in listed
    assert run("revoke", f"{token}\n").startswith("Revoked the worker token ")
    assert run(f"revoke {made['id']}") == f"Revoked the worker token {made['id']}.\n"
    assert all(one["revoked_at"] for one in json.loads(run("list --output json"))["items"])
    run("revoke", "a.b.c\n", status=1)
