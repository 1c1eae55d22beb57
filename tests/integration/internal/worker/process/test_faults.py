"""Processes of the machinery itself are killed, at once or one by one."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import gevent
import pytest

from pikoci.internal.worker import process
from pikoci.internal.worker.process import Reason, Spawner, User, execution, sweep_leftovers
from pikoci.internal.worker.process.zygote_process import _BOOT
from tests.integration.internal.worker.process.conftest import children, is_alive, read_pid, wait_until

Run = Callable[..., Any]

# Its main process, a child, and a daemon that left its session, its parents and its environment.
FAMILY = (
    "trap '' TERM HUP; (setsid env -i /bin/sh -c 'echo $$ > daemon; exec sleep 1000' &);"
    " sleep 1000 & echo $! > child; echo $$ > main; echo up; while :; do sleep 0.05; done"
)

WORKER = """
from pikoci.cooperative import make_cooperative
make_cooperative()
import sys
from pikoci.internal.worker.process import Invocation, Spawner, User
mark, folder, script, *user = sys.argv[1:]
spawner = Spawner(mark)
user = User(int(user[0]), int(user[0])) if user else None
spawner.run(Invocation(["sh", "-c", script], folder, {"PATH": "/usr/bin:/bin"}, user=user), lambda chunk: None)
"""


def family(folder: Path) -> list[int]:
    return [read_pid(folder / name) for name in ("daemon", "child", "main")]


def expect_gone(pids: list[int], seconds: float = 2.0) -> None:
    wait_until(lambda: not any(map(is_alive, pids)), f"the end of {pids}", seconds)


@pytest.fixture
def worker(mark: str, tmp_path: Path, user: User | None) -> Generator["subprocess.Popen[bytes]"]:
    whom = [str(user.uid)] if user else []
    with subprocess.Popen([sys.executable, "-c", WORKER, mark, str(tmp_path), FAMILY, *whom]) as process:
        yield process
        process.kill()
    wait_until(lambda: sweep_leftovers(mark) == 0, "nothing left to sweep")


def test_when_the_worker_is_killed_everything_dies(worker: Any, tmp_path: Path) -> None:
    pids = family(tmp_path)
    (zygote,) = children(worker.pid)
    (supervisor,) = children(zygote)
    worker.kill()
    worker.wait()
    expect_gone([*pids, zygote, supervisor])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP])
def test_signals_meant_for_the_worker_end_nothing(shell: Run, spawner: Spawner, tmp_path: Path, number: int) -> None:
    assert spawner._zygote is not None
    zygote = spawner._zygote.pid
    assert os.getsid(zygote) != os.getsid(0)
    greenlet = gevent.spawn(shell, "echo $$ > pid; while [ ! -e go ]; do sleep 0.01; done")
    read_pid(tmp_path / "pid")
    for pid in [zygote, *children(zygote)]:
        os.kill(pid, number)
    (tmp_path / "go").touch()
    assert greenlet.get()[0].succeeded
    assert spawner._zygote.pid == zygote
    assert is_alive(zygote)


def test_when_the_zygote_is_killed_commands_end_with_the_reason(shell: Run, spawner: Spawner, tmp_path: Path) -> None:
    assert spawner._zygote is not None
    zygote = spawner._zygote.pid
    greenlet = gevent.spawn(shell, FAMILY)
    pids = family(tmp_path)
    supervisors = children(zygote)
    os.kill(zygote, signal.SIGKILL)
    result, output = greenlet.get(timeout=30)
    assert (result.reason, output) == (Reason.LOST, b"up\n")
    assert result.message == "the process that starts commands was killed, and so was the command"
    expect_gone([*pids, *supervisors], 1.0)
    assert shell("echo again")[1] == b"again\n"
    assert spawner._zygote.pid != zygote


def test_a_dead_zygote_is_replaced_also_when_nothing_ran(shell: Run, spawner: Spawner) -> None:
    for _ in range(3):
        assert spawner._zygote is not None
        zygote = spawner._zygote.pid
        os.kill(zygote, signal.SIGKILL)
        expect_gone([zygote])
        assert shell("echo again")[1] == b"again\n"


def test_when_a_supervisor_is_killed_its_command_dies(shell: Run, spawner: Spawner, tmp_path: Path) -> None:
    assert spawner._zygote is not None
    greenlet = gevent.spawn(shell, FAMILY)
    pids = family(tmp_path)
    (supervisor,) = children(spawner._zygote.pid)
    os.kill(supervisor, signal.SIGKILL)
    result, output = greenlet.get(timeout=30)
    assert (result.reason, output) == (Reason.LOST, b"up\n")
    assert "supervised the command was killed" in result.message
    expect_gone(pids, 1.0)
    assert shell("echo again")[1] == b"again\n"


def test_a_stranger_that_writes_on_does_not_hold_a_lost_command(
    shell: Run, spawner: Spawner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "LOST_OUTPUT_SECONDS", 0.3)
    assert spawner._zygote is not None
    greenlet = gevent.spawn(shell, "echo $$ > pid; exec sleep 1000", on_output=lambda chunk: None)
    pid = read_pid(tmp_path / "pid")
    with Path(f"/proc/{pid}/fd/1").open("wb", buffering=0) as held, subprocess.Popen(["yes"], stdout=held) as stranger:
        for supervisor in children(spawner._zygote.pid):
            os.kill(supervisor, signal.SIGKILL)
        assert greenlet.get(timeout=30)[0].reason is Reason.LOST
        stranger.kill()


def test_the_death_of_one_supervisor_does_not_touch_the_others(shell: Run, spawner: Spawner, tmp_path: Path) -> None:
    assert spawner._zygote is not None
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(0o777)
    script = "echo $$ > pid; sleep 1000 & echo $PPID > supervisor; while [ ! -e go ]; do sleep 0.01; done"
    lost, other = (gevent.spawn(shell, script, cwd=tmp_path / name) for name in ("a", "b"))
    for name in ("a", "b"):
        read_pid(tmp_path / name / "supervisor")
    os.kill(read_pid(tmp_path / "a" / "supervisor"), signal.SIGKILL)
    assert lost.get(timeout=30)[0].reason is Reason.LOST
    (tmp_path / "b" / "go").touch()
    assert other.get(timeout=30)[0].succeeded


def test_a_killed_idle_supervisor_is_not_used(shell: Run, spawner: Spawner) -> None:
    assert spawner._zygote is not None
    for pid in children(spawner._zygote.pid):
        os.kill(pid, signal.SIGKILL)
        expect_gone([pid])
    assert shell("echo fine")[1] == b"fine\n"


def test_a_supervisor_that_does_not_answer_is_killed(
    shell: Run, spawner: Spawner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "KILL_LIMIT_SECONDS", 0.2)
    monkeypatch.setattr(execution, "ANSWER_MARGIN_SECONDS", 0.2)
    assert spawner._zygote is not None
    greenlet = gevent.spawn(shell, FAMILY, timeout=0.5, grace=0.1)
    pids = family(tmp_path)
    for supervisor in children(spawner._zygote.pid):
        os.kill(supervisor, signal.SIGSTOP)
    result, _ = greenlet.get(timeout=30)
    assert (result.reason, result.exit_code) == (Reason.TIMEOUT, None)
    expect_gone(pids, 1.0)


def test_leftovers_of_a_machinery_killed_all_at_once_are_swept(worker: Any, mark: str, tmp_path: Path) -> None:
    daemon, child, main = family(tmp_path)
    (zygote,) = children(worker.pid)
    (supervisor,) = children(zygote)
    machinery = [worker.pid, zygote, supervisor]
    for pid in machinery:
        os.kill(pid, signal.SIGSTOP)  # so that none sees the end of another
    for pid in machinery:
        os.kill(pid, signal.SIGKILL)
    worker.wait()
    try:
        expect_gone([zygote, supervisor])
        assert is_alive(main)
        assert is_alive(child)
        assert sweep_leftovers(mark + "x") == 0
        assert sweep_leftovers(mark) >= 2
        expect_gone([child, main], 0.5)
    finally:
        os.kill(daemon, signal.SIGKILL)  # no parent and no mark: the one that only living machinery finds


def test_when_zygote_and_supervisors_are_killed_the_worker_sweeps(shell: Run, spawner: Spawner, tmp_path: Path) -> None:
    assert spawner._zygote is not None
    script = "setsid sleep 1000 & echo $! > child; echo $$ > main; exec sleep 1000"
    greenlet = gevent.spawn(shell, script)
    pids = [read_pid(tmp_path / name) for name in ("child", "main")]
    machinery = [spawner._zygote.pid, *children(spawner._zygote.pid)]
    for pid in machinery:
        os.kill(pid, signal.SIGSTOP)
    for pid in machinery:
        os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    expect_gone(pids)
    assert time.monotonic() - began < 8
    assert greenlet.get(timeout=30)[0].reason is Reason.LOST
    assert shell("echo again")[1] == b"again\n"


def test_the_worker_does_not_sweep_itself(mark: str) -> None:
    script = (
        "import os, sys; from pikoci.internal.worker.process import sweep_leftovers;"
        " print(sweep_leftovers(os.environ['PIKOCI_WORKER_MARK']))"
    )
    environment = {**os.environ, "PIKOCI_WORKER_MARK": mark}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True, timeout=30)
    assert done.stdout == b"0\n"


def test_a_zygote_whose_worker_is_gone_at_once_ends_without_a_word() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        theirs.set_inheritable(True)
        ours.close()
        command = [sys.executable, "-I", "-S", "-c", _BOOT, str(Path(process.__file__).parent), str(theirs.fileno())]
        done = subprocess.run(
            command, pass_fds=[theirs.fileno()], capture_output=True, text=True, timeout=60, check=False
        )
    assert (done.returncode, done.stderr) == (0, "")
