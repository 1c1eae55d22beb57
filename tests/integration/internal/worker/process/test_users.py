"""Commands that run as another user than the worker's."""

import os
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from pikoci.internal.worker.process import Invocation, Reason, Spawner, User
from tests.integration.internal.worker.process.conftest import (
    children,
    is_alive,
    may_change_users,
    read_pid,
    wait_until,
)

Run = Callable[..., Any]

pytestmark = pytest.mark.skipif(not may_change_users(), reason="this needs the right to become another user")
CAP_SYS_ADMIN = 1 << 21


@pytest.fixture(params=["other"])
def user() -> User:
    number = 200_000 + os.getpid() % 100_000
    return User(number, number)


@pytest.fixture
def bystander(user: User) -> Generator["subprocess.Popen[bytes]"]:
    """A process of a user whose id is near."""
    with subprocess.Popen(["sleep", "1000"], user=user.uid + 1) as process:
        yield process
        process.kill()


def start_apart(user: User, script: str) -> int:
    """Start something as the user that no supervisor is above, and give its pid."""
    whom = ["setpriv", "--reuid", str(user.uid), "--regid", str(user.gid), "--clear-groups", "--inh-caps=-all"]
    shell = ["sh", "-c", f"({script}) >&2 & echo $!"]
    return int(subprocess.run([*whom, *shell], stdout=subprocess.PIPE, text=True, check=True).stdout)


def test_a_command_is_the_user_and_nobody_else(shell: Run, user: User) -> None:
    _, output = shell("id -u; id -g; id -G; umask; grep -E 'Cap|NoNewPrivs' /proc/self/status | cut -f2 | sort -u")
    number, rights = str(user.uid), ["0000000000000000", "1"]
    bounded = output.decode().split()
    assert bounded[:4] == [number, number, number, "0022"]
    assert [line for line in bounded[4:] if line in rights] == rights
    assert len(bounded[4:]) == 2 or os.geteuid() != 0  # only root may take away what programs could give


def test_signals_and_descriptors_are_as_for_any_command(shell: Run) -> None:
    _, output = shell("grep -E 'SigBlk|SigIgn' /proc/self/status; ls /proc/self/fd; cat", stdin=b"in")
    _, blocked, _, ignored, *rest = output.split()
    # The C library ignores the two that are its own in what it spawns, as make spawns this; no program may change them.
    assert int(ignored, 16) & ~(0b11 << 31) == 0
    assert (int(blocked, 16), rest) == (0, [b"0", b"1", b"2", b"3", b"in"])


def test_its_outputs_can_be_opened_by_name(shell: Run) -> None:
    errors: list[bytes] = []
    result, output = shell("echo out > /dev/stdout; echo err > /dev/stderr; cat /dev/stdin", on_stderr=errors.append)
    assert (result.succeeded, output, errors) == (True, b"out\n", [b"err\n"])


def test_what_cannot_be_started_says_why(run: Run, tmp_path: Path) -> None:
    assert run(["nothing-like-this"])[0].message.startswith("command 'nothing-like-this' was not found in PATH")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    assert run(["true"], cwd=closed)[0].message == f"working directory {closed}: permission denied"
    result, _ = run(["/etc/passwd"])
    assert (result.reason, result.message) == (Reason.UNFIT, "/etc/passwd: permission denied (is it executable?)")


def test_nothing_of_the_machinery_can_be_read(shell: Run, spawner: Spawner) -> None:
    script = (
        "for p in $PPID %d %d; do for f in environ maps mem cwd fd/0; do cat /proc/$p/$f; ls /proc/$p/fd; done; done"
    )
    assert spawner._zygote is not None
    _, output = shell(
        f"({script}) 2>&1 | grep -v -E 'Permission denied|Is a directory'" % (os.getpid(), spawner._zygote.pid)
    )
    assert output == b""


def test_nobody_outlives_the_command(shell: Run, tmp_path: Path) -> None:
    script = (
        "sleep 1000 & (setsid env -i sh -c 'echo $$ > daemon; exec sleep 1000' &); while [ ! -s daemon ]; do :; done"
    )
    result, _ = shell(script)
    assert result.leftovers_killed == 2
    assert not is_alive(read_pid(tmp_path / "daemon"))


def test_a_command_that_stops_itself_is_ended_all_the_same(shell: Run) -> None:
    result, _ = shell("kill -STOP $$", timeout=0.3, grace=0.1)
    assert result.reason is Reason.TIMEOUT


def test_the_end_of_a_user_is_the_end_of_all_its_processes_and_of_no_others(
    spawner: Spawner, user: User, bystander: Any
) -> None:
    apart = [start_apart(user, script) for script in ("exec sleep 1000", "exec setsid sleep 1000", "trap '' TERM; cat")]
    hidden = "import ctypes, time; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0); time.sleep(1000)"
    apart.append(start_apart(user, f'exec {sys.executable} -c "{hidden}"'))
    assert spawner.end_user(user).succeeded
    assert not any(map(is_alive, apart))
    assert bystander.poll() is None


def test_who_forks_all_the_time_ends_too(spawner: Spawner, user: User) -> None:
    pid = start_apart(user, "while :; do sleep 0.01 & done")
    wait_until(lambda: children(pid), "the first children")
    assert spawner.end_user(user).succeeded
    assert not is_alive(pid)
    assert spawner.end_user(user).succeeded


def test_root_is_never_ended(spawner: Spawner) -> None:
    result = spawner.end_user(User(0, 0))
    assert (result.reason, result.message) == (Reason.NOT_STARTED, "this process could not give up its rights")


class TestOwnPlaces:
    """What a command has when it gets namespaces of its own."""

    @pytest.fixture
    def folder(self, user: User) -> Generator[Path]:
        path = Path("/run") / f"pikoci-test-{os.getpid()}"
        path.mkdir(mode=0o700)
        os.chown(path, user.uid, user.gid)
        yield path
        subprocess.run(["rm", "-rf", path], check=True)

    @pytest.fixture
    def own(self, spawner: Spawner, user: User, folder: Path) -> Run:
        whom = User(user.uid, user.gid, str(folder))

        def own(script: str) -> Any:
            chunks: list[bytes] = []
            command = Invocation(["sh", "-c", script], folder, {"PATH": "/usr/bin:/bin"}, user=whom)
            return spawner.run(command, chunks.append), b"".join(chunks)

        return own

    def test_its_tmp_is_its_own_directory(self, own: Run, folder: Path) -> None:
        assert own("echo a > /tmp/a; echo b > /var/tmp/b; echo s > /dev/shm/s; ls")[1] == b"a\nb\n"
        assert sorted(path.name for path in folder.iterdir()) == ["a", "b"]
        assert not Path("/dev/shm/s").exists()

    def test_its_shared_memory_and_queues_are_its_own(self, own: Run) -> None:
        assert own("ipcmk -M 100 >/dev/null; ipcs -m | grep -c 0x")[1] == b"1\n"
        assert own("ipcs -m | grep -c 0x")[1] == b"0\n"

    def test_its_mounts_reach_nobody(self, own: Run) -> None:
        def count() -> int:
            return len(Path("/proc/self/mountinfo").read_text().splitlines())

        before = count()
        assert own("readlink /proc/self/ns/mnt")[1].decode().strip() != str(Path("/proc/self/ns/mnt").readlink())
        assert count() == before
