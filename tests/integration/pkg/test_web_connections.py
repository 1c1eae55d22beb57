"""Connections that are kept, and those that a proxy leads on."""

from __future__ import annotations

import io
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent import monkey
from gevent.pywsgi import WSGIServer
from gevent.server import StreamServer

from pikoci.pkg.web import Web, WebError, trusted
from tests.services.certificates import make_certificates


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Of a server that the machine trusts."""
    make_certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    return context


@contextmanager
def serving(connections: list[Any], **tls: Any) -> Iterator[str]:
    """A server that says `good`, and notes from which port each request came."""

    def answer(environ: dict[str, Any], start: Any) -> list[bytes]:
        connections.append(environ["REMOTE_PORT"])
        environ["wsgi.input"].read()
        start("404 No" if environ["PATH_INFO"] == "/no" else "200 OK", [("Content-Length", "4")])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [b"good"]

    server = WSGIServer(("127.0.0.1", 0), answer, log=None, error_log=None, **tls)
    server.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.stop(timeout=0.1)


@pytest.fixture
def heads() -> list[str]:
    """What the proxy was asked."""
    return []


@contextmanager
def proxy(heads: list[str], says: bytes = b"HTTP/1.1 200 Go\r\n\r\n", **tls: Any) -> Iterator[str]:
    """A proxy that leads on wherever it is told to."""

    def relay(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)

    def talk(client: socket.socket, _: object) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(1)
        heads.append(head.decode())
        client.sendall(says)
        if b" 200 " not in says:
            return
        host, _, port = head.split()[1].decode().rpartition(":")
        with socket.create_connection((host, int(port))) as server:
            back = gevent.spawn(relay, server, client)
            relay(client, server)
            back.kill()

    server = StreamServer(("127.0.0.1", 0), talk, **tls)
    server.start()
    try:
        yield f"{'https' if tls else 'http'}://u:p%40ss@127.0.0.1:{server.server_port}"
    finally:
        server.stop(timeout=0)


def web() -> Web:
    return Web(seconds=30.0, limit=500)


def test_a_connection_is_kept_whatever_was_asked() -> None:
    seen: list[Any] = []
    with serving(seen) as address, web() as found:
        for method, path in [("GET", "/"), ("HEAD", "/"), ("POST", "/no")]:
            found.ask(method, address + path)
        found.ask("PUT", address, body=io.BytesIO(b"xyz"))
        found.download(f"{address}/", io.BytesIO(), limit=4)
    assert len(seen) == 5
    assert len(set(seen)) == 1


def test_a_connection_is_not_kept_when_its_answer_was_not_read_or_the_server_hung_up() -> None:
    talks = 0

    def talk(connection: socket.socket, _: object) -> None:
        nonlocal talks
        talks += 1
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * (1000 if talks == 1 else 4))
        connection.close()

    server = StreamServer(("127.0.0.1", 0), talk)
    server.start()
    address = f"http://127.0.0.1:{server.server_port}/"
    try:
        with web() as found:
            assert found.ask("GET", address, whole=False).body == b"x" * 500
            with pytest.raises(WebError, match="does not answer as HTTP wants it"):
                found.ask("GET", address, whole=False)
            with pytest.raises(WebError, match="does not answer as HTTP wants it"):
                found.ask("GET", address)
    finally:
        server.stop(timeout=0)
    assert talks == 3


@pytest.mark.parametrize("with_tls", [False, True])
def test_a_proxy_leads_on_to_a_server_with_tls(
    tls: ssl.SSLContext, heads: list[str], monkeypatch: pytest.MonkeyPatch, with_tls: bool
) -> None:
    seen: list[Any] = []
    more: dict[str, Any] = {"ssl_context": tls} if with_tls else {}
    with serving(seen, ssl_context=tls) as address, proxy(heads, **more) as by, web() as found:
        monkeypatch.setenv("https_proxy", by)
        for _ in range(2):
            assert found.ask("GET", f"{address}/").body == b"good"
    place = address.removeprefix("https://")
    assert heads == [f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nProxy-Authorization: Basic dTpwQHNz\r\n\r\n"]
    assert len(set(seen)) == 1


def test_a_proxy_that_refuses(tls: ssl.SSLContext, heads: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy(heads, b"HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n") as by, web() as found:
        monkeypatch.setenv("https_proxy", by)
        with pytest.raises(WebError, match="the proxy that the environment names refuses") as refused:
            found.ask("GET", "https://127.0.0.1:1/")
    assert refused.value.fault == "proxy"


@contextmanager
def flood(said: bytes, again: bytes) -> Iterator[str]:
    """A server on a thread of its own, which never waits for anybody."""
    native = monkey.get_original("socket", "socket")
    listener = native(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.recv(4096)
            connection.sendall(said)
            while again:
                connection.sendall(again * 1000)

    serving = gevent.get_hub().threadpool.spawn(serve)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        serving.get(timeout=30)
        listener.close()


@pytest.mark.parametrize(
    ("said", "again"),
    [
        (b"", b"HTTP/1.1 100 Go on\r\n\r\n"),
        (b"", b"HTTP/1.1 103 Soon\r\nLink: </a>\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: more\r\n"),
    ],
)
def test_a_server_without_an_end_does_not_keep_others_waiting(said: bytes, again: bytes) -> None:
    late = pytest.raises(WebError, match=r"no whole answer within 0\.2 s")
    with flood(said, again) as address, Web(seconds=0.2, limit=500) as found, late:
        found.ask("GET", address)


def test_what_a_server_says_before_its_answer_is_passed_over() -> None:
    early = b"HTTP/1.1 103 Soon\r\nLink: </a>\r\n\r\n"
    with flood(early + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood", b"") as address, web() as found:
        answer = found.ask("GET", address)
    assert (answer.status, answer.headers, answer.body) == (200, {"content-length": "4"}, b"good")


def test_a_header_is_sent_once_however_it_is_written() -> None:
    heads: list[bytes] = []

    def talk(connection: socket.socket, _: object) -> None:
        heads.append(connection.recv(4096))
        connection.sendall(b"HTTP/1.1 204 No\r\n\r\n")

    server = StreamServer(("127.0.0.1", 0), talk)
    server.start()
    with web() as found:
        given = {"user-agent": "mine", "host": "other", "content-length": "9"}
        found.ask("PUT", f"http://127.0.0.1:{server.server_port}/", headers=given, body=io.BytesIO(b"abc"))
    server.stop(timeout=0)
    names = [line.split(b":")[0].lower() for line in heads[0].split(b"\r\n\r\n")[0].splitlines()[1:]]
    assert sorted(names) == [b"accept-encoding", b"content-length", b"host", b"user-agent"]
    assert f"Host: 127.0.0.1:{server.server_port}\r\n".encode() in heads[0]
    assert b"Content-Length: 3\r\n" in heads[0]


def test_a_file_that_cannot_be_read_is_no_fault_of_the_server() -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    with serving([]) as address, web() as found, pytest.raises(OSError, match="Input/output error"):
        found.ask("PUT", address, body=Broken(b"xyz"))


@pytest.mark.usefixtures("tls")
def test_authorities_are_read_in_a_native_thread_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading them keeps a processor busy for as long as a hundred requests."""
    threads, real, own = [], ssl.create_default_context, threading.get_native_id()

    def create(**more: Any) -> ssl.SSLContext:
        threads.append(threading.get_native_id())
        return real(**more)

    monkeypatch.setattr("ssl.create_default_context", create)
    assert trusted() is trusted()
    assert len(threads) == 1
    assert threads[0] != own


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
