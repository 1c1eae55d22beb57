"""What clients do on the wire: large, slow, broken and partial requests against gunicorn."""

import json
from contextlib import closing
from socket import create_connection
from typing import Any

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
