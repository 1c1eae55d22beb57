"""The built-in services, started for real: as the build's user, on 127.0.0.1, with a password that no log shows."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nats
import pika
import psycopg2
import pytest
from kafka import KafkaConsumer, KafkaProducer

from pikoci.internal.domain.builtin_services import BUILTIN_SERVICES, read_form
from pikoci.internal.domain.gateway import WorkerCommand
from pikoci.internal.domain.plan import ReadyCheck, Service, ServiceType
from pikoci.internal.worker.services import exchange
from pikoci.internal.worker.services.model import Order
from pikoci.internal.worker.settings import inherit_environment
from pikoci.internal.worker.users import BuildUser
from tests.attack.accounts import accounts
from tests.integration.internal.worker.example_services import ServiceExample, version_here
from tests.services.kafka import JAVA_OPTIONS, VERSION, find_jars
from tests.services.postgresql import find_binaries
from tests.services.process import free_port
from tests.services.requirement import missing, program
from tests.unit.internal.worker.bench_room import Room, sh, task, wait_until, worker_room
from tests.unit.internal.worker.fake_gateway import Record

CANCEL = WorkerCommand(kind="cancel", build_id=1, claim=1, reason="cancelled by alice")
#: Where the room's builds look for programs.
PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin"


@pytest.fixture(scope="module")
def builders() -> Generator[tuple[BuildUser, ...]]:
    """Users that the machine knows by name, as PostgreSQL wants it; none where this process may not become them."""
    if os.geteuid() != 0:
        yield ()
        return
    with accounts("services", 2) as (group, _):
        found = [pwd.getpwnam(f"{group}-{number}") for number in (1, 2)]
        yield tuple(BuildUser(name=one.pw_name, uid=one.pw_uid, gid=one.pw_gid) for one in found)


@pytest.fixture
def root() -> Generator[Path]:
    """A directory that others may pass."""
    path = Path(tempfile.mkdtemp(prefix="pikoci-test-", dir="/run" if os.geteuid() == 0 else None))
    path.chmod(0o711)
    (path / "told").mkdir()
    (path / "told").chmod(0o777)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def room(root: Path, builders: tuple[BuildUser, ...]) -> Generator[Room]:
    """A worker whose builds run as users of their own where it may have that: PostgreSQL refuses to run as root."""
    environment = inherit_environment({"PATH": PATH, "HOME": str(root)})
    users: dict[str, Any] = {"build_users": builders, "user_locks": root / "locks"}
    with worker_room(root, environment=environment, kill_grace=5.0, **users) as room:
        yield room
        room.worker.drain(30)


def service(name: str, **params: object) -> dict[str, Any]:
    types = [ServiceType(name="it", builtin=name)]
    return {"services": [Service(id="1", type="it", params=params)], "service_types": types}


def try_postgresql(url: str) -> bool:
    with psycopg2.connect(url, connect_timeout=10) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE one (two integer)")
        cursor.execute("SELECT current_user, current_database()")
        answer: object = cursor.fetchone()
    connection.close()
    return answer == ("postgres", "postgres")


def try_redis(url: str) -> bool:
    parts = urlsplit(url)
    told = subprocess.run(["redis-cli", "-u", url, "ping"], check=False, capture_output=True, timeout=30)
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        connection.sendall(b"PING\r\nAUTH %s\r\nPING\r\n" % (parts.password or "").encode())
        answer = b""
        while answer.count(b"\r\n") < 3:
            answer += connection.recv(200)
    return told.stdout == b"PONG\n" and answer.startswith(b"-NOAUTH") and answer.endswith(b"+OK\r\n+PONG\r\n")


def try_nats(url: str) -> bool:
    async def publish() -> bool:
        client = await nats.connect(url, connect_timeout=10)
        await client.jetstream().add_stream(name="s", subjects=["s"])
        await client.close()
        return True

    return asyncio.run(publish())


def try_rabbitmq(url: str) -> bool:
    connection = pika.BlockingConnection(pika.URLParameters(url))
    connection.channel().queue_declare("q")
    connection.close()
    return True


def try_mariadb(url: str) -> bool:
    parts = urlsplit(url)
    line = ["mariadb", "--no-defaults", f"--host={parts.hostname}", f"--port={parts.port}", f"--user={parts.username}"]
    told = [
        subprocess.run(
            [*line, "--batch", "--skip-column-names", "test", "--execute=CREATE TABLE one (two int); SELECT USER()"],
            env={"PATH": os.environ["PATH"], "MYSQL_PWD": password},
            check=False,
            capture_output=True,
            timeout=30,
        )
        for password in (parts.password or "", "")
    ]
    return told[0].stdout == b"root@127.0.0.1\n" and b"Access denied" in told[1].stderr


def try_kafka(url: str) -> bool:
    address = urlsplit(url).netloc
    producer = KafkaProducer(bootstrap_servers=address, acks="all")
    producer.send("made", b"it").get(timeout=30)
    producer.close()
    consumer = KafkaConsumer("made", bootstrap_servers=address, auto_offset_reset="earliest", consumer_timeout_ms=30000)
    value: object = next(consumer).value
    consumer.close()
    return value == b"it"


def kafka_folder(folder: Path) -> Path:
    """The scripts of Kafka's distribution, as far as they matter here."""
    jars = find_jars()
    java = f"exec java $KAFKA_HEAP_OPTS {' '.join(JAVA_OPTIONS[2:])} -cp '{jars}/*'"
    for name, then in (
        ("kafka-storage.sh", f'{java} kafka.tools.StorageTool "$@"'),
        ("kafka-server-start.sh", f'[ "$1" = --version ] && echo {VERSION} && exit\n{java} kafka.Kafka "$@"'),
    ):
        (folder / name).write_text(f"#!/bin/sh\n{then}\n")
        (folder / name).chmod(0o755)
    return folder


