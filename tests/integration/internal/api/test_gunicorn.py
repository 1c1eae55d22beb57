"""What clients do on the wire: large, slow, broken and partial requests against gunicorn."""

import json
from contextlib import closing, suppress
from socket import SO_RCVBUF, SOL_SOCKET, create_connection, socket
from typing import Any

import pytest

from tests.integration.internal.api.live import raw, read_answer

LOGIN = b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
LOG = b"GET /api/v1/teams/main/pipelines/demo/jobs/free/builds/1/log HTTP/1.1\r\nHost: x\r\n"


def _problem(answer: bytes) -> tuple[int, dict[str, Any]]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head, answer
    return int(head.split()[1]), json.loads(body)


def test_an_announced_large_body_is_refused_before_it_is_sent(port: int) -> None:
    status, problem = _problem(raw(port, LOGIN + b"Content-Length: 99999999\r\n\r\n"))
    assert (status, problem["detail"]) == (413, "the body has more than 65,536 bytes")


def test_a_large_body_in_chunks_is_refused(port: int) -> None:
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    status, _ = _problem(raw(port, LOGIN + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 7, b"0\r\n\r\n"))
    assert status == 413


def test_a_body_in_chunks_is_read(port: int) -> None:
    body = b'{"name": "admin", "password": "wrong"}'
    sent = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    status, _ = _problem(raw(port, LOGIN + b"Transfer-Encoding: chunked\r\n\r\n", sent))
    assert status == 401


def test_a_body_that_does_not_arrive_ends_in_time(port: int) -> None:
    status, problem = _problem(raw(port, LOGIN + b"Content-Length: 50\r\n\r\n", b'{"name": '))
    assert (status, problem["type"]) == (408, "urn:pikoci:problem:timeout")


def test_slow_clients_do_not_hold_up_others(port: int) -> None:
    slow = [create_connection(("127.0.0.1", port), 10) for _ in range(20)]
    try:
        for connection in slow:
            connection.sendall(LOGIN + b"Content-Length: 50\r\n\r\n{")
        assert b" 200 OK" in raw(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    finally:
        for connection in slow:
            connection.close()


def test_a_range_of_a_log_is_partial_content(port: int) -> None:
    answer = raw(port, LOG + b"Range: bytes=-3\r\n\r\n")
    assert b" 206 " in answer.splitlines()[0]
    assert b"Content-Range: bytes 7-9/10" in answer or b"content-range: bytes 7-9/10" in answer
    assert answer.endswith(b"\r\n\r\n789")


def test_requests_follow_one_another_on_a_connection(port: int) -> None:
    with closing(create_connection(("127.0.0.1", port), 10)) as connection:
        for _ in range(3):
            connection.sendall(LOG + b"\r\n")
            assert read_answer(connection).endswith(b"0123456789")


def test_a_body_that_nobody_wants_does_not_confuse_the_next_request(port: int) -> None:
    with closing(create_connection(("127.0.0.1", port), 10)) as connection:
        connection.sendall(b"POST /webhooks/none HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n" + b"y" * 70_000)
        assert b" 404 " in read_answer(connection).splitlines()[0]
        connection.sendall(LOG + b"\r\n")
        assert read_answer(connection).endswith(b"0123456789")


def test_a_malformed_body_is_a_mistake_and_the_end_of_its_connection(port: int) -> None:
    bad = LOGIN + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n"
    with closing(create_connection(("127.0.0.1", port), 10)) as connection:
        connection.sendall(bad)
        answer = read_answer(connection)
        assert _problem(answer)[0] == 400
        assert b"connection: close" in answer.lower()
        assert connection.recv(1) == b""


def test_headers_that_come_byte_by_byte_end_in_time(port: int) -> None:
    with closing(create_connection(("127.0.0.1", port), 10)) as connection:
        status, problem = _problem(_trickle(connection, b"GET /healthz HTTP/1.1\r\nX-A: " + b"x" * 1000))
        assert (status, problem["title"]) == (408, "Request Timeout")


def test_a_body_that_nobody_reads_and_never_ends_ends_the_connection(port: int) -> None:
    with closing(create_connection(("127.0.0.1", port), 10)) as connection:
        connection.sendall(b"POST /webhooks/none HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n")
        assert b" 404 " in read_answer(connection).splitlines()[0]
        _trickle(connection, b"y" * 1000)


def test_an_idle_connection_is_closed(port: int) -> None:
    with closing(create_connection(("127.0.0.1", port), 10)) as connection:
        assert connection.recv(1) == b""
    with closing(create_connection(("127.0.0.1", port), 10)) as connection:
        connection.sendall(LOG + b"\r\n")
        assert read_answer(connection).endswith(b"0123456789")
        assert connection.recv(1) == b""


def test_a_client_that_does_not_read_is_cut_off(port: int) -> None:
    with closing(socket()) as connection:
        connection.settimeout(10)
        connection.setsockopt(SOL_SOCKET, SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", port))
        asked = b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            _send_for_ever(connection, asked)


def test_an_event_stream_outlives_these_limits(port: int) -> None:
    with closing(create_connection(("127.0.0.1", port), 10)) as connection:
        connection.sendall(LOG.replace(b"/log ", b"/events ") + b"\r\n")
        data = b""
        while b"event: end" not in data:
            piece = connection.recv(65536)
            assert piece, data
            data += piece


def _send_for_ever(connection: socket, data: bytes) -> None:
    while True:
        connection.sendall(data)


def _trickle(connection: socket, data: bytes) -> bytes:
    """Send a byte every 20 ms until the server answers or closes; what it answered."""
    for number in range(len(data)):
        with suppress(OSError):
            connection.sendall(data[number : number + 1])
        connection.settimeout(0.02)
        with suppress(TimeoutError, ConnectionResetError):
            piece = connection.recv(65536)
            connection.settimeout(10)
            return piece + read_answer(connection) if piece else b""
    raise AssertionError("the server takes every byte")
