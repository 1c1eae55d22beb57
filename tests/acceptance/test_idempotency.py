"""A server is killed after a build was stored and before the answer was sent: the same request then gets the answer."""

from collections.abc import Iterator
from pathlib import Path

import gevent
import httpx
import pytest

from tests.services.pikoci import PikociServer
from tests.services.process import free_port
from tests.services.proxy import Proxy

CONFIG = 'job "one" {\n  task "t" {\n    run "exec" { path = "/bin/true" }\n  }\n}\n'
BUILDS = "/teams/main/pipelines/app/jobs/one/builds"
KEY = {"Idempotency-Key": "deploy-1"}


@pytest.fixture
def broker(nats_address: str) -> Iterator[Proxy]:
    with Proxy(int(nats_address.rpartition(":")[2])) as proxy:
        yield proxy


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path, broker: Proxy) -> Iterator[PikociServer]:
    flags = ["--pubsub-system=nats", f"--nats-server-url=nats://127.0.0.1:{broker.port}"]
    flags += [f"--queue-prefix=test-{free_port()}", "--run-worker=false", "--jwt-secret=" + "s" * 40]
    if request.param == "postgresql":
        flags += request.getfixturevalue("postgresql").flags()
    else:
        flags += ["--db-system=sqlite", f"--db-name={tmp_path / 'pikoci.db'}"]
    made = PikociServer(tmp_path, flags)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_a_server_killed_between_commit_and_answer_answers_when_it_is_back(server: PikociServer, broker: Proxy) -> None:
    server.http.put("/api/v1/teams/main/pipelines/app", json={"config": CONFIG}).raise_for_status()
    broker.freeze()  # now the doorbell blocks, for up to five seconds
    asking = gevent.spawn(_trigger, server.url, server.http.headers["authorization"])
    stored = server.wait_for(lambda: server.get(BUILDS)["items"], "the build to be stored")
    assert not asking.ready()
    server.kill()
    with pytest.raises(httpx.TransportError):
        asking.get(timeout=30)
    broker.restore()
    server.start()
    answer = _trigger(server.url, server.http.headers["authorization"])
    assert (answer.status_code, answer.json()["id"]) == (201, stored[0]["id"])
    assert len(server.get(BUILDS)["items"]) == 1


def _trigger(url: str, login: str) -> httpx.Response:
    return httpx.post(f"{url}/api/v1{BUILDS}", json={}, headers={**KEY, "authorization": login}, timeout=30)
