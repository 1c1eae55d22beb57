"""Containers of builds that run as users of their own."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pikoci.internal.domain.plan import Command, TaskStep
from pikoci.internal.worker.users import BuildUser
from tests.services.containers import Containers, Registry
from tests.unit.internal.worker.bench_room import Room, task, worker_room

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