def require(name: str) -> None:
    """Skip where the machine does not have it."""
    if name == "postgresql":
        find_binaries()
        program(name, "psql")
    elif name == "rabbitmq" and not Path("/usr/lib/rabbitmq/bin/rabbitmq-server").exists():
        missing("rabbitmq", "install Debian's rabbitmq-server")
    elif name == "mariadb":
        program(name, "mariadbd")
    elif name in {"redis", "nats"}:
        program(name, f"{name}-server")


@pytest.mark.parametrize(
    ("example", "works"),
    [
        ("service-postgresql", try_postgresql),
        ("service-mariadb", try_mariadb),
        ("service-redis", try_redis),
        ("service-nats", try_nats),
        ("service-rabbitmq", try_rabbitmq),
    ],
)
def test_a_service_serves_the_steps_and_is_gone(
    room: Room, root: Path, example: str, works: Callable[[str], bool]
) -> None:
    require(example.removeprefix("service-"))
    url, record = serve(room, root, example, works, PATH)
    assert urlsplit(url).password == "only-in-tests"
    assert b"only-in-tests" not in record.log()


def serve(room: Room, root: Path, example: str, works: Callable[[str], bool], path: str) -> tuple[str, Record]:
    """Run the example whose service is a process, tried from here while a step waits. It is gone afterwards."""
    told, go, name = root / "told", root / "go", example.removeprefix("service-")
    url_of = f"$SERVICE_{name.upper()}_URL"
    script = f'echo "{url_of}" > {told}/new && mv {told}/new {told}/url; echo "the url is {url_of}"'
    script += f"; id -u; while ! [ -e {go} ]; do sleep 0.05; done"
    played = ServiceExample(example, "process", version=version_here(name, path))
    record = room.submit(*played.steps, task(script, id="9"), **played.plan)
    wait_until(lambda: (told / "url").exists() or record.ended, 90)
    assert not record.ended, (record.end.reason, record.log())
    url = (told / "url").read_text().strip()
    assert works(url), record.log()
    parts = urlsplit(url)
    assert parts.hostname == "127.0.0.1"
    assert parts.port
    go.touch()
    wait_until(lambda: record.ended)
    assert record.end.status == "succeeded", record.log()
    assert all(text in record.log("1") for text in played.texts), record.log("1")
    assert b"the url is " in record.log("9")
    assert f" on 127.0.0.1:{parts.port}\n".encode() in record.log("start/1")
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", parts.port))
    return url, record


def test_a_password_is_a_random_one_if_none_is_given(room: Room, root: Path) -> None:
    require("redis")
    record = room.run_job(task(f"echo $SERVICE_IT_PASSWORD > {root}/told/password"), **service("redis", runner="local"))
    assert record.end.status == "succeeded", record.log()
    assert len((root / "told" / "password").read_text()) == 33


def test_a_version_that_is_not_there_is_refused(room: Room) -> None:
    require("redis")
    record = room.run_job(task("true"), **service("redis", version="1.0", runner="local"))
    assert record.end.status == "failed"
    assert record.end.reason.startswith('service "it": this worker has redis ')
    assert record.end.reason.endswith(", not 1.0; take out runner to have it in a container")


def test_port_and_password_can_be_given(room: Room, root: Path) -> None:
    require("redis")
    port = free_port()
    script = f"echo $SERVICE_IT_HOST:$SERVICE_IT_PORT; echo ${{SERVICE_IT_PASSWORD%%!*}} > {root}/told/password"
    record = room.run_job(task(script), **service("redis", port=port, password="Hidden-one.1", version=""))
    assert record.end.status == "succeeded", record.log()
    assert record.log("1") == f"127.0.0.1:{port}\n".encode()
    assert (root / "told" / "password").read_text() == "Hidden-one.1\n"


