"""A deadline holds whatever the worker does."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import gevent
import gevent.event
import pytest

from pikoci.internal.worker.process import Deadline, ExitResult, Reason
from tests.integration.internal.worker.process.conftest import Shell, is_alive, read_pid, wait_until


def soon(seconds: float) -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME) + seconds


def test_what_runs_past_its_deadline_is_killed_with_all_it_started(shell: Shell, tmp_path: Path) -> None:
    result, output = shell("sleep 600 & echo $! > child; echo on; sleep 600", deadline=Deadline(soon(0.5)))
    assert (result.reason, output) == (Reason.LAPSED, b"on\n")
    assert result.signal == signal.SIGKILL
    assert not is_alive(read_pid(tmp_path / "child"))


def test_what_ends_in_time_knows_nothing_of_it(shell: Shell) -> None:
    assert shell("exit 3", deadline=Deadline(soon(60)))[0].describe() == "exit status 3"


def test_nothing_starts_after_the_deadline(shell: Shell, tmp_path: Path) -> None:
    result, _ = shell("touch started", deadline=Deadline(soon(-0.001)))
    assert (result.reason, result.exit_code) == (Reason.LAPSED, None)
    assert not (tmp_path / "started").exists()
    assert shell("echo again")[1] == b"again\n"


def test_a_deadline_moves_while_the_command_runs(shell: Shell, tmp_path: Path) -> None:
    deadline = Deadline(soon(1.0))
    running = gevent.spawn(shell, "sleep 600 & echo $! > child; wait", deadline=deadline)
    child = read_pid(tmp_path / "child")
    for _ in range(8):
        deadline.move(soon(1.0))
        assert not running.ready()
        gevent.sleep(0.25)
    assert is_alive(child)
    deadline.move(soon(0.0))
    result, _ = running.get(timeout=30)
    assert result.reason is Reason.LAPSED


def test_a_cancel_under_way_is_cut_short(shell: Shell, tmp_path: Path) -> None:
    cancel = gevent.event.Event()
    script = "trap '' TERM; echo $$ > child; while :; do sleep 0.05; done"
    running = gevent.spawn(shell, script, deadline=Deadline(soon(1.0)), cancel=cancel, grace=60.0)
    read_pid(tmp_path / "child")
    cancel.set()
    result, _ = running.get(timeout=30)
    assert (result.reason, result.signal) == (Reason.CANCELLED, signal.SIGKILL)


def test_it_holds_while_the_worker_is_stopped(tmp_path: Path, mark: str) -> None:
    script = f"""
        import pikoci.cooperative, time
        from pikoci.internal.worker.process import Invocation, Deadline, Spawner
        command = Invocation(["sh", "-c", "echo $$ > child; sleep 600"], {str(tmp_path)!r}, {{"PATH": "/usr/bin:/bin"}})
        deadline = Deadline(time.clock_gettime(time.CLOCK_BOOTTIME) + 2.0)
        spawner = Spawner({mark!r})
        print(spawner.run(command, print, deadline=deadline).reason, flush=True)
        spawner.close()
    """
    worker = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        child = read_pid(tmp_path / "child")
        os.killpg(worker.pid, signal.SIGSTOP)  # its whole group, which the supervisors are no part of
        wait_until(lambda: not is_alive(child), "the command to be killed")
        os.killpg(worker.pid, signal.SIGCONT)
        assert worker.communicate(timeout=20)[0] == "lapsed\n"
    finally:
        worker.kill()
        worker.wait()


@pytest.mark.parametrize("script", ["sleep 600 & exit 0", "setsid sleep 600 & exit 0"])
def test_what_a_command_left_behind_does_not_outlive_it(
    script: str, run: Callable[..., tuple[ExitResult, bytes]]
) -> None:
    result, _ = run(["sh", "-c", script], deadline=Deadline(soon(0.1)))
    assert (result.reason, result.exit_code) == (Reason.EXITED, 0)
