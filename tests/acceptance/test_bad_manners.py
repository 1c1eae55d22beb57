"""A server among clients that behave badly: everybody else is served all the same."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import bcrypt
import httpx
import pytest

from tests.services.pikoci import PikociServer, running_server

PASSWORD = "costly horse"
STRANGERS = 60


@pytest.fixture
def server(tmp_path: Path) -> Iterator[PikociServer]:
    """A server where alice's password is as costly to check as one that the program made."""
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(12)).decode()
    tester = bcrypt.hashpw(b"correct horse", bcrypt.gensalt(4)).decode()
    with running_server(tmp_path, [f"--users=tester:{tester},alice:{hashed}"]) as started:
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
