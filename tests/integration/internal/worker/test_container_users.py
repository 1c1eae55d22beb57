"""Containers of builds that run as users of their own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import gevent
import pytest

from pikoci.internal.domain.gateway import WorkerCommand
from pikoci.internal.domain.plan import Command, TaskStep
from pikoci.internal.worker.tools.container_line import container_line
from pikoci.internal.worker.tools.lifetime import BuildControl
from pikoci.internal.worker.tools.outcome import Outcome
from pikoci.internal.worker.users import BuildUser
from tests.services.containers import Containers, Registry
from tests.unit.internal.worker.bench_room import Room, task, wait_until, worker_room

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

UID = 1_600_000 + os.getpid() % 100_000
USER = BuildUser(name="build-1", uid=UID, gid=UID)


@pytest.fixture
def root() -> Generator[Path]:
    """A directory that others may pass, and that lies in no directory for temporary files."""
    path = Path(tempfile.mkdtemp(prefix="pikoci-test-", dir="/run"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def room(root: Path, containers: Containers) -> Generator[Room]:
    with worker_room(
        root, build_users=(USER,), user_locks=root / "locks", container_environment=containers.environment
    ) as found:
        yield found
    assert not list((root / "work" / "builds").glob("*"))


def inside(image: str, cmd: str, id: str = "1") -> TaskStep:  # noqa: A002 - as the plan calls it
    params: dict[str, object] = {"image": image, "cmd": cmd, "network": "none"}
    return TaskStep(id=id, name="t", run=Command(runner="docker", params=params))


def test_a_container_has_the_rights_of_the_build_s_user(room: Room, registry: tuple[Registry, str]) -> None:
    host, image = registry
    show = "id -u; cat /proc/self/uid_map; touch made; echo K=v > $PIKOCI_OUTPUT"
    record = room.run_job(inside(image, show), task("stat -c %u made; rm made; echo $TASK_T_K", id="2"))
    assert record.end.status == "succeeded", record.log()
    said = record.log().decode().split("\n")[-5:]
    assert [said[0], said[1].split(), *said[2:4]] == ["0", ["0", str(UID), "1"], str(UID), "v"]
    assert host.pulls == 1


def test_images_are_kept_for_the_team(room: Room, registry: tuple[Registry, str]) -> None:
    host, image = registry
    for _ in range(2):
        assert room.run_job(inside(image, "true")).end.status == "succeeded"
    assert host.pulls == 1


def test_the_store_is_closed_afterwards(room: Room, root: Path, registry: tuple[Registry, str]) -> None:
    room.run_job(inside(registry[1], "true"))
    (gate,) = (path for path in (root / "work" / "cache" / "containers").iterdir() if path.is_dir())
    assert (gate.stat().st_uid, gate.stat().st_mode & 0o777) == (0, 0o700)


def test_a_cancelled_container_leaves_a_store_that_works(room: Room, registry: tuple[Registry, str]) -> None:
    record = room.submit(inside(registry[1], "echo up; sleep 4343"))
    wait_until(lambda: record.log().endswith(b"up\n"))
    room.gateway.pushed.put(WorkerCommand(kind="cancel", build_id=1, claim=1, reason="cancelled by ann"))
    wait_until(lambda: record.ended)
    assert record.end.status == "cancelled"
    assert not [path for path in Path("/proc").glob("[0-9]*/cmdline") if b"4343" in path.read_bytes()]
    assert room.run_job(inside(registry[1], "true")).end.status == "succeeded"


def test_steps_at_once_share_the_store(room: Room, registry: tuple[Registry, str], root: Path) -> None:
    wait_until(lambda: room.worker.health().registered)
    equipment, control = room.worker._equipment, BuildControl(1.0)
    loan = equipment.users.borrow(30.0)
    assert loan is not None
    said: list[bytes] = []

    def run() -> Outcome:
        line = container_line({"image": registry[1], "cmd": "echo done", "network": "none"}, workspace)
        return commands.run(line, {}, workspace.work, control.plan, said.append)

    with equipment.workspace(root / "work" / "builds" / "7-1", loan, "main/p/j") as workspace:
        commands = equipment.commands(30.0, control, workspace, "main")
        both = [gevent.spawn(run) for _ in range(2)]
        gevent.joinall(both, timeout=30, raise_error=True)
        assert [one.value.status for one in both if one.value] == ["succeeded", "succeeded"], said
    loan.give_back()
    assert b"".join(said).count(b"done\n") == 2


def test_no_build_gets_near_a_daemon(root: Path, containers: Containers) -> None:
    program = root / "docker"
    program.write_text(f"#!/bin/sh\n[ $1 = --version ] && echo Docker version 28 || touch {root}/ran\n")
    program.chmod(0o755)
    users: dict[str, Any] = {"build_users": (USER,), "user_locks": root / "locks"}
    with worker_room(root, container_program=str(program), **users) as room:
        record = room.run_job(inside("x", "true"))
    assert record.end.status == "failed"
    assert f"{program} would run containers with the rights of its daemon; install podman" in record.end.reason
    assert not (root / "ran").exists()
