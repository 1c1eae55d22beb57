"""The built-in services in containers of podman, with the real servers."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest

from pikoci.internal.domain.gateway import WorkerCommand
from pikoci.internal.domain.plan import Command, Service, ServiceType, TaskStep
from pikoci.internal.worker.users import BuildUser
from tests.services.containers import IMAGE, Containers, serve_registry
from tests.services.server_images import make_image, postgresql_layer, redis_layer, scripted_layer
from tests.unit.internal.worker.bench_room import Room, task, wait_until, worker_room

UID = 1_800_000 + os.getpid() % 100_000
USER = BuildUser(name="build-1", uid=UID, gid=UID)


@pytest.fixture(scope="module")
def redis(containers: Containers) -> str:
    return make_image(containers, "localhost/redis:7", redis_layer())


@pytest.fixture
def root() -> Generator[Path]:
    """A directory that others may pass, and that lies in no directory for temporary files."""
    path = Path(tempfile.mkdtemp(prefix="pikoci-test-", dir="/run" if os.geteuid() == 0 else None))
    path.chmod(0o711)
    (path / "told").mkdir(mode=0o777)
    (path / "told").chmod(0o777)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def room(root: Path, containers: Containers) -> Generator[Room]:
    with worker_room(root, container_environment=containers.environment) as found:
        yield found
    assert containers.all() == []
    assert not list((root / "work" / "builds").glob("*"))


def service(name: str, **params: object) -> dict[str, Any]:
    types = [ServiceType(name="it", builtin=name)]
    return {"services": [Service(id="1", type="it", params=params)], "service_types": types}


def ask_redis(url: str) -> bytes:
    """Say PING before and after the password."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(b"PING\r\nAUTH %s\r\nPING\r\n" % (parts.password or "").encode())
        answer = b""
        while answer.count(b"\r\n") < 3 and (data := connection.recv(200)):
            answer += data
    return answer


def try_redis(url: str) -> bool:
    answer = ask_redis(url)
    return answer.startswith(b"-NOAUTH") and answer.endswith(b"+OK\r\n+PONG\r\n")


def try_postgresql(url: str) -> bool:
    with psycopg2.connect(url, connect_timeout=10) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        answer: object = cursor.fetchone()
    connection.close()
    return answer == ("postgres", "postgres")


def serve(room: Room, root: Path, works: Callable[[str], bool], **plan: Any) -> None:
    """Run a build whose service is tried from here while its step waits."""
    told, go = root / "told", root / "go"
    script = f'echo "$SERVICE_IT_URL" > {told}/new && mv {told}/new {told}/url'
    record = room.submit(task(f"{script}; while ! [ -e {go} ]; do sleep 0.05; done"), **plan)
    wait_until(lambda: (told / "url").exists() or record.ended, 90)
    assert not record.ended, (record.end, record.log())
    url = (told / "url").read_text().strip()
    assert works(url), record.log("start/1")
    go.touch()
    wait_until(lambda: record.ended)
    assert record.end.status == "succeeded", record.log()
    assert (urlsplit(url).password or "?").encode() not in record.log()
    assert f", a container, on 127.0.0.1:{urlsplit(url).port}\n".encode() in record.log("start/1")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize(
    ("name", "layer", "works"),
    [("redis", redis_layer, try_redis), ("postgresql", postgresql_layer, try_postgresql)],
)
def test_of_a_build_that_runs_as_a_user_of_its_own(
    root: Path, containers: Containers, name: str, layer: Callable[[], bytes], works: Callable[[str], bool]
) -> None:
    users: dict[str, Any] = {"build_users": (USER,), "user_locks": root / "locks"}
    with (
        serve_registry(containers, layer()) as (_, image),
        worker_room(root, container_environment=containers.environment, **users) as room,
    ):
        serve(room, root, works, **service(name, image=image))


def test_steps_in_containers_reach_it(room: Room, redis: str) -> None:
    script = r'printf "AUTH $SERVICE_IT_PASSWORD\r\nPING\r\nQUIT\r\n" | nc 127.0.0.1 $SERVICE_IT_PORT'
    params: dict[str, object] = {"image": IMAGE, "cmd": script}
    step = TaskStep(id="1", name="t", run=Command(runner="docker", params=params))
    record = room.run_job(step, **service("redis", image=redis))
    assert record.end.status == "succeeded", record.log()
    assert record.log("1") == b"+OK\r\n+PONG\r\n+OK\r\n"


