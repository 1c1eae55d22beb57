"""A server among clients that behave badly: everybody else is served all the same."""

import json
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import bcrypt
import httpx
import pytest

from tests.services.pikoci import PikociServer, running_server

PASSWORD = "costly horse"
STRANGERS = 60
CHUNKED = (
    b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
)
LENGTH = b"POST /api/v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
HOST = b" HTTP/1.1\r\nHost: x\r\n"
MALFORMED = {
    "size that is no number": (400, CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n"),
    "negative size": (400, CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n"),
    "chunk longer than its size": (400, CHUNKED + b"2\r\n{}{}\r\n0\r\n\r\n"),
    "bad chunk extension": (400, CHUNKED + b"2;\x01\r\n{}\r\n0\r\n\r\n"),
    "forbidden trailer": (400, CHUNKED + b"2\r\n{}\r\n0\r\nContent-Length: 3\r\n\r\n"),
    "trailer that is none": (400, CHUNKED + b"2\r\n{}\r\n0\r\nnonsense\r\n\r\n"),
    "chunks without an end": (400, CHUNKED + b"2\r\n{}\r\n"),
    "body shorter than told": (400, LENGTH + b"50\r\n\r\n{}"),
    "length that is no number": (400, LENGTH + b"2x\r\n\r\n{}"),
    "negative length": (400, LENGTH + b"-2\r\n\r\n{}"),
    "two lengths": (400, LENGTH + b"2\r\nContent-Length: 3\r\n\r\n{}"),
    "length and chunks": (400, LENGTH + b"2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
    "no body that JSON knows": (400, LENGTH + b"3\r\n\r\n{\xff}"),
    "header too long": (431, b"GET /healthz" + HOST + b"X-Long: " + b"x" * 70_000 + b"\r\n\r\n"),
    "headers too many": (431, b"GET /healthz" + HOST + b"X-A: 1\r\n" * 500 + b"\r\n"),
    "address too long": (414, b"GET /" + b"x" * 9000 + HOST + b"\r\n"),
    "no request line": (400, b"nonsense\r\n\r\n"),
    "header without a colon": (400, b"GET /healthz" + HOST + b"nonsense\r\n\r\n"),
    "NUL in a header": (400, b"GET /healthz" + HOST + b"X-A: \x00\r\n\r\n"),
    "NUL in the path": (404, b"GET /a%00b" + HOST + b"\r\n"),
    "NUL in a name": (400, b"GET /api/v1/teams/a%00b/pipelines" + HOST + b"\r\n"),
    "bare NUL in the path": (400, b"GET /a\x00b" + HOST + b"\r\n"),
    "percent without digits": (400, b"GET /api/v1/teams/%zz/pipelines" + HOST + b"\r\n"),
    "path that is not UTF-8": (400, b"GET /api/v1/teams/%ff/pipelines" + HOST + b"\r\n"),
    "query that is not UTF-8": (400, b"GET /api/v1/teams/main/pipelines?limit=%ff" + HOST + b"\r\n"),
    "another prefix": (404, b"GET /nothing" + HOST + b"SCRIPT_NAME: /other\r\n\r\n"),
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PikociServer]:
    """A server where alice's password is as costly to check as one that the program made."""
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(12)).decode()
    tester = bcrypt.hashpw(b"correct horse", bcrypt.gensalt(4)).decode()
    with running_server(tmp_path_factory.mktemp("server"), [f"--users=tester:{tester},alice:{hashed}"]) as started:
        yield started


def log_in(server: PikociServer, name: str, password: str, address: str) -> httpx.Response:
    transport = httpx.HTTPTransport(local_address=address)
    with httpx.Client(base_url=server.url, transport=transport, timeout=60) as client:
        return client.post("/api/v1/login", json={"name": name, "password": password})


def test_many_made_up_logins_hold_up_neither_a_right_one_nor_a_plan(server: PikociServer) -> None:
    with ThreadPoolExecutor(STRANGERS + 1) as pool:
        strangers = [
            pool.submit(log_in, server, f"nobody{number}", "wrong", "127.0.0.1") for number in range(STRANGERS)
        ]
        server.wait_for(lambda: any(one.done() for one in strangers), "the first answer to a stranger")
        right = pool.submit(log_in, server, "alice", PASSWORD, "127.0.0.2")
        plan = server.post("/teams/main/pipelines/p/plan", {"config": 'job "a" { }'})
        assert plan is not None
        assert right.result().status_code == 200
        answers = [one.result() for one in strangers]
    found = Counter(answer.status_code for answer in answers)
    assert set(found) == {401, 429}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers if answer.status_code == 429)


@pytest.mark.parametrize("what", MALFORMED)
def test_a_malformed_request_is_refused_without_a_tale_in_the_log(server: PikociServer, what: str) -> None:
    status, sent = MALFORMED[what]
    before = server.log.stat().st_size
    with socket.create_connection(("127.0.0.1", server.port), 20) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        head, _, body = read_to_end(connection).partition(b"\r\n\r\n")
    assert (int(head.split()[1]), json.loads(body)["status"]) == (status, status), head
    assert server.get("/profile")["name"] == "tester"
    told = server.log.read_bytes()[before:]
    assert b"Traceback" not in told
    assert told.count(b"\n") <= 1, told


def read_to_end(connection: socket.socket) -> bytes:
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)
