"""API tokens and sessions on the command line."""

from __future__ import annotations

import json
import re

import pytest

from pikoci.internal.domain.api_tokens import is_whole
from tests.integration.cmd.pikoci.conftest import PASSWORD, USER, Program


def make(client: Program, name: str, *limits: str) -> str:
    done = client("client", "tokens", "create", name, *limits)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_token_stands_alone_on_standard_output(client: Program, pipeline: str) -> None:
    done = client("client", "tokens", "create", "alone", "-p", pipeline, "--role", "read", "--expires", "30d")
    assert is_whole(done.stdout.removesuffix("\n"))
    opens = (
        rf"The token alone is for main/{pipeline}, role read; it expires 2\d{{3}}-.* UTC\. It is not shown again\.\n"
    )
    assert (done.returncode, bool(re.fullmatch(opens, done.stderr))) == (0, True), done.stderr
    shown = client("client", "tokens", "list").stdout
    assert re.search(rf"alone +main/{pipeline}, role read +.*UTC +never", shown)
    assert done.stdout.strip() not in shown


def test_a_robot_works_with_the_variable(client: Program, pipeline: str) -> None:
    token = make(client, "robot", "--pipeline", f"main/{pipeline}", "--read-only")
    robot = Program(client.home / "elsewhere", {"PIKOCI_TOKEN": token, "PIKOCI_URL": _server(client)})
    robot.home.mkdir()
    said = robot("client", "whoami").stdout
    assert re.search(r"token: +robot, role write", said)
    refused = robot("client", "jobs", "trigger", f"{pipeline}/quick")
    assert (refused.returncode, "the token robot is for reading only" in refused.stderr) == (1, True)
    assert client("client", "tokens", "delete", "robot").returncode == 0
    refused = robot("client", "whoami")
    assert (refused.returncode, token in refused.stderr) == (1, False)
    assert "refuses the token in the variable PIKOCI_TOKEN: the API token is not valid here" in refused.stderr


def _server(client: Program) -> str:
    kept = json.loads((client.home / "config" / "pikoci" / "client.json").read_text())
    return str(kept["current"])


@pytest.mark.parametrize("by_file", [True, False])
def test_a_login_keeps_a_token_and_a_logout_forgets_it(client: Program, server: str, *, by_file: bool) -> None:
    name = f"kept-{by_file}"
    token = make(client, name)
    robot = Program(client.home / "robot")
    robot.home.mkdir()
    if by_file:
        (robot.home / "token").write_text(f"{token}\n")
        done = robot("client", "login", "--url", server, "--token-file", "token")
    else:
        done = robot("client", "login", "--url", server, "--token-file", "-", text=f"{token}\n")
    assert (done.returncode, done.stdout) == (0, f"Logged in to {server} as {USER}, with the token {name}.\n")
    assert robot("client", "logout").returncode == 0
    assert robot("client", "login", "--url", server, "--token-file", "-", text=token).returncode == 0  # good still


@pytest.mark.parametrize(
    ("text", "said"),
    [("hunter2", "holds no API token"), ("", "holds no API token"), (None, "the API token is not valid")],
)
def test_what_is_no_token_is_not_kept(program: Program, server: str, text: str | None, said: str) -> None:
    unknown = "pko_" + "A" * 43 + "DCtZhg"
    done = program("client", "login", "--url", server, "--token-file", "-", text=unknown if text is None else text)
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr
    assert "hunter2" not in done.stderr
    assert not (program.home / "config").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tokens", "create", "x", "--expires", "soon"), "is not a duration"),
        (("tokens", "create", "x", "--expires", "0"), "at least a second"),
        (("tokens", "create", "x", "--role", "owner"), "is not one of"),
        (("sessions", "end"), "either the id of a session or --all"),
        (("sessions", "end", "abc", "--all"), "either the id of a session or --all"),
        (("login", "--user", "x", "--token-file", "-"), "exclude each other"),
    ],
)
def test_a_wrong_line_is_told(program: Program, arguments: tuple[str, ...], said: str) -> None:
    done = program("client", *arguments)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr


def test_a_token_that_is_not_there_is_told_with_one_that_is(client: Program) -> None:
    make(client, "deploy", "--team", "main")
    done = client("client", "tokens", "delete", "deplyo")
    assert done.stderr == "Error: there is no token deplyo\nHint: did you mean deploy?\n"
    never = client("client", "tokens", "create", "never", "--expires", "never")
    assert (never.returncode, "last at most 8760h" in never.stderr) == (1, True)


def test_sessions_are_listed_and_ended(client: Program, server: str) -> None:
    other = Program(client.home / "other")
    other.home.mkdir()
    assert other("client", "login", "--url", server, "--user", USER, text=f"{PASSWORD}\n").returncode == 0
    kept = json.loads(client("client", "sessions", "list", "--output", "json").stdout)["items"]
    assert sum(one["is_current"] for one in kept) == 1
    assert kept[0]["client"] == "pikoci"
    assert " (this one)" in client("client", "sessions", "list").stdout
    (ended,) = [
        one["id"]
        for one in json.loads(other("client", "sessions", "list", "--output", "json").stdout)["items"]
        if one["is_current"]
    ]
    assert client("client", "sessions", "end", ended).returncode == 0
    refused = other("client", "whoami")
    assert (refused.returncode, "this session has ended" in refused.stderr) == (1, True)
    assert client("client", "sessions", "end", "--all").stdout == "Ended all other sessions.\n"
    assert len(json.loads(client("client", "sessions", "list", "--output", "json").stdout)["items"]) == 1