def test_two_builds_at_once_have_a_server_each(root: Path, containers: Containers, redis: str) -> None:
    script = f"echo $SERVICE_IT_PORT >> {root}/told/ports; while ! [ -e {root}/go ]; do sleep 0.05; done"
    with worker_room(root, container_environment=containers.environment, concurrency=2) as room:
        both = [room.submit(task(script), **service("redis", image=redis)) for _ in range(2)]
        wait_until(lambda: len(ports(root)) == 2)
        assert len(set(ports(root))) == 2
        assert len(containers.all()) == 2
        (root / "go").touch()
        wait_until(lambda: all(record.ended for record in both))
        assert [record.end.status for record in both] == ["succeeded", "succeeded"]
    assert containers.all() == []


def ports(root: Path) -> list[str]:
    path = root / "told" / "ports"
    return path.read_text().split() if path.exists() else []


def test_an_image_that_is_not_there_is_the_reason_and_no_exit_status(room: Room) -> None:
    record = room.run_job(task("true"), **service("redis", image="localhost/absent:1", pull="never"))
    assert record.end.status == "failed"
    assert record.end.reason == 'service "it": the image "localhost/absent:1" is not on this worker, and pull is never'


def test_an_image_that_cannot_be_pulled_is_the_reason_of_the_start(room: Room) -> None:
    record = room.run_job(task("true"), **service("redis", image="127.0.0.1:1/absent:1"))
    assert record.end.reason.startswith('service "it": the image "127.0.0.1:1/absent:1" could not be pulled: ')
    assert record.steps()["start/1"] == "failed"


def test_an_image_without_the_server_says_so(room: Room) -> None:
    record = room.run_job(task("true"), **service("redis", image=IMAGE))
    assert record.end.reason.startswith('service "it": it ended before it was ready: exit status 127; it said: ')
    assert "not found" in record.end.reason


def test_a_server_that_is_never_ready_is_removed(room: Room, containers: Containers) -> None:
    image = make_image(containers, "localhost/slow:1", scripted_layer("echo loading; sleep 1000"))
    record = room.run_job(task("true"), **service("redis", image=image, ready_timeout="3s"))
    assert record.end.reason.startswith('service "it": not ready within 3s, in ')
    assert record.end.reason.endswith("; the last: it does not answer as it should; it said: loading")


def test_a_drain_lets_a_build_end_with_its_service(room: Room, root: Path, redis: str) -> None:
    record = room.submit(
        task(f"echo up; while ! [ -e {root}/go ]; do sleep 0.05; done"), **service("redis", image=redis)
    )
    wait_until(lambda: b"up" in record.log("1"))
    room.worker.drain(30)
    (root / "go").touch()
    wait_until(lambda: record.ended)
    assert record.end.status == "succeeded"


def test_the_end_of_a_drain_removes_the_container(room: Room, redis: str) -> None:
    record = room.submit(task("echo up; sleep 1000"), **service("redis", image=redis))
    wait_until(lambda: b"up" in record.log("1"))
    room.worker.drain(0.1)
    wait_until(lambda: room.greenlet.dead)


def test_a_cancelled_build_ends_its_service(room: Room, redis: str) -> None:
    record = room.submit(task("echo up; sleep 1000"), **service("redis", image=redis))
    wait_until(lambda: b"up" in record.log("1"))
    room.gateway.pushed.put(WorkerCommand(kind="cancel", build_id=1, claim=1, reason="cancelled by ann"))
    wait_until(lambda: record.ended)
    assert record.end.status == "cancelled"


def test_steps_that_name_a_network_have_that(room: Room, redis: str) -> None:
    params: dict[str, object] = {"image": IMAGE, "cmd": "nc 127.0.0.1 $SERVICE_IT_PORT", "network": "none"}
    step = TaskStep(id="1", name="t", run=Command(runner="docker", params=params))
    record = room.run_job(step, **service("redis", image=redis))
    assert record.end.status == "failed"
    assert b"refused" in record.log("1") or b"unreachable" in record.log("1"), record.log("1")


def test_what_a_worker_leaves_that_is_killed_is_removed_at_the_next_start(
    root: Path, containers: Containers, redis: str
) -> None:
    with worker_room(root, container_environment=containers.environment) as room:
        record = room.submit(task("echo up; sleep 1000"), **service("redis", image=redis))
        wait_until(lambda: b"up" in record.log("1"))
        (name,) = containers.all()
        room.worker._spawner.close()  # as if all its processes were killed: nothing more can be started
        wait_until(lambda: room.greenlet.dead or record.ended)
    assert containers.all() == [name]
    with worker_room(root, container_environment=containers.environment) as room:
        wait_until(lambda: room.worker.health().registered)
        assert containers.all() == []
