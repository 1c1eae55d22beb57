"""Short exchanges with servers that answer wrongly, without end, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest
from gevent.server import StreamServer

from pikoci.internal.worker.services.exchange import exchange, http_answers


@contextmanager
def server(handle: Callable[[Any], object]) -> Generator[int]:
    """The port of a server that does this with each connection."""
    listener = StreamServer(("127.0.0.1", 0), lambda connection, _: handle(connection))
    listener.start()
    yield int(listener.address[1])
    listener.stop(timeout=1)


def endless(connection: Any) -> None:
    try:
        while True:
            connection.sendall(b"x" * 65536)
    except OSError:
        pass


def is_ok(answer: bytes) -> bool:
    return answer.endswith(b"OK\r\n")


def test_each_answer_is_wanted_in_turn() -> None:
    def handle(connection: Any) -> None:
        connection.sendall(b"HELLO OK\r\n")
        connection.sendall(connection.recv(100) + b" OK\r\n")

    with server(handle) as port:
        assert exchange(port, b"", is_ok, (b"ping", lambda answer: answer == b"ping OK\r\n"))
        assert not exchange(port, b"", is_ok, (b"pong", lambda answer: answer == b"ping OK\r\n"))


@pytest.mark.parametrize("handle", [endless, lambda connection: None, lambda connection: connection.sendall(b"NO\r\n")])
def test_other_answers_end_it(handle: Callable[[Any], object]) -> None:
    with server(handle) as port:
        assert not exchange(port, b"", is_ok)


def test_nobody_there_is_no_answer() -> None:
    with server(endless) as port:
        pass
    assert not exchange(port, b"", is_ok)


@pytest.mark.parametrize(("line", "well"), [("HTTP/1.1 200 OK", True), ("HTTP/1.1 503 Sealed", False)])
def test_health_is_a_status(line: str, *, well: bool) -> None:
    seen: list[bytes] = []

    def handle(connection: Any) -> None:
        seen.append(connection.recv(1000))
        connection.sendall(f"{line}\r\nContent-Length: 0\r\n\r\n".encode())

    with server(handle) as port:
        assert http_answers(port, "/health") == well
    assert seen[0].startswith(b"GET /health HTTP/1.1\r\n")
