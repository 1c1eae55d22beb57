"""Forges that refuse, limit, fail, lie or are slow: one reason each, and never the token in it."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from pikoci.internal.domain.plan import Resource
from tests.integration.internal.worker.resources.pull_site import TOKEN, Site
from tests.integration.internal.worker.resources.upstream import GIT, Repository, pull
from tests.services.certificates import AUTHORITY, make_certificates
from tests.services.forge import ForgeHost, served_forge
from tests.services.git_http import GitHost
from tests.unit.internal.worker.bench_room import Room, wait_until

Answer = tuple[str, dict[str, str], bytes]


def answering(site: Site, status: str, headers: dict[str, str] | None = None, body: bytes = b"[]") -> None:
    site.host.respond = lambda _: (status, headers or {}, body)


def reason(room: Room, site: Site, **params: object) -> str:
    result = room.check(site.resource(**params), GIT)
    assert result.versions == []
    assert TOKEN not in result.error
    error: str = result.error
    return error


def limits() -> list[tuple[str, dict[str, str], float]]:
    """Answers that ask to be left alone, and for about how long."""
    soon = str(int(time.time()) + 600)
    return [
        ("429 Too Many Requests", {"Retry-After": "120"}, 120),
        ("429 Too Many Requests", {}, 60),
        ("403 Forbidden", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": soon}, 600),
        ("403 Forbidden", {"Retry-After": "30"}, 30),
        ("429 Too Many Requests", {"RateLimit-Remaining": "0", "RateLimit-Reset": soon}, 600),
        ("503 Service Unavailable", {"Retry-After": "40"}, 40),
        ("429 Too Many Requests", {"Retry-After": "7200"}, 3600),
        ("403 Forbidden", {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9" * 40}, 60),
    ]


@pytest.mark.parametrize("place", range(8))
def test_a_forge_that_limits_is_left_alone_until_then(room: Room, github: Site, place: int) -> None:
    status, headers, seconds = limits()[place]
    answering(github, status, headers)
    before = time.time()
    said = reason(room, github)
    match = re.fullmatch(
        rf"GitHub limits how often it is asked \(status {status[:3]}\); it is left alone until (.+)", said
    )
    assert match, said
    until = time.mktime(time.strptime(match[1], "%Y-%m-%d %H:%M:%S UTC")) - time.timezone
    assert before + seconds - 2 <= until <= time.time() + seconds + 2
    github.host.respond = None
    assert reason(room, github) == said
    assert len(github.host.asked) == 1
    github.open(1)
    assert [version["pr"] for version in room.check(github.resource(token="another"), GIT).versions] == ["1"]


def test_a_forge_is_asked_again_afterwards(room: Room, github: Site) -> None:
    github.open(1)
    answering(github, "429 Too Many Requests", {"Retry-After": "1"})
    assert "limits" in reason(room, github)
    github.host.respond = None
    wait_until(lambda: room.check(github.resource(), GIT).error == "")


def test_a_limit_that_is_reached_is_heeded_before_it_is_overrun(room: Room, github: Site) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 600)}
    answering(github, "200 OK", headers)
    assert room.check(github.resource(), GIT).error == ""
    assert "answered as often as it likes" in reason(room, github)
    assert len(github.host.asked) == 1


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        ("401 Unauthorized", b"", "GitHub does not take the token (status 401): it is wrong or has run out"),
        ("403 Forbidden", b"{}", "GitHub does not let this token read pull requests (status 403)"),
        (
            "404 Not Found",
            b"{}",
            'GitHub has no repository "owner/app", or the token may not see it (status 404)',
        ),
        ("500 Oops", b"", "GitHub answered 500"),
        ("302 Found", b"", "GitHub answered 302; is api_url right?"),
        ("200 OK", b"<html>", "GitHub's answer cannot be read: it is no JSON"),
        ("200 OK", b"\xff", "GitHub's answer cannot be read: it is no JSON"),
        ("200 OK", b'[{"x":' + b"[" * 100_000, "GitHub's answer cannot be read: it is no JSON"),
        ("200 OK", b"{}", "GitHub's answer cannot be read: Expected `array`, got `object`"),
        (
            "200 OK",
            b'[{"number": 1, "title": "", "head": {"ref": "x", "sha": "--upload-pack=x"}, "base": {}}]',
            "GitHub's answer cannot be read: Expected `str` matching regex '^([0-9a-f]{40}|[0-9a-f]{64})$'",
        ),
        (
            "200 OK",
            b'[{"number": -1}]',
            "GitHub's answer cannot be read: Expected `int` >= 1 - at `$[0].number`",
        ),
        ("200 OK", b" " * (17 * 1024 * 1024), "cannot ask GitHub: the answer has more than 16,777,216 bytes"),
    ],
    ids=lambda value: value.split(" ")[0] if isinstance(value, str) else "",
)
def test_each_bad_answer_has_one_reason(room: Room, github: Site, status: str, body: bytes, said: str) -> None:
    answering(github, status, body=body)
    assert reason(room, github).partition(" - at `$[0].head")[0] == said


def test_a_private_repository_wants_a_token(room: Room, github: Site) -> None:
    answering(github, "401 Unauthorized")
    assert reason(room, github, token="") == "GitHub wants a token (status 401); give the resource one"


def test_a_check_that_is_stopped_hangs_up(room: Room, github: Site) -> None:
    def never(_: dict[str, Any]) -> Answer:
        wait_until(lambda: bool(room.gateway.results), 60.0)
        return "200 OK", {}, b"[]"

    github.host.respond = never
    result = room.check(github.resource(), GIT, timeout=0.5)
    assert "timed out" in result.error


def test_a_redirect_elsewhere_does_not_take_the_token_along(room: Room, site: Site, other: Site) -> None:
    site.open(1)
    place = site.host.asked

    def led(environ: dict[str, Any]) -> Answer:
        query = f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
        return "302 Found", {"Location": f"{other.address}{query}"}, b""

    site.host.respond = led
    room.check(site.resource(), GIT)
    assert len(place) == 1
    assert len(other.host.asked) == 1
    assert TOKEN not in str(other.host.asked)


def test_a_repository_of_no_forge(room: Room, upstream: Repository) -> None:
    said = "the url does not tell which forge has the pull requests; give a provider: github, gitlab, gitea, forgejo"
    for url in ("https://git.example.com/owner/app", str(upstream.path)):
        result = room.check(Resource(type="git", name="repo", params={"url": url, "pr": True}), GIT)
        assert result.error == said


def test_a_version_that_names_no_pull_request(room: Room, github: Site) -> None:
    version: dict[str, object] = {"ref": github.first, "pr": "1 --upload-pack=x"}
    record = pull(room, github.resource(), version, "true")
    assert record.end.status == "failed"
    assert "names no pull request" in record.reason("1")


def test_the_repository_may_be_down_where_the_api_is_up(room: Room, github: Site) -> None:
    github.open(1)
    github.host.git = GitHost(github.host.git.root, login="Basic nobody")
    assert "git fetch failed" in reason(room, github)


def test_a_forge_with_an_authority_of_its_own(room: Room, tmp_path: Path, git: str, upstream: Repository) -> None:
    make_certificates(tmp_path)
    host = ForgeHost(GitHost(tmp_path / "served"))
    host.git.root.mkdir()
    with served_forge(host, tmp_path) as address:
        site = Site(host, address, upstream, "github")
        site.open(1)
        assert reason(room, site).startswith("cannot ask GitHub: the server's certificate is not trusted")
        authority = (tmp_path / AUTHORITY).read_text()
        [version] = room.check(site.resource(ca_cert=authority), GIT).versions
        assert pull(room, site.resource(ca_cert=authority), version, "cat repo/file").log("2") == b"1 change it"
