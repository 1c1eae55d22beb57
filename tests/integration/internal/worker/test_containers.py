"""Commands in containers of podman."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pikoci.internal.domain.gateway import WorkerCommand
from pikoci.internal.domain.plan import Command, Hook, Hooks, Resource, ResourceType, TaskStep
from tests.services.containers import IMAGE, Containers, Registry
from tests.unit.internal.worker.bench_room import Room, task, wait_until, worker_room

CANCEL = WorkerCommand(kind="cancel", build_id=1, claim=1, reason="cancelled by ann")
AWKWARD = {
    "LINES": "a\nb\n\n",
    "QUOTES": 'it\'s "quoted" `x` \\ $HOME %s',
    "SPACES": "  around  ",
    "HASH": "#x",
    "PATH": "/bin:/somewhere",
    "DOCKER_HOST": "for the command",
    "CONTAINERS_STORAGE_CONF": "/for/the/command",
}


@pytest.fixture
def room(tmp_path: Path, containers: Containers) -> Generator[Room]:
    with worker_room(tmp_path, container_environment=containers.environment) as found:
        yield found
    assert containers.all() == []
    assert not list((tmp_path / "work" / "builds").glob("*"))


def inside(cmd: str, id: str = "1", env: dict[str, str] | None = None, **params: Any) -> TaskStep:  # noqa: A002
    given = {"image": IMAGE, "cmd": cmd, "network": "none", **params}
    run = Command(runner="docker", params={name: value for name, value in given.items() if value != ""})
    return TaskStep(id=id, name="t", run=run, env=env or {})


def test_a_script_sees_the_work_directory_and_what_it_makes_is_for_later_steps(room: Room) -> None:
    record = room.run_job(
        task("echo before > before"),
        inside("pwd; echo $WORKDIR; cat before; touch after; echo KEY=value > $PIKOCI_OUTPUT", id="2"),
        task("test -O after; rm after; echo $TASK_T_KEY", id="3"),
    )
    assert record.log() == b"/workdir\n/workdir\nbefore\nvalue\n"
    assert record.end.status == "succeeded"


def test_variables_arrive_byte_for_byte(room: Room) -> None:
    script = "\n".join(f'echo "${name}|"' for name in AWKWARD)
    record = room.run_job(inside(f"PATH_WAS=$PATH; {script}", env=AWKWARD))
    assert record.log().decode() == "".join(f"{value}|\n" for value in AWKWARD.values())


def test_nothing_of_the_machine_is_in_the_environment(room: Room, tmp_path: Path) -> None:
    record = room.run_job(inside("env"))
    seen = record.log().decode()
    assert "CONTAINERS_" not in seen
    assert str(tmp_path) not in seen
    assert "BUILD_JOB_NAME=unit\n" in seen


def test_values_are_on_no_command_line(room: Room, tmp_path: Path) -> None:
    step = inside(
        "echo up; while [ ! -e go ]; do sleep 0.1; done", env={"TOKEN": "hidden-value"}, args=["-e", "X=veiled"]
    )
    record = room.submit(step)
    wait_until(record.log)
    shown = b"".join(_read(path) for path in Path("/proc").glob("[0-9]*/cmdline"))
    (tmp_path / "work" / "builds" / "1-1" / "work" / "go").touch()
    wait_until(lambda: record.ended)
    assert b"--env=TOKEN" in shown
    assert b"hidden-value" not in shown
    assert b"veiled" not in shown


def test_the_status_of_the_command_is_that_of_the_step(room: Room) -> None:
    record = room.run_job(inside("echo one; false; echo two"))
    assert record.end.reason == 'task "t": exit status 1'
    assert record.log() == b"one\n"


def test_a_program_runs_without_a_shell(room: Room) -> None:
    assert room.run_job(inside("", entrypoint=["/bin/echo", "$HOME", "a b"])).log() == b"$HOME a b\n"


def test_options_have_their_effect(room: Room) -> None:
    step = inside(
        "id -u; echo $A; ls /in; pwd",
        user="1000",
        volumes=["./data:/in:ro"],
        args=["-it", "--rm", "-e", "A=b", "-w", "/tmp"],
    )
    record = room.run_job(task("chmod 755 .; mkdir data; touch data/x"), inside("true", id="2"), step)
    assert record.end.status == "succeeded", record.log()
    assert record.log() == b"1000\nb\nx\n/tmp\n"


def test_a_cancelled_container_is_gone(room: Room, containers: Containers) -> None:
    record = room.submit(inside("trap '' TERM; echo up; sleep 1000"))
    wait_until(record.log)
    names = containers.all()
    labels = containers.run("inspect", "--format={{json .Config.Labels}}", *names)
    assert '"pikoci.build":"1","pikoci.claim":"1"' in labels
    room.gateway.pushed.put(CANCEL)
    wait_until(lambda: record.ended)
    assert record.end.status == "cancelled"
    assert containers.all() == []


def test_a_container_that_takes_too_long_is_gone(room: Room, containers: Containers) -> None:
    step = TaskStep(id="1", name="t", timeout=1.0, run=inside("sleep 1000").run)
    assert room.run_job(step).end.reason == 'task "t" timed out after 1s'
    assert containers.all() == []


def test_what_an_earlier_life_left_is_removed_before_work_is_taken(tmp_path: Path, containers: Containers) -> None:
    with worker_room(tmp_path, container_environment=containers.environment) as first:
        first.run_job(inside("true"))
        mark = first.settings.mark
    left = ["run", "--detach", "--network=none", f"--label=pikoci.worker={mark}", IMAGE, "sleep", "1000"]
    containers.run(*left)
    containers.run("run", "--detach", "--network=none", "--name=strangers", IMAGE, "sleep", "1000")
    try:
        with worker_room(tmp_path, container_environment=containers.environment) as second:
            wait_until(lambda: second.worker.health().registered)
            assert containers.all() == ["strangers"]
            assert not (tmp_path / "work" / "containers").exists()
    finally:
        containers.run("rm", "--force", "--time=0", "strangers")


def test_an_image_is_pulled_when_it_is_missing(
    room: Room, registry: tuple[Registry, str], containers: Containers
) -> None:
    host, image = registry
    assert room.run_job(inside("echo $0", image=image)).end.status == "succeeded"
    assert room.run_job(inside("true", image=image)).end.status == "succeeded"
    assert host.pulls == 1
    assert room.run_job(inside("true", image=image, pull="always")).end.status == "succeeded"
    assert host.pulls == 2
    containers.run("rmi", image)


def test_an_image_that_is_not_there_is_the_reason(room: Room, registry: tuple[Registry, str]) -> None:
    record = room.run_job(inside("true", image=registry[1].replace("test:1", "other:1")))
    assert record.end.status == "failed"
    assert 'other:1" could not be pulled: ' in record.end.reason
    assert "manifest unknown" in record.end.reason


def test_an_image_that_must_not_be_pulled_is_not(room: Room, registry: tuple[Registry, str]) -> None:
    record = room.run_job(inside("true", image=registry[1], pull="never"))
    assert record.end.reason.endswith("is not on this worker, and pull is never")
    assert registry[0].pulls == 0


def test_a_pull_that_hangs_ends(tmp_path: Path, containers: Containers, registry: tuple[Registry, str]) -> None:
    registry[0].silent = True
    with worker_room(tmp_path, container_environment=containers.environment, pull_timeout=1.0) as room:
        record = room.run_job(inside("true", image=registry[1]))
    assert "could not be pulled within 1s" in record.end.reason
    assert record.end.status == "failed"


def test_a_hanging_pull_can_be_cancelled(room: Room, registry: tuple[Registry, str]) -> None:
    registry[0].silent = True
    record = room.submit(inside("true", image=registry[1]))
    wait_until(lambda: record.events)
    room.gateway.pushed.put(CANCEL)
    wait_until(lambda: record.ended)
    assert record.end.status == "cancelled"


@pytest.mark.parametrize(
    ("params", "asked"),
    [
        ({"privileged": True}, "--privileged"),
        ({"volumes": ["/etc:/etc"]}, "--volume /etc:/etc"),
        ({"args": ["--pid=host", "--device", "/dev/kvm"]}, "--pid host, --device /dev/kvm"),
    ],
)
def test_rights_need_permission(room: Room, params: dict[str, Any], asked: str) -> None:
    record = room.run_job(inside("true", **params))
    assert record.end.status == "failed"
    assert f"the container asks for {asked}; " in record.end.reason
    assert "--allow-privileged-containers" in record.end.reason


def test_rights_that_are_permitted_are_given(tmp_path: Path, containers: Containers) -> None:
    changes: dict[str, Any] = {"container_environment": containers.environment, "allow_privileged_containers": True}
    (tmp_path / "host").write_text("seen ")
    with worker_room(tmp_path, **changes) as room:
        rights = room.run_job(inside("grep CapEff /proc/self/status")).log()
        record = room.run_job(
            inside("cat /h/host; grep CapEff /proc/self/status", privileged=True, volumes=[f"{tmp_path}:/h"])
        )
    assert record.log().startswith(b"seen CapEff:")
    assert rights.startswith(b"CapEff:")
    assert not record.log().endswith(rights)


def test_a_volume_stays_inside(room: Room) -> None:
    record = room.run_job(task("ln -s /etc out"), inside("true", id="2", volumes=["./out:/x"]))
    assert 'the docker runner: "./out" is not a path below the work directory' in record.end.reason


def test_types_run_in_containers_too(room: Room) -> None:
    script = (
        "echo noise >&2; echo x >> $CACHE_DIR/seen; "
        'echo "[{\\"url\\": \\"$param_url\\", \\"n\\": $(wc -l < $CACHE_DIR/seen)}]"'
    )
    params: dict[str, object] = {"image": IMAGE, "network": "none", "entrypoint": ["/bin/sh", "-ec", script]}
    kind = ResourceType(name="x", params=["url"], check=Command(runner="docker", params=params))
    resource = Resource(type="x", name="r", cache=True, params={"url": "u"})
    results = [room.check(resource, kind) for _ in range(2)]
    assert [result.error for result in results] == ["", ""]
    assert [result.versions for result in results] == [[{"url": "u", "n": 1}], [{"url": "u", "n": 2}]]


def test_a_hook_runs_in_a_container_too(room: Room) -> None:
    hooks = Hooks(on_success=[Hook(id="h", command=inside("echo hooked").run)])
    record = room.run_job(task("true", hooks=hooks))
    assert record.log("h") == b"hooked\n"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
