"""Fetching from real servers, also ones that are slow, large or lying."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent.pywsgi import WSGIServer
from gevent.server import StreamServer

from pikoci.pkg.fetching import MAX_BYTES, FetchError, fetch
from tests.services.certificates import make_certificates

BODY = b"x" * 1000


def answer(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """What each path answers."""
    path = environ["PATH_INFO"]
    if path.startswith("/to/"):
        start("302 Found", [("Location", path.removeprefix("/to/") + "?" + environ["QUERY_STRING"])])
        return []
    if path.startswith("/again/"):
        number = int(path.removeprefix("/again/"))
        start("307 Temporary Redirect", [("Location", f"/again/{number - 1}" if number > 1 else "/good")])
        return []
    if path == "/host":
        start("200 OK", [])
        return [environ["HTTP_HOST"].encode()]
    if path == "/packed":
        start("200 OK", [("Content-Encoding", "gzip")])
        return [BODY]
    if path == "/large":
        start("200 OK", [])
        return (b"x" * 65536 for _ in range(1000))
    start("200 OK" if path == "/good" else "404 Not Found", [])
    return [BODY]


@pytest.fixture
def address() -> Generator[str]:
    with served() as found:
        yield found


@contextmanager
def served(**tls: Any) -> Iterator[str]:
    server = WSGIServer(("127.0.0.1", 0), answer, log=None, error_log=None, **tls)
    server.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.stop()


@contextmanager
def talking(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that says what it likes."""
    server = StreamServer(("127.0.0.1", 0), lambda connection, _: talk(connection))
    server.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.stop(timeout=0)


def get(address: str, *, private: bool = True, seconds: float = 30.0) -> bytes:
    return fetch(address, private=private, seconds=seconds)


def test_a_file_is_fetched(address: str) -> None:
    assert get(f"{address}/good") == BODY


def test_it_may_lead_on_a_few_times(address: str) -> None:
    assert get(f"{address}/again/3") == BODY
    with pytest.raises(FetchError, match="the server redirects more than 3 times"):
        get(f"{address}/again/4")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/none", "the answer is 404 Not Found"),
        ("/large", f"the answer has more than {MAX_BYTES:,} bytes"),
        ("/packed", "the answer is compressed, which was not asked for"),
        ("/to/ftp://127.0.0.1/x", "the address begins with neither https:// nor http://"),
        ("/to/file:///etc/passwd", "the address begins with neither https:// nor http://"),
        ("/to/http://u:p@127.0.0.1/", "the address holds a user or password, which everybody who sees it would know"),
        ("/to/http://[::bad/", "the server redirects to an address that is not valid"),
    ],
)
def test_what_is_no_file_says_why(address: str, path: str, reason: str) -> None:
    with pytest.raises(FetchError) as found:
        get(address + path)
    assert reason in str(found.value)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "10.0.0.1", "169.254.169.254", "100.64.0.1",
     "2130706433", "0x7f.1", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "224.0.0.1", "[fe80::1]", "[fd00::1]"],
)  # fmt: skip
def test_addresses_that_only_the_machine_can_reach_are_refused(host: str) -> None:
    with pytest.raises(FetchError, match="the server has no public address") as found:
        get(f"http://{host}:1/", private=False)
    assert "--allow-private-sources" in found.value.hint


def test_a_name_is_asked_for_once_and_what_was_looked_at_is_connected_to(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a name could be public when it is looked at, and private when it is connected to."""
    asked, real = [], socket.getaddrinfo

    def resolve(host: str, *arguments: Any, **options: Any) -> Any:
        asked.append(host)
        return real("127.0.0.1" if host == "rebinding.example" else host, *arguments, **options)

    monkeypatch.setattr("socket.getaddrinfo", resolve)
    monkeypatch.setattr("pikoci.pkg.web.trust.is_public", lambda _: True)
    port = address.rpartition(":")[2]
    assert get(f"http://rebinding.example:{port}/host", private=False) == f"rebinding.example:{port}".encode()
    assert [name for name in asked if name != "127.0.0.1"] == ["rebinding.example"]


def test_a_redirect_is_looked_at_as_the_first_address_is(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pikoci.pkg.web.trust.is_public", lambda place: str(place) != "127.0.0.2")
    with pytest.raises(FetchError, match=r"127\.0\.0\.2: the server has no public address"):
        get(f"{address}/to/{address.replace('127.0.0.1', '127.0.0.2')}/good", private=False)


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(600):
        connection.sendall(b"x")
        gevent.sleep(0.05)


def drip_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    for _ in range(600):
        connection.sendall(b"x")
        gevent.sleep(0.05)


@pytest.mark.parametrize("talk", [drip, drip_headers, lambda _: gevent.sleep(30)])
def test_a_slow_server_is_given_up_as_a_whole(talk: Callable[[socket.socket], None]) -> None:
    with talking(talk) as address:
        began = time.monotonic()
        with pytest.raises(FetchError, match="no whole answer within 1 s"):
            get(address, seconds=1.0)
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("says", [b"", b"SSH-2.0\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nx"])
def test_a_server_that_speaks_otherwise_is_one_clear_error(says: bytes) -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(4096)
        connection.sendall(says)
        connection.close()

    with (
        talking(talk) as address,
        pytest.raises(FetchError, match=r"the connection|the server does not answer as HTTP wants it"),
    ):
        get(address)


def test_a_host_that_is_not_there() -> None:
    with pytest.raises(FetchError, match="the server's name cannot be resolved"):
        get("http://no.such.invalid/")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(FetchError, match="the connection failed: Connection refused"):
            get(f"http://127.0.0.1:{free.getsockname()[1]}/")


def test_certificates_are_checked_and_https_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    make_certificates(tmp_path)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    with served(ssl_context=context) as secure:
        with pytest.raises(FetchError, match="the server's certificate is not trusted: "):
            get(f"{secure}/good")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        assert get(f"{secure}/good") == BODY
        with pytest.raises(FetchError, match="the server's certificate is not trusted: "):
            get(f"{secure.replace('127.0.0.1', 'localhost')}/good")
        with pytest.raises(FetchError, match="the server redirects from https:// to an address without"):
            get(f"{secure}/to/{address}/good")
