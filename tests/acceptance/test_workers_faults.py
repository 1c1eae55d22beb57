"""Workers, the server and the broker are killed, and come back: no build is lost, none runs twice."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.acceptance.farm import Farm, app, start_waiting
from tests.acceptance.processes import marked_processes
from tests.acceptance.repository import GOOD, Repository
from tests.services.nats import NatsServer
from tests.services.worker import PikociWorker


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


def test_a_killed_worker_comes_back_at_once_and_its_build_runs_again(patient_farm: Farm, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    worker = patient_farm.worker("one")
    start_waiting(patient_farm, gate)
    assert worker.process is not None
    worker.process.kill()
    worker.wait()
    worker.log.unlink()
    worker.start()
    worker.wait_for(lambda: "worker registered" in worker.text(), "the worker to register")
    assert "waiting to see whether the name is in use" not in worker.text()
    assert "worker one was started again" in patient_farm.server.build_log("waiting", "wait", "1")
    gate.touch()
    # Kafka hands a dead consumer's partitions on when its session has ended, and not before.
    build = patient_farm.server.wait_for_build("waiting", "wait", "1", "succeeded", "errored", timeout=90)
    assert (build["status"], build["attempt"]) == ("succeeded", 2)
