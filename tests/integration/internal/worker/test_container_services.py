"""Services in containers of podman."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pikoci.internal.domain.gateway import ClaimRef
from pikoci.internal.domain.plan import Command, ReadyCheck, Service, ServiceType
from tests.services.containers import IMAGE, Containers
from tests.unit.internal.worker.bench_room import Room, sh, task, wait_until, worker_room

WAIT = "while ! [ -e go ]; do sleep 0.1; done"


@pytest.fixture
def room(tmp_path: Path, containers: Containers) -> Generator[Room]:
    with worker_room(tmp_path, container_environment=containers.environment) as found:
        yield found
    assert containers.all() == []


def service(cmd: str) -> dict[str, Any]:
    """One that is a container, and is ready when it has made a file."""
    start = Command(runner="docker", params={"image": IMAGE, "cmd": cmd, "network": "none"})
    check = ReadyCheck(command=sh("test -e ready"), interval=0.1)
    kind = ServiceType(name="db", start=start, foreground=True, ready_check=check)
    return {"services": [Service(id="1", type="db", params={"size": 3})], "service_types": [kind]}


def test_a_container_serves_the_steps_and_is_gone(room: Room) -> None:
    script = f'echo "size=$param_size" > $PIKOCI_OUTPUT; touch ready; {WAIT}; echo served; touch done; sleep 1000'
    record = room.run_job(
        task("echo $SERVICE_DB_SIZE; touch go; while ! [ -e done ]; do sleep 0.1; done"), **service(script)
    )
    assert record.end.status == "succeeded", record.log()
    assert record.log("1") == b"3\n"
    assert b"served\n" in record.log("start/1")


def test_a_container_that_ends_is_waited_for_no_longer(room: Room) -> None:
    record = room.run_job(task("true"), **service("echo cannot; exit 7"))
    assert record.end.reason == 'service "db": it ended before it was ready: exit status 7; it said: cannot'


def test_a_lost_claim_removes_the_container(room: Room) -> None:
    record = room.submit(task("echo up; sleep 1000"), **service("touch ready; sleep 1000"))
    wait_until(lambda: b"up" in record.log())
    room.gateway.lost.append(ClaimRef(id=1, claim=1))
    wait_until(lambda: not room.worker.health().builds)
