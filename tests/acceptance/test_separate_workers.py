"""A server without a worker of its own, workers in processes of theirs, and a real broker between them."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.acceptance.processes import marked_processes
from tests.acceptance.repository import GOOD, Repository
from tests.services.nats import NatsServer
from tests.services.pikoci import PikociServer
from tests.services.process import free_port
from tests.services.worker import PikociWorker

PIPELINE = Path(__file__).with_name("pipeline.hcl")
RESOURCE = "/teams/main/pipelines/app/resources/git.app"
#: A lost worker's builds must not wait for half a minute in a test.
LEASE = ["--heartbeat-interval=500ms", "--lease=3s"]
#: The variables that say where each broker is.
BROKERS = {"nats": "NATS_SERVER_URL", "rabbit": "RABBIT_SERVER_URL", "kafka": "KAFKA_BROKERS"}
FIXTURES = {"nats": "nats_address", "rabbit": "rabbitmq_address", "kafka": "kafka_address"}
TOKEN = re.compile(r"Worker token for standalone workers token=([\w.-]+)")


class Farm:
    """A server, and workers that reach it; everything is stopped at the end."""

    def __init__(self, folder: Path, system: str, address: str) -> None:
        self.folder = folder
        self.variables = {BROKERS[system]: address, "PUBSUB_SYSTEM": system, "QUEUE_PREFIX": f"test-{free_port()}"}
        self.server = PikociServer(
            folder,
            [
                "--run-worker=false",
                "--jwt-secret=my-secret",
                "--db-system=sqlite",
                f"--db-name={folder / 'pikoci.db'}",
                *(f"--{name.lower().replace('_', '-')}={value}" for name, value in self.variables.items()),
                *LEASE,
            ],
        )
        self.workers: list[PikociWorker] = []

    @property
    def token(self) -> str:
        found = TOKEN.search(self.server.log.read_text())
        assert found is not None
        return found[1]

    def worker(self, name: str, *flags: str, token: str = "") -> PikociWorker:
        variables = {**self.variables, "PIKOCI_URL": self.server.url, "WORKER_TOKEN": token or self.token}
        made = PikociWorker(self.folder / name, [f"--name={name}", *flags], variables)
        self.workers.append(made)
        made.start()
        made.wait_for(lambda: "worker registered" in made.text(), f"{name} to register")
        return made

    def set_pipeline(self, name: str, config: str, variables: dict[str, str] | None = None, team: str = "main") -> None:
        body = {"config": config, "vars": variables or {}}
        self.server.http.put(f"/api/v1/teams/{team}/pipelines/{name}", json=body).raise_for_status()

    def stop(self) -> None:
        for worker in self.workers:
            worker.stop()
        self.server.stop()

    def leftovers(self) -> list[str]:
        return [line for worker in self.workers for line in marked_processes(worker.workdir)]


@pytest.fixture(params=list(BROKERS))
def farm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Farm]:
    made = Farm(tmp_path, request.param, request.getfixturevalue(FIXTURES[request.param]))
    try:
        made.server.start()
        yield made
    finally:
        made.stop()
    assert made.leftovers() == []


@pytest.fixture
def repository(tmp_path: Path, git: str) -> Repository:
    return Repository(tmp_path / "repository")


def app(farm: Farm, repository: Repository, **variables: str) -> None:
    farm.set_pipeline("app", PIPELINE.read_text(), {"url": str(repository.folder), **variables})


def waiting(gate: Path, tags: str = "") -> str:
    return f"""
