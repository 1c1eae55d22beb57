"""Docker's client and a daemon, for which podman stands here."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from pathlib import Path

import pytest

from pikoci.internal.domain.gateway import WorkerCommand
from pikoci.internal.domain.plan import Command, TaskStep
from pikoci.internal.worker.settings import inherit_environment
from tests.services.containers import IMAGE, Containers
from tests.unit.internal.worker.bench_room import Room, task, wait_until, worker_room


@pytest.fixture(scope="module")
def daemon(containers: Containers) -> Generator[dict[str, str]]:
    """What a worker is to be told of it."""
    with containers.served() as address:
        yield inherit_environment({"DOCKER_HOST": address, "PATH": "/usr/bin:/bin", "HOME": str(containers.folder)})


@pytest.fixture(scope="module")
def client() -> str:
    """Docker's own program; see `expected-skips.txt`."""
    found = shutil.which("docker")
    if found is None:
        pytest.skip("no docker: the program docker is not on PATH")
    return found


@pytest.fixture
def room(tmp_path: Path, client: str, containers: Containers, daemon: dict[str, str]) -> Generator[Room]:
    with worker_room(tmp_path, container_program=client, environment=daemon) as found:
        yield found
    assert containers.all() == []


def inside(cmd: str) -> TaskStep:
    params: dict[str, object] = {"image": IMAGE, "cmd": cmd, "network": "none"}
    return TaskStep(
        id="1", name="t", run=Command(runner="docker", params=params), env={"LINES": "a\nb\n", "PATH": "/bin"}
    )


def test_what_it_does_is_as_with_podman(room: Room) -> None:
    record = room.run_job(
        inside('pwd; echo "$LINES|"; echo K=v > $PIKOCI_OUTPUT; touch made'), task("echo $TASK_T_K; rm made", id="2")
    )
    assert record.log() == b"/workdir\na\nb\n|\nv\n"
    assert record.end.status == "succeeded"


def test_the_status_of_the_command_is_that_of_the_step(room: Room) -> None:
    assert room.run_job(inside("exit 3")).end.reason == 'task "t": exit status 3'


def test_a_cancelled_container_is_gone(room: Room, containers: Containers) -> None:
    record = room.submit(inside("trap '' TERM; echo up; sleep 1000"))
    wait_until(record.log)
    assert len(containers.all()) == 1
    room.gateway.pushed.put(WorkerCommand(kind="cancel", build_id=1, claim=1, reason="cancelled by ann"))
    wait_until(lambda: record.ended)
    assert record.end.status == "cancelled"


def test_what_goes_on_after_the_worker_is_removed_at_the_next_start(
    tmp_path: Path, client: str, containers: Containers, daemon: dict[str, str]
) -> None:
    with worker_room(tmp_path, container_program=client, environment=daemon) as room:
        record = room.submit(inside("echo up; sleep 1000"))
        wait_until(record.log)
        (name,) = containers.all()
        room.worker._spawner.close()  # as if all its processes were killed: nothing more can be started
        wait_until(lambda: room.greenlet.dead or record.ended)
    assert containers.all() == [name]
    with worker_room(tmp_path, container_program=client, environment=daemon) as room:
        wait_until(lambda: room.worker.health().registered)
        assert containers.all() == []
