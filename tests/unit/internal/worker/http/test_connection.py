"""How requests meet a server that hangs up, refuses, or falls silent."""

from collections.abc import Callable, Iterator
from contextlib import closing
from socket import socket

import gevent
import pytest
from gevent.server import StreamServer

from pikoci.internal.domain.errors import InvalidError, TooLargeError, UnavailableError
from pikoci.internal.worker.http.connection import ServerConnection

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Talk = Callable[[socket], None]
Connect = Callable[..., ServerConnection]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """A connection to a server whose n-th connection goes as the n-th talk says."""
    servers = []

    def made(*talks: Talk, read_timeout: float = 5.0) -> ServerConnection:
        left = iter(talks)
        server = StreamServer(("127.0.0.1", 0), lambda sock, _: next(left)(sock))
        server.start()
        servers.append(server)
        return ServerConnection(f"127.0.0.1:{server.server_port}/ci/", "t", "w-1", "0123456789abcdef.1", read_timeout)

    yield made
    for server in servers:
        server.stop()


def head(sock: socket) -> bytes:
    seen = b""
    while b"\r\n\r\n" not in seen and (piece := sock.recv(65536)):
        seen += piece
    return seen


def answers(*responses: bytes) -> Talk:
    """Answer so many requests, then hang up."""

    def talk(sock: socket) -> None:
        for response in responses:
            head(sock)
            sock.sendall(response)
        sock.close()

    return talk


def test_one_connection_serves_many_requests(connect: Connect) -> None:
    with closing(connect(answers(OK, OK, OK))) as server:
        assert [server.post("/x", b"body") for _ in range(3)] == [b"ok"] * 3


def test_connections_of_many_requests_at_once_are_kept_for_as_many(connect: Connect) -> None:
    at_once = 16
    with closing(connect(*[answers(OK, OK)] * at_once)) as server:
        for _ in range(2):
            asking = [gevent.spawn(server.post, "/x", b"body") for _ in range(at_once)]
            assert [asked.get() for asked in asking] == [b"ok"] * at_once


def test_a_request_says_who_asks_and_below_which_path(connect: Connect) -> None:
    seen = []

    def talk(sock: socket) -> None:
        seen.append(head(sock))
        sock.sendall(OK)

    with closing(connect(talk)) as server:
        server.post("/x")
    assert seen[0].startswith(b"POST /ci/api/v1/worker/x HTTP/1.1\r\n")
    assert b"Authorization: Bearer t\r\n" in seen[0]


def test_a_request_on_a_kept_connection_that_has_ended_is_sent_again(connect: Connect) -> None:
    with closing(connect(answers(OK), answers(OK))) as server:
        assert server.post("/x") == b"ok"
        gevent.sleep(0.01)
        assert server.post("/x") == b"ok"


def test_a_new_connection_that_ends_without_an_answer_is_an_outage(connect: Connect) -> None:
    with closing(connect(answers())) as server, pytest.raises(UnavailableError, match="broke"):
        server.post("/x")


def test_a_silent_server_is_waited_for_so_long(connect: Connect) -> None:
    with closing(connect(lambda sock: gevent.sleep(5))) as server, pytest.raises(UnavailableError, match="in time"):
        server.post("/x", timeout=0.05)


def test_an_answer_that_ends_too_soon_is_an_outage(connect: Connect) -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"
    with closing(connect(*(answers(head) for head in (half, half, chunked)))) as server:
        with pytest.raises(UnavailableError):
            server.post("/x")
        for _ in range(2):
            with pytest.raises(UnavailableError):
                list(server.stream("/x"))


def test_a_stream_comes_as_it_is_sent(connect: Connect) -> None:
    def talk(sock: socket) -> None:
        head(sock)
        sock.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        sock.recv(1)  # nothing comes before the reader has hung up

    with closing(connect(talk)) as server:
        stream = server.stream("/x")
        assert next(stream) == b"a"
        stream.close()  # type: ignore[attr-defined]  # it is a generator


def test_an_upload_that_is_refused_in_its_midst_says_why(connect: Connect) -> None:
    body = b'{"type":"urn:pikoci:problem:too-large","detail":"too much"}'

    def talk(sock: socket) -> None:
        head(sock)
        sock.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        sock.close()

    def pieces() -> Iterator[bytes]:
        while True:
            yield b"x" * 65536
            gevent.sleep(0)

    with closing(connect(talk)) as server, pytest.raises((TooLargeError, UnavailableError)):
        server.post("/x", pieces())


def test_an_error_of_an_upload_s_source_is_not_taken_for_the_connection_s(connect: Connect) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"x"
        raise FileNotFoundError("the artifact's file is gone")

    with closing(connect(answers(OK))) as server, pytest.raises(FileNotFoundError):
        server.post("/x", pieces())


def test_a_server_that_is_not_there_is_named(connect: Connect) -> None:
    server = ServerConnection("127.0.0.1:1", "t", "w-1", "0123456789abcdef.1", 1.0)
    with pytest.raises(UnavailableError, match=r"http://127\.0\.0\.1:1 cannot be reached: Connection refused"):
        server.post("/x")


@pytest.mark.parametrize("token", ["", "two words", "zwei\nzeilen", "ü"])
def test_a_token_that_cannot_be_is_refused_unshown(token: str) -> None:
    with pytest.raises(InvalidError) as raised:
        ServerConnection("ci", token, "w-1", "0123456789abcdef.1", 1.0)
    assert not token or token not in str(raised.value)
