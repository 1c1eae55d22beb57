"""Requests to real servers that lead elsewhere, hold back, lie or say too much."""

from __future__ import annotations

import io
import os
import socket
import ssl
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.pywsgi import WSGIServer
from gevent.server import StreamServer

from pikoci.pkg.web import Answer, Web, WebError, retry_after
from tests.services.certificates import make_certificates

SECRETS = {"Authorization": "Bearer hunter22", "Cookie": "a=hunter22", "X-Token": "hunter22"}


class Server:
    """Answers by path, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.leads: dict[str, tuple[str, str]] = {}
        self.address = ""

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """One answer."""
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        headers = {name[5:].replace("_", "-").lower(): text for name, text in environ.items() if name[:5] == "HTTP_"}
        self.asked.append((method, path, headers, environ["wsgi.input"].read()))
        if path in self.leads:
            status, location = self.leads[path]
            start(f"{status} Elsewhere", [("Location", location), ("Set-Cookie", "b=1")])
            return [b"elsewhere"]
        if path.startswith("/status/"):
            start(f"{path[8:]} So", [("Retry-After", "7"), ("X-Two", "a"), ("X-Two", "b")])
            return [] if path == "/status/304" else [b"x" * 1000]
        if path == "/packed":
            start("200 OK", [("Content-Encoding", "gzip")])
            return [b"packed"]
        if path == "/endless":
            start("200 OK", [])
            return (b"x" * 65536 for _ in range(1_000_000))
        start("200 OK", [("ETag", '"1"')])
        return [b"good"]


@contextmanager
def serving(**tls: Any) -> Iterator[Server]:
    made = Server()
    server = WSGIServer(("127.0.0.1", 0), made, log=None, error_log=None, **tls)
    server.start()
    made.address = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    try:
        yield made
    finally:
        server.stop(timeout=0.1)


@contextmanager
def talking(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    server = StreamServer(("127.0.0.1", 0), lambda connection, _: talk(connection))
    server.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.stop(timeout=0)


@pytest.fixture
def server() -> Generator[Server]:
    with serving() as found:
        yield found


@pytest.fixture
def other() -> Generator[Server]:
    with serving() as found:
        yield found


def web(**more: Any) -> Web:
    return Web(**{"seconds": 30.0, "limit": 500, "redirects": 3, "secret": ["X-Token"], **more})


def ask(url: str, method: str = "GET", body: Any = b"", headers: Any = SECRETS, **more: Any) -> Answer:
    with web(**more) as found:
        return found.ask(method, url, headers=headers, body=body)


def test_any_status_is_an_answer_and_what_is_no_success_is_cut(server: Server) -> None:
    answer = ask(f"{server.address}/status/503")
    assert (answer.status, answer.ok, len(answer.body)) == (503, False, 500)
    assert (retry_after(answer), answer.headers["x-two"]) == (7.0, "a, b")
    assert retry_after(Answer(503, {}, b"")) == 0.0
    assert ask(f"{server.address}/status/304").status == 304
    assert ask(f"{server.address}/", "HEAD").body == b""


def test_a_success_is_whole_or_an_error_unless_its_beginning_is_enough(server: Server) -> None:
    with web() as found:
        assert found.ask("GET", f"{server.address}/").body == b"good"
        with pytest.raises(WebError, match="the answer has more than 500 bytes"):
            found.ask("GET", f"{server.address}/endless")
        assert found.ask("GET", f"{server.address}/endless", whole=False).body == b"x" * 500


def test_the_same_origin_keeps_credentials_and_no_cookie_is_kept(server: Server) -> None:
    server.leads["/a"] = ("302", "/b")
    assert ask(f"{server.address}/a").body == b"good"
    for _, _, headers, _ in server.asked:
        assert (headers["authorization"], headers["cookie"], headers["x-token"]) == tuple(SECRETS.values())


def test_another_origin_gets_no_credentials_nor_does_who_is_led_back_to(server: Server, other: Server) -> None:
    server.leads["/a"] = ("302", f"{other.address}/b")
    other.leads["/b"] = ("302", f"{server.address}/c")
    assert ask(f"{server.address}/a", headers={**SECRETS, "Accept": "text/x"}).body == b"good"
    seen = [*other.asked, server.asked[1]]
    assert [path for _, path, _, _ in seen] == ["/b", "/c"]
    for _, _, headers, _ in seen:
        assert "hunter22" not in str(headers)
        assert headers["accept"] == "text/x"


def test_a_body_goes_to_no_other_origin(server: Server, other: Server) -> None:
    server.leads["/a"] = ("307", f"{other.address}/b")
    with pytest.raises(WebError, match="the server redirects what is sent to another one"):
        ask(f"{server.address}/a", "PUT", b"mine")
    assert other.asked == []


@pytest.mark.parametrize(
    ("method", "status", "then"),
    [
        ("POST", "302", "GET"),
        ("POST", "303", "GET"),
        ("PUT", "303", "GET"),
        ("POST", "307", "POST"),
        ("PUT", "302", "PUT"),
        ("PUT", "308", "PUT"),
        ("HEAD", "303", "HEAD"),
    ],
)
def test_what_is_asked_after_a_redirect(server: Server, tmp_path: Path, method: str, status: str, then: str) -> None:
    server.leads["/a"] = (status, "/b")
    (tmp_path / "f").write_bytes(b"skipped" + b"x" * 100_000)
    with (tmp_path / "f").open("rb") as file:
        file.seek(7)
        body = b"" if method == "HEAD" else file
        ask(f"{server.address}/a", method, body)
    assert [len(sent) for *_, sent in server.asked][then == "GET" :] == (
        [0] if then == "GET" else [0, 0] if method == "HEAD" else [100_000, 100_000]
    )
    assert server.asked[1][0] == then


def test_without_redirects_one_is_an_answer(server: Server) -> None:
    server.leads["/a"] = ("302", "/b")
    answer = ask(f"{server.address}/a", redirects=0)
    assert (answer.status, answer.headers["location"]) == (302, "/b")


@pytest.mark.parametrize("location", ["ftp://x/", "http://u:hunter22@x/", "http://[::x/", "http://x:0/"])
def test_a_redirect_to_what_is_no_address(server: Server, location: str) -> None:
    server.leads["/a"] = ("302", location)
    with pytest.raises(WebError) as found:
        ask(f"{server.address}/a")
    assert "hunter22" not in str(found.value)


def test_private_addresses_are_refused_also_behind_a_redirect(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WebError) as found:
        ask(server.address, private=False, address_hint="ask the administrator")
    assert (found.value.fault, found.value.hint, found.value.host) == ("private", "ask the administrator", "127.0.0.1")
    monkeypatch.setattr("pikoci.pkg.web.trust.is_public", lambda place: str(place) == "127.0.0.1")
    server.leads["/a"] = ("302", server.address.replace("127.0.0.1", "127.0.0.2") + "/b")
    with pytest.raises(WebError, match="the server has no public address"):
        ask(f"{server.address}/a", private=False)
    assert len(server.asked) == 1


def test_a_proxy_of_the_environment_is_used_unless_only_public_addresses_are_wanted(
    server: Server, other: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", other.address.removeprefix("http://"))
    assert ask("http://no.such.invalid/x").body == b"good"
    assert other.asked[0][2]["host"] == "no.such.invalid"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    ask(f"{server.address}/near")
    assert server.asked[0][1] == "/near"
    refused: list[dict[str, Any]] = [{"proxies": False}, {"private": False}]
    for more in refused:
        with pytest.raises(WebError, match="the server's name cannot be resolved"):
            ask("http://no.such.invalid/x", **more)


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "what://x", "http://[", "http://u:hunter22@127.0.0.1:1"])
def test_a_proxy_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(WebError) as found:
        ask("http://no.such.invalid/x")
    assert "hunter22" not in str(found.value)


def test_a_download_goes_to_the_file_as_it_comes(server: Server) -> None:
    with web() as found:
        file = io.BytesIO()
        answer = found.download(f"{server.address}/packed", file, limit=6)
        assert (answer.status, answer.body, file.getvalue()) == (200, b"", b"packed")
        file = io.BytesIO()
        answer = found.download(f"{server.address}/status/404", file, limit=6)
        assert (answer.status, len(answer.body), file.getvalue()) == (404, 500, b"")
        with pytest.raises(WebError, match="the answer has more than 5 bytes"):
            found.download(f"{server.address}/packed", file, limit=5)
        with pytest.raises(WebError, match="the answer has more than 200,000 bytes"):
            found.download(f"{server.address}/endless", file, limit=200_000)
        assert len(file.getvalue()) <= 200_000


def test_a_download_lets_others_run(server: Server) -> None:
    turns = 0

    def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            gevent.sleep(0)

    beside = gevent.spawn(others)
    with web() as found, pytest.raises(WebError, match="more than"):
        found.download(f"{server.address}/endless", io.BytesIO(), limit=2_000_000)
    beside.kill()
    assert turns >= 20


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        (b"", "the server does not answer as HTTP wants it"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx", "the server does not answer as HTTP wants it"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nx", "the server does not answer as HTTP wants it"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 500_000, "the server does not answer as HTTP wants it"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\nx", "the answer has more than 500 bytes"),
    ],
)
def test_an_answer_that_is_not_whole_is_none(says: bytes, reason: str) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(says)
        connection.close()

    with talking(talk) as address, web() as found, pytest.raises(WebError, match=reason):
        found.download(f"{address}/", io.BytesIO(), limit=500)


def test_silence_and_dripping_are_given_up() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while True:
            connection.sendall(b"x")
            gevent.sleep(0.01)

    with talking(drip) as address, pytest.raises(WebError, match=r"no whole answer within 0\.2 s"):
        ask(address, seconds=0.2)
    with talking(lambda _: gevent.sleep(600)) as address, pytest.raises(WebError, match=r"no answer within 0\.2 s"):
        ask(address, silence=0.2)


class Shrinking(io.BytesIO):
    """A file that somebody cuts while it is sent."""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Its end is not where it was."""
        return super().seek(offset, whence) + (100_000 if whence == os.SEEK_END else 0)