def test_a_password_that_would_need_quotes_is_refused(room: Room) -> None:
    require("redis")
    record = room.run_job(task("true"), **service("redis", password='a" b'))
    assert record.end.reason == 'service "it": password: it has 1 to 200 letters, digits, and -._~'


def test_a_port_that_is_taken_is_said(room: Room) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        record = room.run_job(task("true"), **service("redis", port=port))
    assert record.end.status == "failed"
    reason = f"port {port} of this worker cannot be had (Address already in use); take out port to have a free one"
    assert record.end.reason == f'service "it": {reason}'


def test_a_port_that_is_taken_meanwhile_ends_the_build_with_the_programs_words(room: Room) -> None:
    require("redis")
    port = free_port()
    thief = ServiceType(
        name="thief",
        start=sh(f"exec python3 -m http.server --bind 127.0.0.1 {port}"),
        foreground=True,
        ready_check=ReadyCheck(command=sh("true")),
    )
    script = (
        f"while ! python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {port}))'; do sleep 0.1; done"
    )
    waits = ServiceType(name="waits", start=sh(script), stop=sh("true"))
    plan = service("redis", port=port)
    plan["service_types"] += [thief, waits]
    plan["services"] = [Service(id="2", type="thief"), Service(id="3", type="waits"), *plan["services"]]
    record = room.run_job(task("true"), **plan)
    assert record.end.status == "failed"
    assert record.end.reason.startswith('service "it": it ended before it was ready: exit status 1; it said: ')
    assert "ddress already in use" in record.end.reason


def test_ports_that_are_given_out_are_nobody_elses(room: Room) -> None:
    wait_until(lambda: room.worker.health().registered)
    with ExitStack() as held:
        form = read_form(BUILTIN_SERVICES["redis"], {})
        port = Order(form, "", held).port()
        for _ in range(3000):
            with socket.socket() as other:
                other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                other.bind(("127.0.0.1", 0))
                assert other.getsockname()[1] != port


def test_a_program_that_is_not_here_is_named_with_both_ways_out(root: Path) -> None:
    environment = inherit_environment({"PATH": str(root)})
    with worker_room(root, environment=environment) as room:
        record = room.run_job(task("true"), **service("nats"))
        assert record.end.reason == (
            'service "it": nats-server is not on this worker, and no container program either; install nats, or podman '
            "or docker (see --container-program) to have it in a container"
        )
        room.worker.drain(30)


@pytest.fixture
def hanging(root: Path) -> Generator[Room]:
    """A worker whose redis takes connections, and hangs; the first makes the file `asked`."""
    program = root / "redis-server"
    listen = (
        "import socket, sys, time; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); "
        f"c = s.accept(); open('{root}/asked', 'w'); time.sleep(1000)"
    )
    program.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo v=7.0.15 && exit\necho loading\n'
        f'exec python3 -c "{listen}" "$(sed -n "s/^port //p" "$1")"\n'
    )
    program.chmod(0o755)
    environment = inherit_environment({"PATH": f"{root}:/usr/bin:/bin"})
    with worker_room(root, environment=environment) as room:
        yield room
        room.worker.drain(30)


def test_a_server_that_never_answers_is_not_ready(hanging: Room) -> None:
    record = hanging.run_job(task("true"), **service("redis", ready_timeout="1s"))
    assert record.end.status == "failed"
    assert record.end.reason.startswith('service "it": not ready within 1s, in ')
    assert record.end.reason.endswith("; the last: it does not answer as it should; it said: loading")


def test_a_probe_ends_with_the_time_of_its_wait(hanging: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "_SECONDS", 1000.0)
    record = hanging.run_job(task("true"), **service("redis", ready_timeout="1s"))
    assert (record.end.status, record.steps()["ready/1"]) == ("failed", "failed")


def test_a_probe_ends_when_its_build_is_cancelled(hanging: Room, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "_SECONDS", 1000.0)
    record = hanging.submit(task("true"), **service("redis", ready_timeout="30m"))
    wait_until((root / "asked").exists)
    hanging.gateway.pushed.put(CANCEL)
    wait_until(lambda: record.ended)
    assert (record.end.status, record.steps()["ready/1"]) == ("cancelled", "cancelled")


def test_kafka(root: Path, tmp_path: Path) -> None:
    path = f"{kafka_folder(tmp_path)}:/usr/bin:/bin"
    with worker_room(root, environment=inherit_environment({"PATH": path, "HOME": str(root)})) as room:
        serve(room, root, "service-kafka", try_kafka, path)
        room.worker.drain(30)


def test_a_service_that_this_worker_does_not_know_is_its_fault(room: Room) -> None:
    record = room.run_job(task("true"), **service("of-a-later-release"))
    assert record.end.status == "errored"
    assert record.end.reason == 'service "it": this worker does not know the built-in service "of-a-later-release"'
