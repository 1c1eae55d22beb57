"""Builds and checks that run as users of their own."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from pikoci.internal.domain.plan import Command, Resource, ResourceType, Secrets, SecretType, SecretVariable
from pikoci.internal.domain.secret_text import SecretReference, compose
from pikoci.internal.worker.user_group import BuildUsersError
from tests.integration.internal.worker.user_room import FIRST, USERS, passable_directory, spawn_apart, user_room
from tests.unit.internal.worker.bench_room import Room, task, wait_until, worker_room

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

NUMBERS = {str(user.uid) for user in USERS}


@pytest.fixture
def root() -> Generator[Path]:
    with passable_directory() as path:
        yield path


@pytest.fixture
def room(root: Path) -> Generator[Room]:
    with user_room(root) as found:
        yield found


def test_a_build_runs_as_a_user_with_a_home_of_its_own(room: Room) -> None:
    script = "id -u; id -g; echo $HOME $USER $LOGNAME; stat -c '%u %a' . $HOME $TMPDIR; ls -A $HOME; env"
    record = room.run_job(task(script), task("mkdir -p out/deep; stat -c %u out out/deep; touch out/deep/x", id="2"))
    lines = record.log().decode().split("\n")
    number, build = lines[0], room.settings.workdir / "builds" / "1-1"
    assert number in NUMBERS
    assert lines[1] == str(FIRST)
    assert lines[2] == f"{build}/home build-{number} build-{number}"
    assert lines[3:6] == [f"{number} 700"] * 3
    assert "SSH_AUTH_SOCK" not in record.log().decode()
    assert "XDG_RUNTIME_DIR" not in record.log().decode()
    assert "DOCKER_HOST" not in record.log().decode()
    assert lines[-3:] == [number, number, ""]
    assert record.end.status == "succeeded"


def test_a_secret_in_a_file_is_read_as_the_user_of_the_build(room: Room, root: Path) -> None:
    open_to_all, closed = root / "open", root / "closed"
    for path, mode in ((open_to_all, 0o644), (closed, 0o600)):
        path.write_text("abc-def")
        path.chmod(mode)
    variables = [
        SecretVariable(name=path.name, secret_type="file", path=str(path), key="content")
        for path in (open_to_all, closed)
    ]
    secrets = Secrets(variables=variables, types=[SecretType(name="file", builtin="file")])
    env = {path: {"A": compose([SecretReference(path.name)])} for path in (open_to_all, closed)}
    assert room.run_job(task('echo "$A" | rev', env=env[open_to_all]), secrets=secrets).log() == b"fed-cba\n"
    reason = room.run_job(task("true", env=env[closed]), secrets=secrets).end.reason
    assert reason.endswith(f'the file "{closed}" cannot be read: Permission denied')
    shown = f"/proc/{os.getpid()}/environ"
    own = Secrets(
        variables=[SecretVariable(name="closed", secret_type="file", path=shown, key="content")], types=secrets.types
    )
    assert room.run_job(task("true", env=env[closed]), secrets=own).end.reason.endswith("Permission denied")


def test_a_check_runs_as_a_user_too(room: Room) -> None:
    kind = ResourceType(name="x", check=Command(runner="shell", params={"cmd": 'echo "[{\\"uid\\": \\"$(id -u)\\"}]"'}))
    result = room.check(Resource(type="x", name="r"), kind)
    assert result.versions[0]["uid"] in NUMBERS


def test_builds_at_once_have_different_users_and_the_next_has_that_of_its_job(room: Room, root: Path) -> None:
    script = f"id -u; while [ ! -e {root}/go ]; do sleep 0.02; done"
    both = [room.submit(task(script)), room.submit(task(script))]
    wait_until(lambda: all(record.log() for record in both))
    (root / "go").touch()
    wait_until(lambda: all(record.ended for record in both))
    users = [record.log() for record in both]
    assert users[0] != users[1]
    assert {room.run_job(task("id -u")).log() for _ in range(3)} <= {users[0]} | {users[1]}
    assert len({room.run_job(task("id -u")).log() for _ in range(3)}) == 1


def test_what_runs_as_the_user_ends_with_the_build(room: Room, root: Path) -> None:
    record = room.submit(task(f"id -u; while [ ! -e {root}/go ]; do sleep 0.02; done"))
    wait_until(record.log)
    pid = spawn_apart(record.log().decode().strip())
    (root / "go").touch()
    wait_until(lambda: record.ended)
    assert not Path(f"/proc/{pid}/cwd").exists()


def test_an_earlier_life_is_ended_at_the_start(root: Path) -> None:
    pid = spawn_apart(str(USERS[1].uid))
    with worker_room(root, build_users=USERS, user_locks=root / "locks") as room:
        wait_until(lambda: room.worker.health().registered)
        assert not Path(f"/proc/{pid}/cwd").exists()


def test_nothing_of_the_worker_or_of_another_build_can_be_read(room: Room, root: Path) -> None:
    other = room.submit(task(f"echo secret > s; echo up; while [ ! -e {root}/go ]; do sleep 0.02; done"))
    wait_until(other.log)
    script = f"cd {root}/work; for f in .lock spool builds builds/1-1/work builds/1-1/work/s builds/1-1/files/1.sh; do"
    record = room.run_job(task(f"({script} cat $f || ls $f/ || touch $f/x; done) 2>/dev/null || echo refused"))
    (root / "go").touch()
    wait_until(lambda: other.ended)
    assert record.log() == b"refused\n"


@pytest.mark.parametrize("script", ["ln -sf /etc/shadow $PIKOCI_OUTPUT", "mkfifo $PIKOCI_OUTPUT"])
def test_the_worker_reads_no_exports_through_what_a_task_puts_there(room: Room, script: str) -> None:
    record = room.run_job(task(f"rm -f $PIKOCI_OUTPUT; {script}"))
    assert record.end.status == "failed"
    assert "$PIKOCI_OUTPUT" in record.end.reason


def test_an_output_is_never_looked_for_outside(room: Room, root: Path) -> None:
    (root / "outside" / "new").mkdir(mode=0o777, parents=True)
    record = room.run_job(task(f"ln -s {root}/outside out", outputs=["out/new"]))
    assert record.end.status == "failed"
    assert "out/new" in record.end.reason


def test_a_full_house_of_jobs_waits_for_a_user(root: Path) -> None:
    with worker_room(root, concurrency=3, build_users=USERS[:1], user_locks=root / "locks") as room:
        first = room.submit(task(f"echo up; while [ ! -e {root}/go ]; do sleep 0.02; done"))
        wait_until(first.log)
        second = room.submit(task("true"))
        assert not second.ended
        assert room.worker.health().builds == 1
        (root / "go").touch()
        wait_until(lambda: first.ended and second.ended)
        kind = ResourceType(name="x", check=Command(runner="shell", params={"cmd": "echo '[]'"}))
        assert room.check(Resource(type="x", name="r"), kind).error == ""


def test_a_work_directory_that_they_cannot_reach_is_one_clear_error(root: Path) -> None:
    root.chmod(0o700)
    room = Room(root, build_users=USERS, user_locks=root / "locks")
    with pytest.raises(BuildUsersError, match=r"nothing can run as build-.*permission denied") as found:
        room.greenlet.get(timeout=30)
    assert "/var/lib/pikoci" in found.value.hint
    root.chmod(0o711)
