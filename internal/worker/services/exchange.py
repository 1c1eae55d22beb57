"""Short exchanges with servers of 127.0.0.1, which tell whether they serve: what answers may be slow, or lie."""

from __future__ import annotations

import socket
from collections.abc import Callable

import gevent

HOST = "127.0.0.1"
_SECONDS = 5.0
_MOST = 64 * 1024


def exchange(
    port: int, said: bytes, wanted: Callable[[bytes], bool], *more: tuple[bytes, Callable[[bytes], bool]]
) -> bool:
    """Whether the server answers what is wanted, to each thing that is said in turn; nobody waits for the rest."""
    try:
        with (
            gevent.Timeout(_SECONDS, TimeoutError("no answer")),
            socket.create_connection((HOST, port)) as connection,
        ):
            return all(_ask(connection, text, fits) for text, fits in ((said, wanted), *more))
    except OSError:
        return False


def http_answers(port: int, path: str) -> bool:
    """Whether a GET is answered with status 200."""
    request = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n"
    return exchange(port, request.encode(), lambda answer: answer.startswith(b"HTTP/1.1 200 "))


def _ask(connection: socket.socket, text: bytes, wanted: Callable[[bytes], bool]) -> bool:
    connection.sendall(text)
    answer = b""
    while len(answer) < _MOST:
        data = connection.recv(_MOST - len(answer))
        answer += data
        if wanted(answer):
            return True
        if not data:
            return False
    return False