def test_a_file_that_becomes_shorter_is_not_sent_as_if_it_were_whole(server: Server) -> None:
    with pytest.raises(WebError, match="the file became shorter while it was sent"):
        ask(f"{server.address}/", "PUT", Shrinking(b"x"))


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("http://127.0.0.1:1/hunter 22", {}),
        ("http://127.0.0.1:x/hunter22", {}),
        ("http://127.0.0.1:0/hunter22", {}),
        ("http://[hunter22/", {}),
        ("http://hunter22\u00e9\ud800/", {}),
        ("file:///hunter22", {}),
        ("http:///hunter22", {}),
        ("http://hunter22:x@127.0.0.1/", {}),
        ("", {"X": "hunter22\nY: 1"}),
        ("", {"X\u00e9": "hunter22"}),
        ("", {"X": "hunter22\ud800"}),
    ],
)
def test_what_cannot_be_asked_shows_nothing(server: Server, url: str, headers: dict[str, str]) -> None:
    with pytest.raises(WebError) as found:
        ask(url if not headers else server.address, headers=headers)
    assert found.value.fault in ("address", "request")
    assert "hunter22" not in str(found.value) + found.value.host


def test_authorities_that_are_given_take_the_place_of_the_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        make_certificates(tmp_path / name)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "one" / "server.pem", tmp_path / "one" / "server.key")
    one, two = ((tmp_path / name / "ca.pem").read_text() for name in ("one", "two"))
    with serving(ssl_context=context) as server:
        assert ask(server.address, ca=one).body == b"good"
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "one" / "ca.pem"))
        assert ask(server.address).body == b"good"
        with pytest.raises(WebError, match="the server's certificate is not trusted: "):
            ask(server.address, ca=two)
        (tmp_path / "one" / "ca.pem").write_text(two)
        os.utime(tmp_path / "one" / "ca.pem", (1, 1))
        with pytest.raises(WebError, match="the server's certificate is not trusted: "):
            ask(server.address)
    for wrong in ("none", "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----", "é"):
        with pytest.raises(WebError, match="ca_cert holds no certificate in PEM form"):
            ask("https://127.0.0.1:1/", ca=wrong)
