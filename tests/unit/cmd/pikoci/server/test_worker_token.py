from __future__ import annotations

import json
from pathlib import Path

import pytest

from pikoci.internal.domain.clock import SystemClock
from pikoci.internal.service.plumbing.settings import ServiceSettings
from pikoci.internal.service.plumbing.tokens import TokenService
from tests.unit.cmd.pikoci.conftest import Invoke

LONG = "a-secret-of-thirty-two-bytes-or-so"


def team_of(token: str, secret: str) -> str:
    return TokenService(secret, SystemClock(), ServiceSettings()).read_worker(token).team


def test_the_token_opens_a_server_with_this_secret(invoke: Invoke) -> None:
    result = invoke("worker-token", env={"JWT_SECRET": LONG})
    assert (result.status, result.err) == (0, "")
    assert team_of(result.out.strip(), LONG) == ""


def test_a_short_secret_works_with_a_warning_that_does_not_show_it(invoke: Invoke) -> None:
    result = invoke("worker-token", "--jwt-secret", "my-secret")
    assert result.status == 0
    assert "fewer than 32 bytes" in result.err
    assert "my-secret" not in result.err
    assert team_of(result.out.strip(), "my-secret") == ""


def test_a_secret_is_read_from_a_file_or_standard_input(invoke: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(f"{LONG}\n")
    from_file = invoke("worker-token", "--jwt-secret-file", str(path), "--team", "mobile")
    assert team_of(from_file.out.strip(), LONG) == "mobile"
    from_input = invoke("worker-token", "--jwt-secret-file", "-", input=LONG)
    assert team_of(from_input.out.strip(), LONG) == ""


def test_json_holds_the_token_alone(invoke: Invoke) -> None:
    result = invoke("worker-token", "--output", "json", env={"JWT_SECRET": LONG})
    assert set(json.loads(result.out)) == {"token", "team", "tags"}


@pytest.mark.parametrize(("given", "tags"), [((), None), (("--tags", "vpn,gpu"), ["gpu", "vpn"]), (("--tags", ""), [])])
def test_tags_bind_the_worker_and_none_given_leave_it_free(
    invoke: Invoke, given: tuple[str, ...], tags: list[str] | None
) -> None:
    result = invoke("worker-token", *given, "--output", "json", env={"JWT_SECRET": LONG})
    made = json.loads(result.out)
    opens = TokenService(LONG, SystemClock(), ServiceSettings()).read_worker(made["token"])
    assert (opens.tags, made["tags"]) == (tags, tags)
    assert opens.lacks(["gpu", "x"]) == ([] if tags is None else ["x"] if tags else ["gpu", "x"])


def test_what_is_no_tag_is_refused(invoke: Invoke) -> None:
    result = invoke("worker-token", "--tags", "gpu,a b", env={"JWT_SECRET": LONG})
    assert result.status == 1
    assert "'a b' is not a valid tag" in result.err


def test_a_missing_secret_is_told_with_the_ways_to_give_it(invoke: Invoke) -> None:
    result = invoke("worker-token")
    assert (result.status, result.out) == (1, "")
    assert "secret is missing" in result.err
    assert "JWT_SECRET" in result.err
