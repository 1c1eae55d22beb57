"""Addresses in flags, logs and links."""

import socket

import pytest

from pikoci.internal.domain.errors import InvalidError
from pikoci.server.command import read_settings, server
from pikoci.server.listening import listen
from pikoci.shared.addresses import authority, external_url
from tests.services.process import free_port


def test_an_ipv6_address_stands_in_brackets() -> None:
    assert authority("::1", 8080) == "[::1]:8080"
    assert authority("127.0.0.1", 8080) == "127.0.0.1:8080"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("", ""),
        ("https://ci.example.com", "https://ci.example.com"),
        ("https://ci.example.com/", "https://ci.example.com"),
        ("http://example.com:8080/ci/", "http://example.com:8080/ci"),
        ("http://[::1]:8080/a/b", "http://[::1]:8080/a/b"),
    ],
)
def test_an_external_url_may_have_a_path(text: str, url: str) -> None:
    assert external_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "ci.example.com",
        "ftp://ci.example.com",
        "https://",
        "https://ci.example.com/?a=b",
        "https://ci.example.com/#x",
        "https://me:secret@ci.example.com",
        "https://ci.example.com:99999",
        "https://ci.example.com//ci",
        "https://ci.example.com/c i",
        "https://ci.example.com/api",
        "https://ci.example.com/login/x",
    ],
)
def test_what_cannot_be_an_external_url_is_refused(text: str) -> None:
    with pytest.raises(InvalidError, match="--external-url"):
        external_url(text)


@pytest.mark.parametrize(("host", "by"), [("::1", "::1"), ("::", "::1"), ("::", "127.0.0.1")])
def test_a_server_listens_on_ipv6(host: str, by: str) -> None:
    port = free_port()
    with listen(host, port), socket.create_connection((by, port), 5):
        pass


def test_a_refused_ipv6_address_is_named_in_brackets() -> None:
    with pytest.raises(InvalidError, match=r"cannot listen on \[2001:db8::1\]:8080"):
        listen("2001:db8::1", 8080)


@pytest.mark.parametrize(
    ("flags", "address"),
    [
        (["--host=::1"], "http://[::1]:8080"),
        (["--host=[::1]"], "http://[::1]:8080"),
        (["--host=::"], "http://localhost:8080"),
        (["--host=127.0.0.1", "--port=81"], "http://127.0.0.1:81"),
        (["--external-url=https://example.com/ci/"], "https://example.com/ci"),
    ],
)
def test_the_banner_and_build_url_name_an_address_that_works(flags: list[str], address: str) -> None:
    context = server.make_context("server", flags)
    assert read_settings(context.params).address == address
