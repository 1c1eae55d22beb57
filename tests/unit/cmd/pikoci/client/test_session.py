from __future__ import annotations

from pathlib import Path

import pytest

from pikoci.client.logins import Login, LoginStore
from pikoci.client.session import choose_server
from tests.unit.cmd.pikoci.conftest import Invoke

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def logins(tmp_path: Path) -> LoginStore:
    return LoginStore(tmp_path)


def test_the_default_server_is_the_local_one(logins: LoginStore) -> None:
    assert choose_server("", logins) == ("http://localhost:8080", "")


def test_the_server_of_the_last_login_comes_next(logins: LoginStore) -> None:
    logins.keep("https://ci", Login("alice", "token"))
    assert choose_server("", logins) == ("https://ci", "token")


def test_a_given_server_gets_its_own_token_only(logins: LoginStore) -> None:
    logins.keep("https://ci", Login("alice", "token"))
    assert choose_server("https://ci/", logins) == ("https://ci", "token")
    assert choose_server("other:9", logins) == ("http://other:9", "")


def test_a_token_from_the_environment_beats_the_login(logins: LoginStore, monkeypatch: pytest.MonkeyPatch) -> None:
    logins.keep("https://ci", Login("alice", "token"))
    monkeypatch.setenv("PIKOCI_TOKEN", "other")
    assert choose_server("", logins) == ("https://ci", "other")


@pytest.mark.parametrize("url", ["ftp://x", "http://user:hunter2@ci", "http://ci?x=1", "http://ci:99999"])
def test_what_cannot_be_a_server_is_one_clear_error_without_a_password(invoke: Invoke, url: str) -> None:
    result = invoke("client", "whoami", "--url", url)
    assert (result.status, result.out) == (1, "")
    assert "server address" in result.err
    assert "hunter2" not in result.err


def test_a_server_that_is_away_is_one_clear_error(invoke: Invoke) -> None:
    result = invoke("client", "pipelines", "list", env={"PIKOCI_URL": NOWHERE})
    assert (result.status, result.out) == (1, "")
    assert result.err == (
        f"Error: {NOWHERE} cannot be reached: Connection refused\n"
        "Hint: is the server running? --url names another one\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("nope",),
        ("jobs", "lst"),
        ("jobs", "list"),
        ("jobs", "trigger", "-p", "a", "-j", "b", "--input", "x"),
        ("resources", "pin", "-p", "a", "-r", "git.x", "zero"),
        ("builds", "list", "-p", "a", "-j", "b", "--limit", "0"),
        ("pipelines", "set", "-n", "a", "missing.hcl"),
        ("whoami", "--output", "yaml"),
    ],
)
def test_a_wrong_command_line_ends_with_2(invoke: Invoke, arguments: tuple[str, ...]) -> None:
    result = invoke("client", *arguments, env={"PIKOCI_URL": NOWHERE})
    assert (result.status, result.out) == (2, "")


@pytest.mark.parametrize("token", ["two words", "caf\u00e9", "two\nlines"])
def test_what_cannot_be_a_token_is_refused_by_the_name_of_its_variable(invoke: Invoke, token: str) -> None:
    result = invoke("client", "whoami", env={"PIKOCI_URL": NOWHERE, "PIKOCI_TOKEN": token})
    assert (result.status, result.err.splitlines()) == (
        1,
        [
            "Error: what the variable PIKOCI_TOKEN holds cannot be a token",
            "Hint: put a token into it, or `unset PIKOCI_TOKEN` to use the login",
        ],
    )
