"""Addresses that people and servers write."""

from __future__ import annotations

import pytest

from pikoci.pkg.web import WebError
from pikoci.pkg.web.address import parse


@pytest.mark.parametrize(
    ("written", "asked", "place"),
    [
        ("HTTP://Example.COM", "http://example.com/", "example.com"),
        ("http://a.example:80/x?y=%2F&z#part", "http://a.example/x?y=%2F&z", "a.example"),
        ("https://a.example:443?q", "https://a.example/?q", "a.example"),
        ("https://a.example:80/", "https://a.example:80/", "a.example:80"),
        ("https://[::0001]:8443/x", "https://[::1]:8443/x", "[::1]:8443"),
        (
            "https://b\u00fccher.example/\u00e9?\u00e9",
            "https://xn--bcher-kva.example/%C3%A9?%C3%A9",
            "xn--bcher-kva.example",
        ),
        ("http://a.example/50%/{x}/[1]", "http://a.example/50%25/%7Bx%7D/[1]", "a.example"),
        ("http://a_b.example./~me/a+b;c=d,e@f", "http://a_b.example./~me/a+b;c=d,e@f", "a_b.example."),
    ],
)
def test_what_is_asked(written: str, asked: str, place: str) -> None:
    url = parse(written)
    assert (str(url), url.place) == (asked, place)


@pytest.mark.parametrize(
    "written",
    [
        "http://good.example\\.evil.example/",
        "http://good.example\\@evil.example/",
        "http://a.example/\nX: y",
        "http://a.example\t/",
        " http://a.example/",
        "http://a.example:65536/",
        "http://a.example:-1/",
        "http://[::1/",
        "http://[fe80::1%25eth0]x/",
        "http://a b.example/",
        "http://a%2eb.example/",
        "http://\u2028.example/",
        "http://" + "\u00e9" * 70 + ".example/",
        "//a.example/",
        "a.example",
        "",
    ],
)
def test_what_is_no_address(written: str) -> None:
    with pytest.raises(WebError) as refused:
        parse(written)
    assert refused.value.fault == "address"


def test_a_login_is_for_proxies_alone_and_shown_nowhere() -> None:
    with pytest.raises(WebError, match="holds a user or password"):
        parse("http://u:hunter22@a.example/")
    with pytest.raises(WebError, match="holds a user or password"):
        parse("http://@a.example/")
    url = parse("http://u:hunter22%40@a.example:3128", login=True)
    assert (url.login, url.host_and_port) == (("u", "hunter22@"), "a.example:3128")
    assert "hunter22" not in f"{url} {url!r}"


@pytest.mark.parametrize(
    ("location", "asked"),
    [
        ("/b c", "http://a.example:81/b%20c"),
        ("?d", "http://a.example:81/x/y?d"),
        ("../z", "http://a.example:81/z"),
        ("//b.example/", "http://b.example/"),
        ("https://b.example:443/", "https://b.example/"),
    ],
)
def test_where_a_location_leads(location: str, asked: str) -> None:
    assert str(parse("http://a.example:81/x/y").joined(location)) == asked
