"""The examples of services in containers of podman. Their images have the names of the default ones, and no more.

PostgreSQL, Redis and NATS are what this machine has of them. What no Debian has, or takes minutes to put into an image,
is a script that answers as the server does when it is ready; as processes, Debian's are tried in `test_local_services`.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.acceptance.examples import FOLDER, rows
from tests.integration.internal.worker.example_services import ServiceExample
from tests.services.containers import Containers
from tests.services.requirement import program
from tests.services.server_images import make_image, nats_layer, postgresql_layer, redis_layer, scripted_layer
from tests.unit.internal.worker.bench_room import Room, worker_room

STAND_IN = r"""
case "$0" in
    *mariadb-install-db | *kafka-storage.sh) exit ;;
    *mariadbd) greeting='\112\000\000\000\012' ;;
    *rabbitmq-server) greeting='\001\000\000\000' ;;
    *kafka-server-start.sh) greeting='\000\000\000\030\000\000\000\001\000\000\000\001' ;;
esac
while [ "$greeting" ]; do printf "$greeting" | nc -l -p "$PORT"; done
for page in v1/sys/health minio/health/ready realms/master; do
    mkdir -p "/tmp/pages/${page%/*}"
    echo '{"initialized": true, "realm": "master"}' > "/tmp/pages/$page"
done
exec httpd -f -p "127.0.0.1:$PORT" -h /tmp/pages
"""
PROGRAMS = ["mariadb-install-db", "mariadbd", "rabbitmq-server", "kafka-storage.sh", "kafka-server-start.sh"]
PROGRAMS += ["vault", "minio"]
STAND_INS = [
    "service-mariadb",
    "service-rabbitmq",
    "service-kafka",
    "service-vault",
    "service-minio",
    "service-keycloak",
]
STOOD_IN = [
    "docker.io/library/mariadb:11.4.5",
    "docker.io/library/rabbitmq:4.0.5",
    "docker.io/apache/kafka:4.0.0",
    "docker.io/hashicorp/vault:1.18.3",
    "docker.io/hashicorp/vault:1.18",
    "docker.io/minio/minio:RELEASE.2025-09-07T16-13-09Z",
    "docker.io/minio/minio:latest",
    "quay.io/keycloak/keycloak:26.1.0",
    "quay.io/keycloak/keycloak:26.1",
]
#: Images that are called as the default ones, their layers, and the clients that the examples use.
REAL = {
    "service-nats": ("docker.io/library/nats:2.10.25-alpine", nats_layer, "sh"),
    "service-postgresql": ("docker.io/library/postgres:17.5", postgresql_layer, "psql"),
    "service-redis": ("docker.io/library/redis:7.4.2", redis_layer, "redis-cli"),
}


@pytest.fixture(scope="module")
def stand_ins(containers: Containers) -> None:
    """The image of the stand-in, by the names of the others."""
    programs = [*(f"usr/bin/{name}" for name in PROGRAMS), "opt/keycloak/bin/kc.sh"]
    image = make_image(containers, "localhost/stand-in:1", scripted_layer(STAND_IN, *programs))
    containers.run("tag", image, *STOOD_IN)


@pytest.fixture
def room(tmp_path: Path, containers: Containers) -> Generator[Room]:
    with worker_room(tmp_path, container_environment=containers.environment) as found:
        yield found
    assert containers.all() == []
    assert not list((tmp_path / "work" / "builds").glob("*"))


def play(room: Room, example: ServiceExample) -> None:
    record = room.run_job(*example.steps, seconds=90, **example.plan)
    assert record.end.status == "succeeded", (record.end.reason, record.log())
    assert all(text in record.log("1") for text in example.texts), record.log("1")
    assert b", a container, on 127.0.0.1:" in record.log("start/1")
    assert b"only-in-tests" not in record.log()


@pytest.mark.parametrize("example", list(REAL))
def test_with_a_real_server(room: Room, containers: Containers, example: str) -> None:
    image, layer, client = REAL[example]
    program(client, client)
    make_image(containers, image, layer())
    play(room, ServiceExample(example, "container"))


@pytest.mark.usefixtures("stand_ins")
@pytest.mark.parametrize(
    ("example", "job"),
    [(name, row.job) for name in STAND_INS for row in rows(FOLDER / f"{name}.hcl") if row.job != "process"],
)
def test_with_a_stand_in(room: Room, example: str, job: str) -> None:
    program("curl", "curl")
    play(room, ServiceExample(example, job))
