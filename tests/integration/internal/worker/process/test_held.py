"""A command that ends, and what it leaves behind: held until somebody stops it, and then gone for certain."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import gevent
import gevent.event
import pytest

from pikoci.internal.worker.process import Deadline, ExitResult, Reason, Spawner, User, sweep_leftovers
from tests.integration.internal.worker.process.conftest import Shell, children, is_alive, read_pid, wait_until

# A daemon that left its session, its parents and its environment, with a child; and one that stays in its group.
DAEMONS = (
    "(setsid env -i /bin/sh -c 'echo $$ > daemon; sleep 1000 & echo $! > child; wait' &);"
    " sleep 1000 & echo $! > other; while ! [ -s daemon ] || ! [ -s child ]; do sleep 0.01; done;"
)
NAMES = ("daemon", "child", "other")

WORKER = """
from pikoci.cooperative import make_cooperative
make_cooperative()
import sys
from pathlib import Path
from pikoci.internal.worker.process import Invocation, Spawner, User
mark, folder, script, *user = sys.argv[1:]
spawner = Spawner(mark)
user = User(int(user[0]), int(user[0])) if user else None
command = Invocation(["sh", "-c", script], folder, {"PATH": "/usr/bin:/bin"}, user=user)
spawner.run(command, lambda chunk: None, on_left=lambda result: print(result.exit_code, flush=True))
"""


class Held:
    """A held command: `left` is how it ended, once it did; `end` stops what it left, and gives the result."""

    def __init__(self, shell: Shell, script: str, **options: Any) -> None:
        self.left: list[ExitResult] = []
        self.output: list[bytes] = []
        self._cancel = gevent.event.Event()
        self._run = gevent.spawn(
            shell, script, cancel=self._cancel, on_left=self._note, on_output=self.output.append, **options
        )

    def _note(self, result: ExitResult) -> None:
        assert not self.left
        self.left.append(result)

    def wait_left(self) -> ExitResult:
        wait_until(lambda: self.left, "the command's end")
        return self.left[0]

    def end(self) -> ExitResult:
        self._cancel.set()
        return self.result()

    def result(self) -> ExitResult:
        result: ExitResult = self._run.get(timeout=30)[0]
        return result


@pytest.fixture
def hold(shell: Shell) -> Callable[..., Held]:
    return lambda script, **options: Held(shell, script, **options)


Hold = Callable[..., Held]


def alive(folder: Path) -> list[bool]:
    return [is_alive(read_pid(folder / name)) for name in NAMES]


def expect_gone(folder: Path, seconds: float = 2.0) -> None:
    pids = [read_pid(folder / name) for name in NAMES]
    wait_until(lambda: not any(map(is_alive, pids)), f"the end of {pids}", seconds)


def test_what_is_left_lives_until_it_is_stopped(hold: Hold, shell: Shell, tmp_path: Path) -> None:
    held = hold(DAEMONS + "echo up; exit 3")
    left = held.wait_left()
    assert (left.reason, left.exit_code, held.output) == (Reason.EXITED, 3, [b"up\n"])
    assert shell("echo beside")[1] == b"beside\n"
    assert alive(tmp_path) == [True] * 3
    result = held.end()
    assert (result.reason, result.exit_code) == (Reason.CANCELLED, 3)
    assert alive(tmp_path) == [False] * 3


def start_script(folder: Path, script: str) -> str:
    """A command that starts this script as a daemon, which writes its pid into `daemon`."""
    (folder / "daemon.sh").write_text(f"{script}\necho $$ > daemon; while :; do sleep 0.02; done")
    return "(setsid sh daemon.sh &); while ! [ -s daemon ]; do sleep 0.01; done"


def test_it_is_asked_before_it_is_killed(hold: Hold, tmp_path: Path) -> None:
    held = hold(start_script(tmp_path, "trap 'echo bye; exit' TERM"))
    held.wait_left()
    assert held.end().reason is Reason.CANCELLED
    assert b"".join(held.output).endswith(b"bye\n")


def test_what_does_not_listen_is_killed_after_the_grace(hold: Hold, tmp_path: Path) -> None:
    held = hold(start_script(tmp_path, "trap '' TERM"), grace=0.2)
    held.wait_left()
    began = time.monotonic()
    held.end()
    assert 0.2 <= time.monotonic() - began < 8
    assert not is_alive(read_pid(tmp_path / "daemon"))


def test_its_output_goes_on(hold: Hold, tmp_path: Path) -> None:
    held = hold("(while ! [ -e go ]; do sleep 0.01; done; echo later; exec sleep 1000) & echo first")
    held.wait_left()
    (tmp_path / "go").touch()
    wait_until(lambda: held.output == [b"first\n", b"later\n"], "the daemon's line")
    held.end()


def test_a_command_that_leaves_nothing_is_like_any_other(hold: Hold) -> None:
    held = hold("(sleep 0.01 &) ; exit 4")
    assert held.result().describe() == "exit status 4"
    assert held.left == []


def test_a_command_that_cannot_be_started_says_why(spawner: Spawner, run: Any) -> None:
    result, _ = run(["nothing-like-this"], on_left=lambda _: None)
    assert (result.reason, "not found" in result.message) == (Reason.UNFIT, True)


def test_when_all_that_was_left_has_ended_the_call_returns(hold: Hold) -> None:
    held = hold("sleep 0.6 & exit 0")
    assert held.wait_left().succeeded
    assert held.result().succeeded


def test_a_command_that_is_stopped_leaves_nothing(hold: Hold, tmp_path: Path) -> None:
    held = hold(DAEMONS + "echo $$ > main; exec sleep 1000", grace=0.2)
    read_pid(tmp_path / "main")
    assert held.end().reason is Reason.CANCELLED
    assert held.left == []
    assert alive(tmp_path) == [False] * 3


def test_its_deadline_holds_for_what_is_left(hold: Hold, tmp_path: Path) -> None:
    deadline = Deadline(time.clock_gettime(time.CLOCK_BOOTTIME) + 60)
    held = hold(DAEMONS, deadline=deadline)
    held.wait_left()
    deadline.move(time.clock_gettime(time.CLOCK_BOOTTIME))
    assert held.result().reason is Reason.LAPSED
    assert alive(tmp_path) == [False] * 3


def test_closing_the_spawner_ends_it(hold: Hold, spawner: Spawner, tmp_path: Path) -> None:
    held = hold(DAEMONS)
    held.wait_left()
    spawner.close()
    assert held.result().reason is Reason.CANCELLED
    assert alive(tmp_path) == [False] * 3


def test_when_its_supervisor_is_killed_it_dies(hold: Hold, spawner: Spawner, tmp_path: Path) -> None:
    assert spawner._zygote is not None
    held = hold(DAEMONS)
    held.wait_left()
    for supervisor in children(spawner._zygote.pid):
        os.kill(supervisor, signal.SIGKILL)
    assert held.result().reason is Reason.LOST
    expect_gone(tmp_path)


def test_when_the_zygote_is_killed_it_dies(hold: Hold, spawner: Spawner, tmp_path: Path) -> None:
    assert spawner._zygote is not None
    held = hold(DAEMONS)
    held.wait_left()
    os.kill(spawner._zygote.pid, signal.SIGKILL)
    assert held.result().reason is Reason.LOST
    expect_gone(tmp_path)


@pytest.fixture
def worker(mark: str, tmp_path: Path, user: User | None) -> Generator["subprocess.Popen[bytes]"]:
    whom = [str(user.uid)] if user else []
    argv = [sys.executable, "-c", WORKER, mark, str(tmp_path), DAEMONS, *whom]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as process:
        yield process
        process.kill()
    wait_until(lambda: sweep_leftovers(mark) == 0, "nothing left to sweep")


def test_when_the_worker_is_killed_it_dies(worker: Any, tmp_path: Path) -> None:
    assert worker.stdout.readline() == b"0\n"
    assert alive(tmp_path) == [True] * 3
    worker.kill()
    worker.wait()
    expect_gone(tmp_path)


def test_its_supervisor_serves_the_next_command(hold: Hold, shell: Shell, spawner: Spawner) -> None:
    assert spawner._zygote is not None
    held = hold("sleep 1000 &")
    held.wait_left()
    before = children(spawner._zygote.pid)
    held.end()
    assert shell("echo next")[1] == b"next\n"
    assert children(spawner._zygote.pid) == before