job "wait" {{
  {tags}
  task "wait" {{
    run "shell" {{
      cmd = <<-EOT
        echo "waiting on $$"
        while ! test -e {gate}; do sleep 0.05; done
      EOT
    }}
  }}
}}
"""


def start_waiting(farm: Farm, gate: Path) -> dict[str, Any]:
    """A build that runs until the gate opens."""
    farm.set_pipeline("waiting", waiting(gate))
    farm.server.post("/teams/main/pipelines/waiting/jobs/wait/builds", {})
    farm.server.wait_for(lambda: "waiting on" in farm.server.build_log("waiting", "wait", "1"), "the step to run")
    found: dict[str, Any] = farm.server.build("waiting", "wait", "1")
    return found


def test_commits_flow_over_two_workers(farm: Farm, repository: Repository) -> None:
    commit = repository.commit(GOOD, "first")
    farm.worker("one")
    farm.worker("two")
    app(farm, repository)
    server = farm.server
    packaged = server.wait_for_build("app", "package", "1", "succeeded", "failed", "errored")
    assert packaged["status"] == "succeeded", server.build_log("app", "package", "1")
    assert packaged["inputs"][0]["version"]["ref"] == commit
    assert "answer.sh" in server.build_log("app", "package", "1")
    assert server.build("app", "test", "1")["worker"] in {"one", "two"}

    second = repository.commit(GOOD, "second")
    server.post(f"{RESOURCE}/check")
    packaged = server.wait_for_build("app", "package", "2", "succeeded")
    assert packaged["inputs"][0]["version"]["ref"] == second
    assert server.build("app", "test", "3") is None


@pytest.mark.timeout(240)
def test_a_killed_workers_build_ends_on_the_other_one(farm: Farm, repository: Repository, tmp_path: Path) -> None:
    repository.commit(GOOD, "first")
    gate = tmp_path / "gate"
    workers = {name: farm.worker(name) for name in ("one", "two")}
    app(farm, repository, gate=str(gate))
    server = farm.server
    server.wait_for(
        lambda: server.build("app", "test", "1") and "testing" in server.build_log("app", "test", "1"),
        "the step to run",
    )
    first = server.build("app", "test", "1")["worker"]
    killed = workers.pop(first)
    assert killed.process is not None
    killed.process.kill()
    killed.wait()
    server.wait_for(lambda: marked_processes(killed.workdir) == [], "what it ran to die with it")
    # Kafka hands a dead consumer's partitions on when its session has ended, and not before.
    server.wait_for_build("app", "test", "1", "started", timeout=90)
    gate.touch()
    build = server.wait_for_build("app", "test", "1", "succeeded", "failed", "errored", timeout=90)
    log = server.build_log("app", "test", "1")
    assert (build["status"], build["worker"], build["attempt"]) == ("succeeded", *workers, 2), log
    assert log.count("ok: the answer is 42") == 1
    server.wait_for_build("app", "package", "1", "succeeded", timeout=90)
    assert server.build("app", "test", "2") is None


def test_sigquit_lets_the_build_finish_and_takes_nothing_new(farm: Farm, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    worker = farm.worker("one")
    start_waiting(farm, gate)
    worker.signal(signal.SIGQUIT)
    farm.server.wait_for(lambda: farm.server.get("/workers")["items"][0]["state"] == "draining", "the drain to show")
    farm.server.post("/teams/main/pipelines/waiting/jobs/wait/builds", {})
    gate.touch()
    farm.server.wait_for_build("waiting", "wait", "1", "succeeded")
    assert worker.wait() == 0
    assert farm.server.build("waiting", "wait", "2")["status"] == "pending"
    farm.worker("two")
    # Kafka gives a gone consumer's partitions to others when its session has run out, after 30 s.
    assert farm.server.wait_for_build("waiting", "wait", "2", "succeeded", "errored", timeout=90)["worker"] == "two"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sigterm_and_sigint_cancel(farm: Farm, tmp_path: Path, number: signal.Signals) -> None:
    worker = farm.worker("one")
    start_waiting(farm, tmp_path / "gate")
    began = time.monotonic()
    worker.signal(number)
    assert worker.wait() == 0
    assert time.monotonic() - began < 10
    build = farm.server.wait_for_build("waiting", "wait", "1", "cancelled", "errored", "failed")
    assert build["status"] == "cancelled"
    assert "one" in build["reason"]
    assert number.name in build["reason"]


def test_a_second_signal_ends_a_drain(farm: Farm, tmp_path: Path) -> None:
    worker = farm.worker("one")
    start_waiting(farm, tmp_path / "gate")
    worker.signal(signal.SIGQUIT)
    worker.wait_for(lambda: "draining" in worker.text(), "the drain")
    worker.signal(signal.SIGQUIT)
    assert worker.wait() == 0
    assert farm.server.build("waiting", "wait", "1")["status"] == "cancelled"


def test_a_drain_that_runs_out_gives_the_build_to_another(farm: Farm, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    worker = farm.worker("one", "--drain-timeout=1s")
    start_waiting(farm, gate)
    worker.signal(signal.SIGQUIT)
    assert worker.wait() == 0
    farm.worker("two")
    gate.touch()
    ends = ("succeeded", "cancelled", "errored", "failed")
    build = farm.server.wait_for_build("waiting", "wait", "1", *ends, timeout=90)
    assert (build["status"], build["worker"]) == ("succeeded", "two")


def test_people_drain_and_cancel_from_afar(farm: Farm, tmp_path: Path) -> None:
    worker = farm.worker("one")
    start_waiting(farm, tmp_path / "gate")
    began = time.monotonic()
    farm.server.post("/teams/main/pipelines/waiting/jobs/wait/builds/1/cancel")
    farm.server.wait_for_build("waiting", "wait", "1", "cancelled")
    assert time.monotonic() - began < 5
    farm.server.post("/workers/one/drain")
    assert worker.wait() == 0


def test_a_worker_outlives_a_restart_of_the_server(farm: Farm, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    worker = farm.worker("one")
    start_waiting(farm, gate)
    farm.server.kill()
    gate.touch()
    worker.wait_for(lambda: "build ended" in worker.text(), "the build to end")
    farm.server.start()
    build = farm.server.wait_for_build("waiting", "wait", "1", "succeeded", "errored", "failed")
    assert (build["status"], build["attempt"]) == ("succeeded", 1)


def test_an_outage_of_the_broker_delays_work_and_loses_none(tmp_path: Path, private_nats: NatsServer) -> None:
    farm = Farm(tmp_path, "nats", private_nats.address)
    gate = tmp_path / "gate"
    try:
        farm.server.start()
        worker = farm.worker("one", "--concurrency=2")
        start_waiting(farm, gate)
        private_nats.kill()
        farm.server.post("/teams/main/pipelines/waiting/jobs/wait/builds", {})
        worker.wait_for(lambda: "queue away" in worker.text(), "the worker to notice")
        gate.touch()
        farm.server.wait_for_build("waiting", "wait", "1", "succeeded")
        assert farm.server.build("waiting", "wait", "2")["status"] == "pending"
        private_nats.start()
        assert farm.server.wait_for_build("waiting", "wait", "2", "succeeded", "errored")["attempt"] == 1
    finally:
        farm.stop()


def test_tagged_work_goes_to_workers_with_the_tags(farm: Farm, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    farm.set_pipeline("tagged", waiting(gate, 'tags = ["gpu", "vpn"]'))
    farm.set_pipeline("plain", waiting(gate))
    farm.worker("plain", "--tags=gpu")
    farm.server.post("/teams/main/pipelines/tagged/jobs/wait/builds", {})
    farm.server.post("/teams/main/pipelines/plain/jobs/wait/builds", {})
    assert farm.server.wait_for_build("plain", "wait", "1", "succeeded")["worker"] == "plain"
    assert farm.server.build("tagged", "wait", "1")["status"] == "pending"
    farm.worker("tagged", "--tags=vpn,gpu,fast", "--exclusive-tags")
    assert farm.server.wait_for_build("tagged", "wait", "1", "succeeded")["worker"] == "tagged"


def test_a_teams_worker_is_not_held_up_by_other_teams_work(farm: Farm, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    server = farm.server
    server.post("/teams", {"name": "blue"})
    token = server.post("/worker-tokens", {"team": "blue", "tags": ["gpu"]})["token"]
    for team in ("main", "blue"):
        farm.set_pipeline("waiting", waiting(gate), team=team)
    others = [server.post("/teams/main/pipelines/waiting/jobs/wait/builds", {}) for _ in range(5)]
    farm.worker("bound", "--tags=gpu", token=token)
    began = time.monotonic()
    server.post("/teams/blue/pipelines/waiting/jobs/wait/builds", {})
    address = "/teams/blue/pipelines/waiting/jobs/wait/builds/1"
    server.wait_for(lambda: server.get(address)["status"] == "succeeded", "the team's own build")
    assert time.monotonic() - began < 10  # the next ring would come after 15 s
    assert server.get(address)["worker"] == "bound"
    assert {server.build("waiting", "wait", one["number"])["status"] for one in others} == {"pending"}
    farm.worker("all")
    for one in others:
        assert server.wait_for_build("waiting", "wait", one["number"], "succeeded", timeout=90)["worker"] == "all"


def test_a_tag_that_the_token_does_not_carry_ends_the_worker_with_one_message(farm: Farm) -> None:
    token = farm.server.post("/worker-tokens", {"tags": ["gpu"]})["token"]
    variables = {**farm.variables, "PIKOCI_URL": farm.server.url, "WORKER_TOKEN": token}
    worker = PikociWorker(farm.folder / "greedy", ["--tags=gpu,vpn"], variables)
    worker.start()
    assert worker.wait() == 1
    assert "the worker's token does not carry the tag vpn" in worker.text()
    assert "Traceback" not in worker.text()


@pytest.mark.timeout(240)
def test_a_copy_of_a_machine_ends_by_name_and_takes_no_build(farm: Farm, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    worker = farm.worker("one")
    start_waiting(farm, gate)
    variables = {**farm.variables, "PIKOCI_URL": farm.server.url, "WORKER_TOKEN": farm.token}
    clone = PikociWorker(tmp_path / "clone", ["--name=one"], variables)
    clone.workdir.mkdir()
    shutil.copy(worker.workdir / "identity.json", clone.workdir)
    clone.start()
    assert clone.wait() == 1  # once a lease has passed, in which the original was heard of
    assert "another process is connected as worker one" in clone.text()
    assert "--name" in clone.text()
    gate.touch()
    build = farm.server.wait_for_build("waiting", "wait", "1", "succeeded", "errored", "failed")
    assert (build["status"], build["attempt"], build["worker"]) == ("succeeded", 1, "one")


def test_a_killed_worker_comes_back_at_once_and_its_build_runs_again(farm: Farm, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    worker = farm.worker("one")
    start_waiting(farm, gate)
    assert worker.process is not None
    worker.process.kill()
    worker.wait()
    worker.log.unlink()
    worker.start()
    worker.wait_for(lambda: "worker registered" in worker.text(), "the worker to register")
    assert "waiting to see whether the name is in use" not in worker.text()
    assert "worker one was started again" in farm.server.build_log("waiting", "wait", "1")
    gate.touch()
    # Kafka hands a dead consumer's partitions on when its session has ended, and not before.
    build = farm.server.wait_for_build("waiting", "wait", "1", "succeeded", "errored", timeout=90)
    assert (build["status"], build["attempt"]) == ("succeeded", 2)


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


def test_checks_come_while_jobs_block(farm: Farm, repository: Repository, tmp_path: Path) -> None:
    repository.commit(GOOD, "first")
    jobs = farm.worker("jobs", "--queues=jobs")
    start_waiting(farm, tmp_path / "gate")
    farm.worker("checks", "--queues", "checks")
    app(farm, repository)
    found = farm.server.wait_for(lambda: farm.server.get(f"{RESOURCE}/versions")["items"], "a version")
    assert len(found) == 1
    jobs.signal(signal.SIGTERM)
    assert jobs.wait() == 0


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


def test_a_wrong_token_ends_the_worker_with_one_message(farm: Farm) -> None:
    worker = PikociWorker(
        farm.folder / "wrong", [], {**farm.variables, "PIKOCI_URL": farm.server.url, "WORKER_TOKEN": "nonsense"}
    )
    worker.start()
    assert worker.wait() == 1
    assert "worker token is refused" in worker.text()
    assert "--worker-token" in worker.text()
    assert "Traceback" not in worker.text()


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
