"""How workers in processes of their own find their server, prove who they are, and show themselves."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.acceptance.farm import TOKEN, Farm
from tests.services.pikoci import PikociServer
from tests.services.process import free_port
from tests.services.worker import PikociWorker


def test_a_tag_that_the_token_does_not_carry_ends_the_worker_with_one_message(farm: Farm) -> None:
    token = farm.server.post("/worker-tokens", {"tags": ["gpu"]})["token"]
    variables = {**farm.variables, "PIKOCI_URL": farm.server.url, "WORKER_TOKEN": token}
    worker = PikociWorker(farm.folder / "greedy", ["--tags=gpu,vpn"], variables)
    worker.start()
    assert worker.wait() == 1
    assert "the worker's token does not carry the tag vpn" in worker.text()
    assert "Traceback" not in worker.text()


def test_a_wrong_token_ends_the_worker_with_one_message(farm: Farm) -> None:
    worker = PikociWorker(
        farm.folder / "wrong", [], {**farm.variables, "PIKOCI_URL": farm.server.url, "WORKER_TOKEN": "nonsense"}
    )
    worker.start()
    assert worker.wait() == 1
    assert "worker token is refused" in worker.text()
    assert "--worker-token" in worker.text()
    assert "Traceback" not in worker.text()


def test_the_token_in_the_log_is_the_same_at_each_start_until_it_is_revoked(tmp_path: Path, nats_address: str) -> None:
    farm = Farm(tmp_path, "nats", nats_address)
    server = farm.server
    try:
        server.start()
        token = farm.token
        server.kill()
        server.start()
        assert TOKEN.findall(server.log.read_text()) == [token, token]
        (known,) = server.get("/worker-tokens")["items"]
        assert (known["created_by"], known["team"], known["tags"]) == ("the server", "", None)
        server.http.delete(f"/api/v1/worker-tokens/{known['id']}").raise_for_status()
        server.kill()
        server.start()
        assert TOKEN.findall(server.log.read_text()) == [token, token]
        assert "was revoked: make others with `pikoci client worker-tokens create`" in server.log.read_text()
    finally:
        farm.stop()
    (tmp_path / "quiet").mkdir()
    quiet = PikociServer(
        tmp_path / "quiet", ["--run-worker=false", "--log-worker-token=false", f"--nats-server-url={nats_address}",
        "--pubsub-system=nats", "--jwt-secret=my-secret"],
    )  # fmt: skip
    try:
        quiet.start()
        assert "Worker token" not in quiet.log.read_text()
    finally:
        quiet.stop()


def test_the_name_is_kept_across_restarts(farm: Farm) -> None:
    variables = {**farm.variables, "PIKOCI_URL": farm.server.url, "WORKER_TOKEN": farm.token}
    worker = PikociWorker(farm.folder / "unnamed", [], variables)
    farm.workers.append(worker)
    for _ in range(2):
        worker.log.unlink(missing_ok=True)
        worker.start()
        worker.wait_for(lambda: "worker registered" in worker.text(), "the worker to register")
        worker.signal(signal.SIGQUIT)
        assert worker.wait() == 0
    assert len(farm.server.get("/workers")["items"]) == 1
    identity = json.loads((worker.workdir / "identity.json").read_text())
    assert farm.server.get("/workers")["items"][0]["name"] == identity["name"]
    assert identity["key"] not in worker.text()
    assert (worker.workdir / "identity.json").stat().st_mode & 0o777 == 0o600


def test_an_address_may_come_without_a_scheme(farm: Farm) -> None:
    netloc = urlsplit(farm.server.url).netloc
    worker = PikociWorker(
        farm.folder / "bare", ["-u", netloc, "--worker-token", farm.token], {**farm.variables, "HOME": "/nonexistent"}
    )
    farm.workers.append(worker)
    worker.start()
    worker.wait_for(lambda: "worker registered" in worker.text(), "the worker to register")


def test_health_tells_what_is_polled(farm: Farm) -> None:
    port = free_port()
    farm.worker("one", f"--health-port={port}", "--queues=jobs")
    farm.server.wait_for(lambda: httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200, "health")
    found = httpx.get(f"http://127.0.0.1:{port}/healthz").json()
    assert (found["status"], found["state"], list(found["last_poll"])) == ("ok", "running", ["jobs"])
    assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 404


def test_the_service_manager_hears_of_start_life_and_end(farm: Farm, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(10)
        farm.variables["NOTIFY_SOCKET"] = str(tmp_path / "notify")
        worker = farm.worker("one")
        heard = [manager.recv(1000)]
        while heard[-1] != b"WATCHDOG=1" or b"READY=1" not in heard:
            heard.append(manager.recv(1000))
        worker.signal(signal.SIGQUIT)
        while heard[-1] != b"STOPPING=1":
            heard.append(manager.recv(1000))
        assert worker.wait() == 0
