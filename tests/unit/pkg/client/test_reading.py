"""Addresses, tokens and events, as the client reads them."""

from collections.abc import Iterable
from random import Random

import pytest

from pikoci.pkg.client import ApiError, Client, ClientError, RetryPolicy, events
from pikoci.pkg.client.events import read_events
from pikoci.pkg.client.retry import may_retry
from pikoci.pkg.client.transport import normalized, path


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("localhost:8080", "http://localhost:8080"),
        ("https://ci.example.com/", "https://ci.example.com"),
        (" http://ci.example.com/base/ ", "http://ci.example.com/base"),
        ("[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_an_address_gets_a_scheme(given: str, expected: str) -> None:
    assert normalized(given) == expected


@pytest.mark.parametrize("given", ["", "ftp://x", "http://", "http://x:99999", "http://x?y=1", "http://u:p@x"])
def test_what_is_no_address_is_refused_without_showing_a_login(given: str) -> None:
    with pytest.raises(ClientError) as caught:
        normalized(given)
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize("token", ["", "a b", "a\nb", "tökén"])
def test_a_token_that_no_header_can_carry_is_refused_unshown(token: str) -> None:
    with pytest.raises(ClientError) as caught:
        Client("localhost", token)
    assert not token or token not in str(caught.value)


def test_names_in_addresses_are_quoted() -> None:
    assert path("teams", "a/b ?", 3) == "/api/v1/teams/a%2Fb%20%3F/3"


def _cut(data: bytes, size: int) -> Iterable[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_events_are_read_however_they_are_cut(size: int) -> None:
    text = ': hi\n\nevent: log\nid: 4\ndata: {"a": "\u2028x"}\n\n'
    data = (text + "event: end\r\ndata:1\r\ndata: 2\r\n\r\nevent: lost\ndata: x").encode()
    found = [(event.kind, event.data.decode(), event.id) for event in read_events(_cut(data, size))]
    assert found == [("log", '{"a": "\u2028x"}', "4"), ("end", "1\n2", "4")]


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MAX_LINE", 1000)
    with pytest.raises(ClientError, match="a line of more than 1,000 bytes"):
        list(read_events(b"x" * 100 for _ in range(50)))


def test_pauses_grow_and_have_a_bound() -> None:
    pauses: list[float] = []
    policy = RetryPolicy(sleep=pauses.append, random=Random(1))
    for failures in range(1, 40):
        policy.pause(failures)
    assert max(pauses) <= 5.0
    assert all(pause <= 0.2 * 2**number for number, pause in enumerate(pauses[:5]))


def test_a_server_that_names_a_time_is_given_it() -> None:
    pauses: list[float] = []
    policy = RetryPolicy(sleep=pauses.append)
    policy.pause(1, ApiError(503, {}, retry_after=7))
    policy.pause(1, ApiError(503, {}, retry_after=99_999))
    assert pauses == [7, 30]


def test_only_what_may_succeed_is_tried_again() -> None:
    assert may_retry(ApiError(503, {}))
    assert not may_retry(ApiError(409, {"type": "urn:pikoci:problem:conflict"}))
    assert not may_retry(ApiError(500, {}))
    assert may_retry(ApiError(429, {}, retry_after=5))
    assert not may_retry(ApiError(429, {}, retry_after=300))  # a user is told to wait that long
    assert not may_retry(ApiError(429, {}))
    assert may_retry(ApiError(409, {}, retry_after=5))  # whatever the status: the server says that waiting helps
    assert not may_retry(ClientError("odd"))
