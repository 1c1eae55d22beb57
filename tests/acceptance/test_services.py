"""A database beside the steps, as the whole program runs it, and what is left of it when a process is killed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.farm import Farm

CONFIG = """
variable "folder" {}
runner_type "mine" {
  run {
    path = "/bin/sh"
    args = ["-ec", "$script"]
  }
}
service_type "db" {
  start "mine" {
    script = <<-EOT
      (setsid sh -c 'echo $$ >> ${var.folder}/pids; exec sleep 1000' &)
      while ! [ -s ${var.folder}/pids ]; do sleep 0.05; done
      echo name=it > $PIKOCI_OUTPUT
    EOT
  }
  ready_check "shell" {
    cmd = "kill -0 $(tail -n 1 ${var.folder}/pids)"
  }
  stop "shell" {
    cmd = "echo stopped $SERVICE_DB_NAME; echo $BUILD_NUMBER >> ${var.folder}/stops"
  }
}
job "test" {
  service "db" {}
  task "wait" {
    run "shell" {
      cmd = "echo $SERVICE_DB_NAME; while ! [ -e ${var.folder}/go ]; do sleep 0.05; done"
    }
  }
}
"""


def pids(folder: Path) -> list[int]:
    path = folder / "pids"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def start(farm: Farm) -> None:
    """Have a build whose step waits for the file `go`."""
    farm.server.post("/teams/main/pipelines/app/jobs/test/builds", {})
    farm.server.wait_for(lambda: runs_step(farm, 1), "the step to run")


def runs_step(farm: Farm, attempt: int) -> bool:
    steps = (farm.server.build("app", "test", "1") or {"steps": []})["steps"]
    return any(step["id"] == "1" and step["attempt"] == attempt for step in steps)


@pytest.fixture
def farm(tmp_path: Path, nats_address: str) -> Iterator[Farm]:
    made = Farm(tmp_path, "nats", nats_address)
    try:
        made.server.start()
        made.set_pipeline("app", CONFIG, {"folder": str(tmp_path)})
        yield made
    finally:
        made.stop()
    assert made.leftovers() == []
    assert not any(map(is_alive, pids(tmp_path)))


def test_a_service_shows_as_steps_with_logs(farm: Farm, tmp_path: Path) -> None:
    farm.worker("one")
    start(farm)
    [pid] = pids(tmp_path)
    assert is_alive(pid)
    (tmp_path / "go").touch()
    build = farm.server.wait_for_build("app", "test", "1", "succeeded", "failed", "errored")
    log = farm.server.build_log("app", "test", "1")
    assert build["status"] == "succeeded", log
    assert [(step["id"], step["kind"], step["name"], step["status"]) for step in build["steps"]] == [
        ("start/1", "service", "db:start", "succeeded"),
        ("ready/1", "service", "db:ready", "succeeded"),
        ("1", "task", "wait", "succeeded"),
        ("stop/1", "service", "db:stop", "succeeded"),
    ]
    assert log.splitlines()[-2:] == ["it", "stopped it"]
    page = farm.server.http.get("/teams/main/pipelines/app/jobs/test/builds/1").raise_for_status().text
    places = [page.index(f"<b>{name}</b>") for name in ("db:start", "db:ready", "wait", "db:stop")]
    assert places == sorted(places)
    assert not is_alive(pid)


def test_what_a_killed_workers_service_ran_dies_and_the_build_runs_again(farm: Farm, tmp_path: Path) -> None:
    first = farm.worker("first")
    start(farm)
    [pid] = pids(tmp_path)
    first.signal(signal.SIGKILL)
    farm.server.wait_for(lambda: not is_alive(pid), "the service to die with its worker")
    assert not (tmp_path / "stops").exists()
    farm.worker("second")
    farm.server.wait_for(lambda: runs_step(farm, 2), "the second attempt")
    (tmp_path / "go").touch()
    assert farm.server.wait_for_build("app", "test", "1", "succeeded", "failed")["attempt"] == 2
    assert (tmp_path / "stops").read_text() == "1\n"


def test_a_worker_that_is_told_to_end_at_once_stops_its_services(farm: Farm, tmp_path: Path) -> None:
    worker = farm.worker("one")
    start(farm)
    worker.signal(signal.SIGTERM)
    worker.wait()
    assert farm.server.wait_for_build("app", "test", "1", "cancelled", "failed", "succeeded")["status"] == "cancelled"
    assert (tmp_path / "stops").read_text() == "1\n"


def test_a_drain_waits_for_the_services_too(farm: Farm, tmp_path: Path) -> None:
    worker = farm.worker("one")
    start(farm)
    worker.signal(signal.SIGQUIT)
    worker.wait_for(lambda: "draining" in worker.text() or "drain" in worker.text(), "the drain to begin")
    assert is_alive(pids(tmp_path)[0])
    (tmp_path / "go").touch()
    worker.wait()
    assert farm.server.build("app", "test", "1")["status"] == "succeeded"
    assert (tmp_path / "stops").read_text() == "1\n"


def test_each_attempt_has_services_of_its_own_when_the_server_is_killed(farm: Farm, tmp_path: Path) -> None:
    farm.worker("one")
    start(farm)
    farm.server.kill()
    farm.server.start()
    (tmp_path / "go").touch()
    build = farm.server.wait_for_build("app", "test", "1", "succeeded", "failed", "errored")
    assert build["status"] == "succeeded"
    assert len(pids(tmp_path)) == build["attempt"]  # it runs again if the server was away for longer than the lease
