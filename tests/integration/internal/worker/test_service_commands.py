"""What built-in services call: programs that no machine of ours has, and the container program. Stand-ins tell."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pikoci.internal.domain.builtin_services import BUILTIN_SERVICES
from pikoci.internal.domain.plan import Service, ServiceType
from pikoci.internal.worker.settings import inherit_environment
from tests.services.process import free_port
from tests.unit.internal.worker.bench_room import task, worker_room

# Answers a GET of one path with 200.
SERVER = """
import http.server, sys
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == sys.argv[2] else 503)
        self.end_headers()
    do_HEAD, protocol_version = do_GET, "HTTP/1.1"
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answers).serve_forever()
"""


def service(name: str, **params: object) -> dict[str, Any]:
    types = [ServiceType(name="it", builtin=name)]
    return {"services": [Service(id="1", type="it", params=params)], "service_types": types}


@pytest.mark.parametrize(
    ("name", "path", "password", "arguments", "variables"),
    [
        (
            "vault",
            "/v1/sys/health",
            "root_token",
            "server -dev -dev-no-store-token -dev-listen-address=127.0.0.1:{port}",
            ["VAULT_DEV_ROOT_TOKEN_ID=hidden-one"],
        ),
        (
            "minio",
            "/minio/health/ready",
            "password",
            "server --address 127.0.0.1:{port} --console-address 127.0.0.1:",
            ["MINIO_ROOT_USER=pikoci", "MINIO_ROOT_PASSWORD=hidden-one"],
        ),
    ],
)
def test_a_program_of_this_machine(
    tmp_path: Path, name: str, path: str, password: str, arguments: str, variables: list[str]
) -> None:
    port = free_port()
    program = tmp_path / name
    (tmp_path / "server.py").write_text(SERVER)
    program.write_text(
        f'#!/bin/sh\ncase $1 in version|--version) echo {name} v1.18.3; exit;; esac\necho "$@" > {tmp_path}/asked\n'
        f"env > {tmp_path}/seen\nexec python3 {tmp_path}/server.py {port} {path}\n"
    )
    program.chmod(0o755)
    environment = inherit_environment({"PATH": f"{tmp_path}:/usr/bin:/bin"})
    with worker_room(tmp_path, environment=environment) as room:
        record = room.run_job(
            task("env | grep ^SERVICE_ | sort"), **service(name, port=port, version="1.18", **{password: "hidden-one"})
        )
        assert record.end.status == "succeeded", record.log()
    assert (tmp_path / "asked").read_text().startswith(arguments.format(port=port))
    seen = (tmp_path / "seen").read_text().splitlines()
    assert set(variables) <= set(seen)
    assert "PASSWORD=hidden-one" not in seen
    shown = record.log("1").decode()
    assert f"SERVICE_IT_URL=http://127.0.0.1:{port}\n" in shown
    assert "SERVICE_IT_PASSWORD=***\n" in shown


def stand_in(root: Path, run: str = "exit 3") -> str:
    """A container program that has every image, and keeps what it is asked and given."""
    program = root / "podman"
    program.write_text(
        f'#!/bin/sh\ncase $1 in --version) echo podman version 4;;\nrun) echo "$@" >> {root}/asked; env > {root}/seen\n'
        'for one in "$@"; do case $one in --volume=*) file=${one#*=}; '
        f"cat ${{file%%:*}} > {root}/script;; esac; done\n"
        f"{run};;\nesac\n"
    )
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize("name", BUILTIN_SERVICES)
def test_a_container_of_each_service(tmp_path: Path, name: str) -> None:
    with worker_room(tmp_path, container_program=stand_in(tmp_path)) as room:
        record = room.run_job(task("true"), **service(name, runner="docker", memory="512m", cpus="1.5"))
    assert record.end.reason.startswith('service "it": it ended before it was ready: exit status 3')
    asked = (tmp_path / "asked").read_text()
    builtin = BUILTIN_SERVICES[name]
    assert " --cpus=1.5 --memory=512m " in asked.replace(" --network=host", "")
    assert " --network=host " in asked
    assert f" --entrypoint=/bin/sh {builtin.image}:{builtin.tag} -e /pikoci/script.sh\n" in asked
    assert asked.count(" --label=pikoci.") == 3
    assert "/workdir" not in asked
    seen = dict(line.split("=", 1) for line in (tmp_path / "seen").read_text().splitlines() if "=" in line)
    assert 0 < int(seen["PORT"]) < 65536
    assert seen["DATA"] == "/tmp/pikoci-data"
    password = seen.get("PASSWORD", "")
    assert (len(password) == 32) == builtin.login
    assert not password or password not in asked
    script = (tmp_path / "script").read_text()
    assert "exec" in script
    assert "127.0.0.1" in script


@pytest.mark.parametrize(
    ("user", "wanted"), [(1234, " --user=0:0 --cap-add=SYS_ADMIN "), (0, " --security-opt=label=disable ")]
)
def test_who_a_database_is_in_its_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, wanted: str
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: user)
    with worker_room(tmp_path, container_program=stand_in(tmp_path)) as room:
        room.run_job(task("true"), **service("postgresql", runner="docker"))
    asked = (tmp_path / "asked").read_text()
    assert wanted in asked
    assert ("--cap-add" in asked) == (user != 0)


def test_no_other_service_has_more_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1234)
    with worker_room(tmp_path, container_program=stand_in(tmp_path)) as room:
        room.run_job(task("true"), **service("redis", runner="docker"))
    assert "--cap-add" not in (tmp_path / "asked").read_text()


def test_a_container_program_that_stops_answering_ends_with_the_ready_timeout(tmp_path: Path) -> None:
    program = stand_in(tmp_path, run="echo hangs; exec sleep 1000")
    with worker_room(tmp_path, container_program=program) as room:
        record = room.run_job(task("true"), **service("redis", runner="docker", ready_timeout="500ms"))
    assert record.end.status == "failed"
    assert record.end.reason.startswith('service "it": not ready within 500ms, in ')
    assert record.end.reason.endswith("; it said: hangs")


def test_a_version_that_is_not_here_is_taken_from_an_image(tmp_path: Path) -> None:
    redis = tmp_path / "redis-server"
    redis.write_text("#!/bin/sh\necho v=7.0.15\n")
    redis.chmod(0o755)
    environment = inherit_environment({"PATH": f"{tmp_path}:/usr/bin:/bin"})
    with worker_room(tmp_path, container_program=stand_in(tmp_path), environment=environment) as room:
        record = room.run_job(task("true"), **service("redis", version="6.2"))
    assert b"this worker has redis 7.0.15, not 6.2: it runs in a container\n" in record.log("start/1")
    assert "docker.io/library/redis:6.2 " in (tmp_path / "asked").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is refused")
def test_root_has_postgresql_in_a_container(tmp_path: Path) -> None:
    with worker_room(tmp_path, container_program=stand_in(tmp_path)) as room:
        record = room.run_job(task("true"), **service("postgresql"))
    assert b"postgresql refuses to run as root, as whom this worker runs its builds: it runs in" in record.log(
        "start/1"
    )


def test_a_password_that_a_server_prints_is_in_no_reason_nor_is_its_end(tmp_path: Path) -> None:
    redis = tmp_path / "redis-server"
    # The reason has the last 600 characters.
    redis.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo v=7.0.15 && exit\n'
        'printf "%s%0595d" "$(sed -n "s/^requirepass //p" "$1")" 0; exit 1\n'
    )
    redis.chmod(0o755)
    with worker_room(tmp_path, environment=inherit_environment({"PATH": f"{tmp_path}:/usr/bin:/bin"})) as room:
        record = room.run_job(task("true"), **service("redis", password="hidden-one"))
    assert record.end.reason.endswith("0" * 595)
    assert "one0" not in record.end.reason
    assert b"hidden-one" not in record.log()
