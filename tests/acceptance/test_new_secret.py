"""A new JWT secret, while a worker apart runs a build: nothing stops, nobody has to log in again."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.services.pikoci import PikociServer
from tests.services.process import free_port
from tests.services.worker import PikociWorker

OLD, NEW = "old-secret-" * 4, "new-secret-" * 4
CONFIG = """
variable "gate" {}
job "one" {
  task "wait" {
    run "exec" {
      path = "/bin/sh"
      args = ["-c", "until test -e ${var.gate}; do sleep 0.05; done; echo through"]
    }
  }
}
"""
JOB = "/teams/main/pipelines/app/jobs/one"


class Rotation:
    """A server over NATS, started again with other secrets."""

    def __init__(self, folder: Path, nats_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.gate = folder / "gate"
        self.queue = {"PUBSUB_SYSTEM": "nats", "NATS_SERVER_URL": nats_address, "QUEUE_PREFIX": f"test-{free_port()}"}
        flags = [f"--{name.lower().replace('_', '-')}={value}" for name, value in self.queue.items()]
        flags += ["--run-worker=false", "--db-system=sqlite", f"--db-name={folder / 'pikoci.db'}"]
        self.server = PikociServer(folder, [*flags, "--heartbeat-interval=300ms"])

    def start(self, secret: str, previous: str = "") -> None:
        self._monkeypatch.setenv("JWT_SECRET", secret)
        self._monkeypatch.setenv("JWT_SECRET_PREVIOUS", previous)
        if self.server.process is not None:
            self.server.kill()
            self.server.log.unlink()
        self.server.start()

    def profile(self, login: str) -> int:
        address = f"{self.server.url}/api/v1/profile"
        return httpx.get(address, headers={"authorization": login}, timeout=10).status_code


@pytest.fixture
def rotation(tmp_path: Path, nats_address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rotation]:
    made = Rotation(tmp_path, nats_address, monkeypatch)
    yield made
    made.server.stop()


def test_a_new_secret_stops_no_build_and_ends_no_session(rotation: Rotation, tmp_path: Path) -> None:
    server = rotation.server
    rotation.start(OLD)
    session = server.http.headers["authorization"]
    token = server.post("/worker-tokens", {})["token"]
    worker = PikociWorker(tmp_path / "w", [], {**rotation.queue, "PIKOCI_URL": server.url, "WORKER_TOKEN": token})
    try:
        worker.start()
        body = {"config": CONFIG, "vars": {"gate": str(rotation.gate)}}
        server.http.put("/api/v1/teams/main/pipelines/app", json=body).raise_for_status()
        server.post(f"{JOB}/builds", {})
        server.wait_for_build("app", "one", "1", "started")
        rotation.start(NEW, OLD)
        server.wait_for(lambda: "previous secret" in server.log.read_text(), "the old token to be told")
        rotation.gate.touch()
        build = server.wait_for_build("app", "one", "1", "succeeded")
        assert build["attempt"] == 1
        assert rotation.profile(session) == 200
        rotation.start(NEW)
        assert rotation.profile(session) == 401
        worker.wait_for(lambda: "heartbeat failed" in worker.text(), "the old token to be refused")
    finally:
        worker.stop()
    assert OLD not in server.log.read_text() + worker.text()
